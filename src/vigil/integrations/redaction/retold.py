"""Whether a text with somebody else's tokens in it is the text that they were asked about."""

import re
from collections.abc import Mapping

_SHAPE = re.compile(r"\[[A-Za-z0-9_]{1,80}\]")


def told_apart(
    asked: str, told: str, values: Mapping[str, str]
) -> tuple[tuple[int, int, str], ...] | None:
    """Where in what was asked each token of what was told stands, and which; None when it differs.

    A token that nobody explained stands for itself: then it must have been in the text.
    """
    places: list[tuple[int, int, str]] = []
    at = read = 0
    for match in _SHAPE.finditer(told):
        token = match[0]
        if token not in values:
            continue
        between = told[read : match.start()]
        start = at + len(between)
        end = start + len(values[token])
        if asked[at:start] != between or asked[start:end] != values[token]:
            return None
        places.append((start, end, token))
        at, read = end, match.end()
    return tuple(places) if asked[at:] == told[read:] else None
