"""Anthropic's errors in our words.

The vendor's type says more than the status: an error in the middle of a stream comes with 200. Its
messages are left where they are, as they may quote what was sent; the id of the request is what
its support asks for.
"""

import re

import anthropic
import httpx2

from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner.failing import before_an_answer, no_connection
from vigil.integrations.reasoner.model import ModelFailed

SPENT = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})
"""Codes that say under whatever type that no money is left: another try is of no use."""
_REQUEST_ID = re.compile(r"req_[A-Za-z0-9]{1,64}")

_NOT_TAKEN = "invalid_request_error"

_BY_TYPE = {
    "overloaded_error": (Unheard.OVERLOADED, "its vendor has too much to do"),
    "rate_limit_error": (Unheard.RATE_LIMITED, "its vendor wants fewer questions from this key"),
    "billing_error": (Unheard.SPEND_LIMIT, "its vendor says that the account may spend no more"),
    "authentication_error": (Unheard.NOT_ADMITTED, "its vendor does not accept the key"),
    "permission_error": (Unheard.NOT_ADMITTED, "its vendor does not let this key use it"),
    "not_found_error": (Unheard.REJECTED, "its vendor knows no such model"),
    "request_too_large": (Unheard.CONTEXT_FULL, "what it was told is more than its vendor takes"),
    _NOT_TAKEN: (
        Unheard.REJECTED,
        "its vendor does not take the question, or a spend limit that you set there is reached",
    ),
    "timeout_error": (Unheard.TIMED_OUT, "its vendor gave up before it had answered"),
    "api_error": (Unheard.BROKEN, "something at its vendor failed"),
}
_BY_STATUS = {
    400: _NOT_TAKEN,
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def translated(error: Exception) -> ModelFailed:
    """What became of a call, by what the library raised of its own."""
    if isinstance(error, anthropic.APIStatusError):
        return _by_status(error)
    if isinstance(error, anthropic.APIConnectionError):
        return no_connection()
    return ModelFailed(Unheard.REJECTED, "the vendor's library did not take the question")


def _by_status(error: anthropic.APIStatusError) -> ModelFailed:
    unheard, text = _BY_TYPE[_type(error)]
    if error.error_code in SPENT:
        unheard, text = _BY_TYPE["billing_error"]
    where = _REQUEST_ID.fullmatch(error.request_id or "")
    text = f"{text} (request {where[0]})" if where else text
    if error.status_code == httpx2.codes.OK:
        # In the middle of an answer: what was written of it may be billed, and begins anew.
        return ModelFailed(unheard, text)
    return before_an_answer(unheard, text, error.response.headers)


def _type(error: anthropic.APIStatusError) -> str:
    """Where the vendor's type says less than the status, or there is none, the status counts."""
    if error.status_code == httpx2.codes.CONTENT_TOO_LARGE:
        return "request_too_large"
    # The library says that it is a word, and looks at nothing.
    if isinstance(error.type, str) and error.type in _BY_TYPE:
        return error.type
    other = "api_error" if httpx2.codes.is_server_error(error.status_code) else _NOT_TAKEN
    return _BY_STATUS.get(error.status_code, other)
