"""A text in parts that a vendor takes at once, cut where nothing is cut in two."""

from typing import NamedTuple

MOST = 4000
"""Characters of a part; no limit is published, and short texts are answered soon."""
_LEAST = 3000


class Chunk(NamedTuple):
    """A part, and where in the text it begins."""

    start: int
    text: str


def chunks(text: str) -> tuple[Chunk, ...]:
    """All of it, in order; cut behind a line, else behind a blank, else where it must be."""
    parts, at = [], 0
    while at < len(text):
        end = len(text) if len(text) - at <= MOST else _border(text, at)
        parts.append(Chunk(at, text[at:end]))
        at = end
    return tuple(parts)


def _border(text: str, at: int) -> int:
    for mark in ("\n", " "):
        found = text.rfind(mark, at + _LEAST, at + MOST)
        if found >= 0:
            return found + 1
    return at + MOST
