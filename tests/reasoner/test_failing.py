"""What a failed call is in our words, where it is the same for all vendors."""

import anthropic
import httpx2
import openai
import pytest

from vigil.domain.thinking import Unheard
from vigil.integrations._clients.bounded import TooMuch
from vigil.integrations.reasoner import anthropic_errors, openai_errors
from vigil.integrations.reasoner.failing import Translated, again_after, in_our_words
from vigil.integrations.reasoner.model import ModelFailed, Usage

ASKED = httpx2.Request("POST", "http://127.0.0.1:1/v1/messages")
OF_THE_LIBRARIES = {
    "anthropic": (anthropic.AnthropicError, anthropic_errors.translated),
    "openai": (openai.OpenAIError, openai_errors.instead_of_an_answer),
}
TIMED_OUT = {"anthropic": anthropic.APITimeoutError, "openai": openai.APITimeoutError}


def became(error: Exception, of: type[Exception], translated: Translated) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught, in_our_words(of, translated):
        raise error
    return caught.value


@pytest.mark.parametrize("vendor", OF_THE_LIBRARIES)
@pytest.mark.parametrize(
    ("cause", "unheard", "usage"),
    [
        (httpx2.ConnectTimeout, Unheard.UNREACHABLE, Usage()),
        (httpx2.PoolTimeout, Unheard.UNREACHABLE, Usage()),
        (httpx2.ReadTimeout, Unheard.TIMED_OUT, None),
        (httpx2.WriteTimeout, Unheard.TIMED_OUT, None),
    ],
)
def test_where_nobody_was_reached_nothing_is_paid(
    vendor: str, cause: type[Exception], unheard: Unheard, usage: Usage | None
) -> None:
    """The libraries call both by one name; a network that swallows everything costs nothing."""
    error = TIMED_OUT[vendor](request=ASKED)
    error.__cause__ = cause("nothing came")
    failed = became(error, *OF_THE_LIBRARIES[vendor])
    assert (failed.unheard, failed.usage) == (unheard, usage)
    assert (failed.again_after_s is None) == (usage is None)


@pytest.mark.parametrize("vendor", OF_THE_LIBRARIES)
@pytest.mark.parametrize(
    ("error", "unheard"),
    [
        (TooMuch("x"), Unheard.MALFORMED),
        (httpx2.ReadError("x"), Unheard.UNREACHABLE),
        (httpx2.ReadTimeout("x"), Unheard.TIMED_OUT),
        (TimeoutError(), Unheard.TIMED_OUT),
        (OSError("a TLS record was cut"), Unheard.UNREACHABLE),
        (RecursionError(), Unheard.MALFORMED),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), Unheard.MALFORMED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.value,
)
def test_what_breaks_in_the_middle_may_have_cost_anything(
    vendor: str, error: Exception, unheard: Unheard
) -> None:
    failed = became(error, *OF_THE_LIBRARIES[vendor])
    assert (failed.unheard, failed.usage, failed.again_after_s) == (unheard, None, None)


def test_what_is_ours_goes_through() -> None:
    ours = ModelFailed(Unheard.NOT_REDACTED, "it could not leave")
    assert became(ours, *OF_THE_LIBRARIES["openai"]) is ours


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 1.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "1", "x-should-retry": "false"}, None),
        ({"x-should-retry": "true"}, 1.0),
    ],
)
def test_after_how_long_another_try_is_worth_it(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert again_after(headers) == seconds
