"""Words that stand for what must not leave, the same throughout an incident."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from vigil.domain.errors import NotRedacted
from vigil.domain.redacted import Found, Kind
from vigil.domain.value import Value

TOKEN = re.compile(rf"\[(?:{'|'.join(kind.upper() for kind in Kind)})_[0-9]{{1,6}}\]")
"""``[EMAIL_1]``."""
MOST_TOKENS = 20_000
"""Of one incident. More are no evidence that a person or a model could use."""


class Tokens(Value):
    """What each token of one incident stands for.

    Whoever has it has every secret that was found, so it is sealed wherever it is kept, never
    leaves, and shows nothing of itself.
    """

    values: Annotated[Mapping[str, str], Field(repr=False)] = {}
    """By token."""

    def instead(self, text: str, found: Iterable[Found]) -> tuple[str, "Tokens"]:
        """The text with a token for each stretch that was found, and all tokens from then on.

        ``found`` is in order and does not overlap. One value of a kind has one token. Raises
        ``NotRedacted`` when there are too many.
        """
        known = {
            (token.rpartition("_")[0][1:], value): token for token, value in self.values.items()
        }
        given, counts = dict(self.values), Counter(kind for kind, _ in known)
        pieces: list[str] = []
        at = 0
        for start, end, kind in found:
            value, word = text[start:end], kind.upper()
            token = known.get((word, value))
            if token is None:
                counts[word] += 1
                token = known[word, value] = f"[{word}_{counts[word]}]"
                given[token] = value
            pieces += (text[at:start], token)
            at = end
        if len(given) > MOST_TOKENS:
            raise NotRedacted(
                f"more than {MOST_TOKENS} different things in this incident must not leave, so "
                "nothing more of it does; give less of its logs"
            )
        return "".join((*pieces, text[at:])), Tokens(values=given)

    def restored(self, text: str) -> str:
        """The text with what its tokens stand for. It must not leave this machine again.

        A token that is not of this incident stays as it is.
        """
        return self.read_back(text)[0]

    def read_back(self, text: str) -> tuple[str, tuple[Found, ...]]:
        """The same, and where in it what they stand for is now."""
        pieces: list[str] = []
        found: list[Found] = []
        at = length = 0
        for token in TOKEN.finditer(text):
            value = self.values.get(token[0])
            if value is None:
                continue
            start = length + token.start() - at
            pieces += (text[at : token.start()], value)
            at, length = token.end(), start + len(value)
            kind = Kind(token[0][1:].rpartition("_")[0].lower())
            found.append(Found(start, length, kind))
        return "".join((*pieces, text[at:])), tuple(found)
