"""Vigil's own redactor: forms, checksums, disorder and lists of names; nothing outside is asked."""

import asyncio
from collections.abc import Sequence

from vigil.domain.errors import NotRedacted
from vigil.domain.outbound import Redacted
from vigil.domain.redacted import Found
from vigil.domain.tokens import Tokens
from vigil.integrations.redaction.finding.finder import Finder
from vigil.integrations.redaction.finding.overlaps import settled
from vigil.integrations.redaction.replacing import replaced
from vigil.integrations.redaction.streaming import Stream

MOST_CHARS = 4_000_000
"""Of one text. What a model is given is a thousandth of it; a file is read as a stream."""


_NONE = Tokens()


class EmbeddedRedaction:
    """Fulfils ``ports.redaction.Redaction`` in this process."""

    def __init__(self, *, ips: bool = True) -> None:
        self._find = Finder(ips=ips)

    async def redact(self, text: str, tokens: Tokens, held: Sequence[Found] = ()) -> Redacted:
        """In a thread: a long text takes a second."""
        return await asyncio.to_thread(self.at_once, text, tokens, held)

    def at_once(self, text: str, tokens: Tokens = _NONE, held: Sequence[Found] = ()) -> Redacted:
        """The same without waiting, for who has nothing else to do."""
        if len(text) > MOST_CHARS:
            raise NotRedacted(
                f"a text of {len(text)} characters is longer than the {MOST_CHARS} that are looked "
                "through at once; give it in parts"
            )
        return replaced(text, settled((*self._find(text), *held)), tokens)

    def stream(self) -> Stream:
        """For a text of any length, in pieces."""
        return Stream(self._find)
