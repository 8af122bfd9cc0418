"""The one place where text that may leave is made."""

from collections.abc import Iterable, Sequence

from vigil.domain.outbound import Outbound, Redacted
from vigil.domain.redacted import SECRETS, Found
from vigil.domain.tokens import TOKEN, Tokens
from vigil.integrations.redaction.finding.overlaps import settled

_FEWEST = 8
"""Characters of a secret that is looked for wherever else it stands."""


def replaced(text: str, found: Sequence[Found], tokens: Tokens) -> Redacted:
    """The text with tokens for what was found, and for each secret wherever it stands again.

    A secret is told by what is beside it; the next line may have it with nothing beside it.
    """
    whole = settled((*found, *_again(text, found, tokens)))
    left, known = tokens.instead(text, whole)
    return Redacted(Outbound(left), known, whole)


def _again(text: str, found: Sequence[Found], tokens: Tokens) -> Iterable[Found]:
    words = {kind.upper(): kind for kind in SECRETS}
    secrets = {
        value: words[token[1:].rpartition("_")[0]]
        for token, value in tokens.values.items()
        if token[1:].rpartition("_")[0] in words
    }
    secrets |= {text[one.start : one.end]: one.kind for one in found if one.kind in SECRETS}
    for value, kind in secrets.items():
        if len(value) < _FEWEST or TOKEN.search(value):
            continue
        at = text.find(value)
        while at >= 0:
            yield Found(at, at + len(value), kind)
            at = text.find(value, at + len(value))
