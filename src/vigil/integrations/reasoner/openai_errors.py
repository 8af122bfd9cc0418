"""The errors of an endpoint that speaks as OpenAI does, in our words.

Servers of many makers speak so, each with types of its own, so the status counts first; the codes
are those that most of them share. Their messages are left where they are, as they may quote what
was sent.
"""

import httpx2
import openai

from vigil.domain.thinking import Unheard
from vigil.integrations._clients.bounded import TooMuch
from vigil.integrations.reasoner.again import SOON_S, again_after
from vigil.integrations.reasoner.model import NOTHING_USED, ModelFailed

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
_WORTH_ANOTHER_TRY = (Unheard.OVERLOADED, Unheard.RATE_LIMITED, Unheard.BROKEN, Unheard.TIMED_OUT)


def translated(error: Exception) -> ModelFailed:
    """What became of a call, by what the library raised."""
    if isinstance(error, openai.APIStatusError):
        return _by_status(error)
    if isinstance(error, TooMuch) or isinstance(error.__cause__, TooMuch):
        text = "its endpoint sent more than an answer can be, or packed it"
        return ModelFailed(Unheard.MALFORMED, text)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return ModelFailed(Unheard.TIMED_OUT, "its endpoint fell silent")
    if isinstance(error, openai.APIConnectionError):
        text = "there is no connection to its endpoint"
        return ModelFailed(Unheard.UNREACHABLE, text, usage=NOTHING_USED, again_after_s=SOON_S)
    return _in_the_middle(error)


def _in_the_middle(error: Exception) -> ModelFailed:
    """What was written of an answer may be billed, and is not begun anew."""
    if isinstance(error, openai.APIError):
        return ModelFailed(*_BY_CODE.get(error.code or "", _BY_CODE["server_error"]))
    if isinstance(error, httpx2.HTTPError):
        return ModelFailed(Unheard.UNREACHABLE, "the connection to its endpoint broke")
    return ModelFailed(Unheard.REJECTED, "the library did not take the question")


def _by_status(error: openai.APIStatusError) -> ModelFailed:
    by_status = _BY_STATUS.get(error.status_code, _BY_CODE["server_error"])
    unheard, text = _BY_CODE.get(error.code or "", by_status)
    worth_it = unheard in _WORTH_ANOTHER_TRY
    again_after_s = again_after(error.response.headers) if worth_it else None
    return ModelFailed(unheard, text, usage=NOTHING_USED, again_after_s=again_after_s)
