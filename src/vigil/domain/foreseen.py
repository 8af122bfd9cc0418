"""A dry run: what the calls of a plan would do, as things stand, without anything being done."""

from pydantic import Field

from vigil.domain.effects import Call
from vigil.domain.value import Value

MAX_TEXT_CHARS = 1000
"""Of what one call would do."""


class Foreseen(Value):
    """What one call of an action would do now; without a call, what is to be said of its script.

    Each call is looked at as things are before the first one is made: what an earlier one would
    change is not taken into account.
    """

    action: str
    call: Call | None = None
    ok: bool
    """Whether its verb says what it would do; otherwise ``text`` is why it would be refused, or why
    nobody can say."""
    text: str = Field(max_length=MAX_TEXT_CHARS)

    def __str__(self) -> str:
        """As a person reads it below the action."""
        words = "" if self.call is None else f"{self.call.verb}({', '.join(self._words)}) "
        return f"{words}would: {self.text}" if self.ok else f"{words}cannot be tried: {self.text}"

    @property
    def _words(self) -> tuple[str, ...]:
        return () if self.call is None else (self.call.grant, *self.call.arguments)


class DryRun(Value):
    """Everything that was foreseen of one plan, or why nothing was."""

    plan_digest: str
    foreseen: tuple[Foreseen, ...] = ()
    failed: str | None = None
