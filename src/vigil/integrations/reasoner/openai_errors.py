"""The errors of an endpoint that speaks as OpenAI does, in our words.

Servers of many makers speak so, each with types of its own, so the status counts first; the codes
are those that most of them share. Their messages are left where they are, as they may quote what
was sent.
"""

import openai

from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner.failing import before_an_answer, broke, no_connection
from vigil.integrations.reasoner.model import ModelFailed

_BY_CODE = {
    "context_length_exceeded": (Unheard.CONTEXT_FULL, "what it was told is more than it can read"),
    "insufficient_quota": (
        Unheard.SPEND_LIMIT,
        "its vendor says that the account may spend no more",
    ),
    "content_filter": (Unheard.REFUSED, "it refused; a person has to look"),
    "rate_limit_exceeded": (Unheard.RATE_LIMITED, "its endpoint wants fewer questions"),
    "server_error": (Unheard.BROKEN, "something at its endpoint failed"),
}
_BY_STATUS = {
    400: (Unheard.REJECTED, "its endpoint does not take the question"),
    401: (Unheard.NOT_ADMITTED, "its endpoint does not accept the key"),
    402: _BY_CODE["insufficient_quota"],
    403: (Unheard.NOT_ADMITTED, "its endpoint does not let this key use it"),
    404: (Unheard.REJECTED, "its endpoint knows no such model, or no such path"),
    408: (Unheard.TIMED_OUT, "its endpoint gave up before it had answered"),
    413: _BY_CODE["context_length_exceeded"],
    422: (Unheard.REJECTED, "its endpoint does not take the question"),
    429: _BY_CODE["rate_limit_exceeded"],
    503: (Unheard.OVERLOADED, "its endpoint has too much to do"),
    504: (Unheard.TIMED_OUT, "its endpoint gave up before it had answered"),
    529: (Unheard.OVERLOADED, "its endpoint has too much to do"),
}


def instead_of_an_answer(error: Exception) -> ModelFailed:
    """What became of a call, by what the library raised of its own before an answer began."""
    if isinstance(error, openai.APIStatusError):
        by_status = _BY_STATUS.get(error.status_code, _BY_CODE["server_error"])
        unheard, text = _BY_CODE.get(error.code or "", by_status)
        return before_an_answer(unheard, text, error.response.headers)
    if isinstance(error, openai.APIConnectionError):
        return no_connection()
    return ModelFailed(Unheard.REJECTED, "the library did not take the question")


def in_the_middle(error: Exception) -> ModelFailed:
    """The same, once an answer had begun: what was written of it may be billed.

    The library calls a connection that breaks then by the same name as one that was never there.
    """
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIConnectionError):
        return ModelFailed(*_BY_CODE.get(error.code or "", _BY_CODE["server_error"]))
    return broke()
