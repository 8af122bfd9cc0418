"""Regular expressions that an owner writes and a stranger's text is held against.

Python's engine tries every way to match; with some expressions that takes longer than anybody can
wait, and nothing stops it. So only those are taken for which the number of ways stays small.
"""

import re
from functools import cache
from itertools import pairwise
from math import log2
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MOST_PATTERN = 200
"""Characters of an expression."""
MOST_MATCHED = 500
"""Characters of a text."""
MOST_WAYS = 27
"""Powers of two. A repeat counts nine, as it may end at each character of the text; so three of
them are taken, which is a third of a second at the very worst."""
MOST_CHOICES = 12
"""Powers of two, of ``?`` and ``|`` alone: these are tried at each character once more."""

_TOKEN = re.compile(
    r"(?P<plain>\\.|\[\^?+\]?+(?:\\.|[^\]\\])*+\])|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<either>\|)"
    r"|(?P<times>(?:[*+?]|\{[0-9]*(?:,[0-9]*)?\})[?+]?)|(?P<other>.)",
    re.DOTALL,
)
_NESTED, _ESCAPED = re.compile(r"\[|--|&&|~~|\|\|"), re.compile(r"\\.", re.DOTALL)
_COUNTS = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")


def _bounded(pattern: str) -> str:
    """The same pattern, if matching with it ends soon."""
    if len(pattern) > MOST_PATTERN:
        raise _mistake(f"longer than {MOST_PATTERN} characters")
    tokens = [(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(pattern)]
    # Both before Python reads it, which would warn on every terminal.
    if ("other", "[") in tokens:
        raise _mistake("a set that does not end; put a backslash before its [")
    if any(_will_change(text) for kind, text in tokens if kind == "plain"):
        raise _mistake("a set that holds [ -- && ~~ or ||; put a backslash before it")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _mistake(f"not a regular expression ({error})") from None
    if any(kind == "open" and next_[1] == "?" for (kind, _), next_ in pairwise(tokens)):
        raise _mistake("of groups, only ( ) and (?: ) are taken")
    if any(kind == "plain" and text[0] == "\\" and text[1].isdigit() for kind, text in tokens):
        raise _mistake("it refers back to a group")
    repeats = sum(_ways(text) for kind, text in tokens if kind == "times" and text[0] != "?")
    choices = sum(kind == "either" or (kind, text[0]) == ("times", "?") for kind, text in tokens)
    if repeats + choices > MOST_WAYS or choices > MOST_CHOICES:
        raise _mistake("too many ways to match; use fewer of * + | ?, or the possessive *+ and ++")
    if _repeats_what_varies(tokens):
        raise _mistake("it repeats a group that holds a choice or a repeat")
    return pattern


def _ways(times: str) -> float:
    """In how many ways a repeat can end, as a power of two."""
    if len(times) > 1 and times.endswith("+"):
        return 0.0  # Possessive: it takes what it can and gives nothing back.
    counts = _COUNTS.match(times)
    if counts is None:
        return log2(MOST_MATCHED)
    least, comma, most = counts.groups()
    if not comma:
        return 0.0
    return min(log2(int(most) - int(least or 0) + 1) if most else log2(MOST_MATCHED), 9.0)


def _will_change(plain: str) -> bool:
    """A set that will mean something else in a later Python; this one warns of it."""
    return plain[0] == "[" and _NESTED.search(_ESCAPED.sub("", plain[1:])) is not None


def _repeats_what_varies(tokens: list[tuple[str, str]]) -> bool:
    """Something that can match in several ways is repeated: there the ways explode."""
    varies = [False]
    for (kind, _), (following, times) in pairwise([*tokens, ("end", "")]):
        if kind == "open":
            varies.append(False)
        elif kind in ("times", "either"):
            varies[-1] = True
        elif kind == "close":
            inner = varies.pop()
            if inner and following == "times" and times[0] != "?":
                return True
            varies[-1] = varies[-1] or inner
    return False


def _mistake(why: str) -> PydanticCustomError:
    return PydanticCustomError("pattern", "not a pattern that is taken: {why}", {"why": why})


Pattern = Annotated[str, AfterValidator(_bounded)]
"""A regular expression that is matched against a whole text, in bounded time."""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern says; what is too long is never."""
    return len(text) <= MOST_MATCHED and _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
