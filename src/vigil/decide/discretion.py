"""What is said of one incident to anybody outside: redacted, with one token for one value.

What a token stands for is kept before the text with it is handed out: otherwise something could
have left after a crash that nobody could read back.
"""

from collections.abc import Sequence

from vigil.domain.errors import NotRedacted
from vigil.domain.outbound import Outbound
from vigil.domain.redacted import Found
from vigil.domain.tokens import Tokens
from vigil.ports.meanings import Meanings
from vigil.ports.redaction import Redaction


class Discretion:
    """One incident's way out for text; one text after the other."""

    def __init__(
        self, incident: str, redaction: Redaction | None, meanings: Meanings | None
    ) -> None:
        self._incident = incident
        self._redaction = redaction
        self._meanings = meanings
        self._tokens: Tokens | None = None

    async def redacted(self, text: str) -> Outbound:
        """The text as it may leave; ``NotRedacted`` or ``PortUnavailable`` where it may not."""
        return await self._redacted(text)

    async def repeated(self, text: str) -> Outbound:
        """The words of somebody outside, with the tokens that they were given.

        Restored first: otherwise the tokens would look like somebody's who plants them. What they
        stood for is private here too, whatever it was told by is not said again or was cut off.
        """
        return await self._redacted(*(await self._known()).read_back(text))

    async def _redacted(self, text: str, held: Sequence[Found] = ()) -> Outbound:
        if self._redaction is None:
            raise NotRedacted("there is no redactor, so nothing of an incident may leave")
        before = await self._known()
        redacted = await self._redaction.redact(text, before, held)
        if self._meanings is not None and redacted.tokens != before:
            await self._meanings.keep(self._incident, redacted.tokens)
        self._tokens = redacted.tokens
        return redacted.outbound

    async def _known(self) -> Tokens:
        if self._tokens is None:
            kept = self._meanings
            self._tokens = Tokens() if kept is None else await kept.known(self._incident)
        return self._tokens
