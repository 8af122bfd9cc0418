"""A call that failed, in our words, as far as that is the same whoever the vendor is.

What a vendor's own errors mean stands in a file of its own. Nothing that an endpoint wrote gets
into the words, as it may quote what was sent.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx2

from vigil.domain.thinking import Unheard
from vigil.integrations._clients.bounded import TooMuch
from vigil.integrations.reasoner.model import ModelFailed, Usage

SOON_S = 1.0
"""After this another try is made, where a server does not say after how long."""
NOTHING_USED = Usage()
_WORTH_ANOTHER_TRY = frozenset(
    {Unheard.OVERLOADED, Unheard.RATE_LIMITED, Unheard.BROKEN, Unheard.TIMED_OUT}
)
_NOT_OF_ITS_API = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a vendor's library stumbles with over what is not of its API, as it checks no answer."""
_NOTHING_SENT = (httpx2.ConnectTimeout, httpx2.PoolTimeout)

Translated = Callable[[Exception], ModelFailed]


@contextmanager
def in_our_words(of_the_library: type[Exception], translated: Translated) -> Iterator[None]:
    """Whatever a vendor's library raises, or stumbles over, is ``ModelFailed``."""
    try:
        yield
    except (of_the_library, httpx2.HTTPError) as error:
        raise (_of_the_connection(error) or translated(error)) from error
    except TimeoutError as error:
        raise ModelFailed(Unheard.TIMED_OUT, "its endpoint fell silent") from error
    except OSError as error:
        # The transport translates its errors, and not all of TLS.
        raise broke() from error
    except _NOT_OF_ITS_API as error:
        text = "what its endpoint sent is not what an endpoint of its kind sends"
        raise ModelFailed(Unheard.MALFORMED, text) from error


def _of_the_connection(error: Exception) -> ModelFailed | None:
    """What the transport says; None where it is the vendor who said something."""
    said = error if isinstance(error, httpx2.HTTPError) else error.__cause__
    if isinstance(said, TooMuch):
        text = "its endpoint sent more than an answer can be, or packed it"
        return ModelFailed(Unheard.MALFORMED, text)
    if isinstance(said, _NOTHING_SENT):
        return no_connection()
    if isinstance(said, httpx2.TimeoutException):
        return ModelFailed(Unheard.TIMED_OUT, "its endpoint fell silent")
    return broke() if isinstance(error, httpx2.HTTPError) else None


def no_connection() -> ModelFailed:
    """Nothing was sent, or nothing came back."""
    text = "there is no connection to its endpoint"
    return ModelFailed(Unheard.UNREACHABLE, text, usage=NOTHING_USED, again_after_s=SOON_S)


def broke() -> ModelFailed:
    """In the middle of an answer: what was written of it may be billed, and is not begun anew."""
    return ModelFailed(Unheard.UNREACHABLE, "the connection to its endpoint broke")


def before_an_answer(unheard: Unheard, text: str, headers: Mapping[str, str]) -> ModelFailed:
    """An error instead of an answer: it costs nothing, and may be worth another try."""
    again_after_s = again_after(headers) if unheard in _WORTH_ANOTHER_TRY else None
    return ModelFailed(unheard, text, usage=NOTHING_USED, again_after_s=again_after_s)


def again_after(headers: Mapping[str, str]) -> float | None:
    """After how many seconds another try is worth it; None where there is no sense in it.

    A server that names a date wants to be left alone for longer than anybody waits here.
    """
    if headers.get("x-should-retry") == "false":
        return None
    try:
        said = float(headers.get("retry-after", SOON_S))
    except ValueError:
        return None
    return said if math.isfinite(said) and said >= 0 else None
