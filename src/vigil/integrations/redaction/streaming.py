"""A text that comes in pieces, cut anywhere: what spans the cuts is found as if it came whole."""

from collections.abc import Callable, Sequence

from vigil.domain.redacted import Found
from vigil.domain.tokens import Tokens

PORTION = 4 * 1024 * 1024
"""Characters that are gathered before they are looked through."""
HELD = 72 * 1024
"""Characters at the end that wait for what follows: longer than the longest thing that is found."""
CONTEXT = 4 * 1024
"""Characters that were given out and are looked at once more, as what stands beside a secret."""


class Stream:
    """Redacts a text piece by piece, with tokens of its own, in bounded memory."""

    def __init__(self, find: Callable[[str], Sequence[Found]], *, portion: int = PORTION) -> None:
        self._find = find
        self._portion = portion
        self._text = ""
        self._given = 0
        self.tokens = Tokens()
        """What stood for what so far."""

    def feed(self, piece: str) -> str:
        """Take a piece; gives what is safe to give by now, which may be nothing."""
        self._text += piece
        waiting = len(self._text) - self._given
        return self._give(final=False) if waiting >= self._portion + HELD else ""

    def close(self) -> str:
        """The rest."""
        return self._give(final=True)

    def _give(self, *, final: bool) -> str:
        found = self._find(self._text)
        cut = len(self._text) if final else self._border(found)
        pieces = [
            Found(max(start, self._given) - self._given, end - self._given, kind)
            for start, end, kind in found
            if self._given < end <= cut
        ]
        out, self.tokens = self.tokens.instead(self._text[self._given : cut], pieces)
        kept = max(cut - CONTEXT, 0)
        self._text, self._given = self._text[kept:], cut - kept
        return out

    def _border(self, found: Sequence[Found]) -> int:
        """Where it can be cut: behind a line where there is one, and through nothing found."""
        latest = len(self._text) - HELD
        cut = self._text.rfind("\n", self._given, latest) + 1 or latest
        for one in reversed(found):
            if one.start < cut < one.end:
                cut = one.start
        return max(cut, self._given)
