"""What every verb of the broker can do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import JsonValue

from vigil.domain.catalogue import Service
from vigil.domain.errors import TemporaryError
from vigil.domain.grant import Grant
from vigil.domain.value import Value
from vigil.runner.lease import boot_s
from vigil.runner.ledger import Outcome

Seen = dict[str, JsonValue]
"""What a target looks like, as the ledger keeps it."""
LEAST_EFFECT_S = 0.5
"""With less left until its deadline an effect that is on record as begun is not done after all."""


class Refusal(Exception):
    """The arguments or the target do not admit this call; it never leaves the broker."""


class NotDone(TemporaryError):
    """The target could not be reached and nothing was changed."""


class Unfinished(TemporaryError):
    """The call was under way when the target stopped answering; the next look decides."""


def covered(name: str, granted: Iterable[str]) -> None:
    """:raises Refusal: the grant has no such one among those that it names."""
    names = tuple(granted)
    if name not in names:
        raise Refusal(f"the grant does not cover '{name}' (it covers: {', '.join(names)})")


class Deadline(Value):
    """When an effect has to be over: after it somebody else may act on the same target."""

    ends_at: float
    """By the clock since the start of the machine."""

    @classmethod
    def within(cls, seconds: float) -> "Deadline":
        """So many seconds from now."""
        return cls(ends_at=boot_s() + seconds)

    @property
    def left_s(self) -> float:
        """Never less than nothing, as what waits does not wait for less."""
        return max(0.0, self.ends_at - boot_s())

    def last_moment(self) -> None:
        """Asked directly before each effect, with nothing between that could take time.

        :raises Unfinished: it is too late. This runner has not done it; whoever has taken over in
            the meantime may have, so only the next look can say.
        """
        if self.left_s < LEAST_EFFECT_S:
            raise Unfinished("this runner was held up until it was too late for it")


OfVerb = TypeVar("OfVerb")


@dataclass(frozen=True)
class Asked:
    """One call of a script, and what the catalogue says of it."""

    name: str
    """Of the service."""
    service: Service
    grant: Grant
    arguments: tuple[str, ...]
    key: str
    """The same for the same call, however often it is made."""
    incident: str = ""
    """Whose plan makes it."""

    def grant_of(self, kind: type[OfVerb]) -> OfVerb:
        """The grant, which is one of this verb."""
        if not isinstance(self.grant, kind):
            raise Refusal(f"the grant is for {self.grant.verb}")
        return self.grant


class Operation(Protocol):
    """One call, bound to its grant and its arguments.

    1. ``look`` changes nothing of the target. It raises ``Refusal`` when the arguments are outside
       the grant, or the target is not such that it may be done.
    2. What it saw is JSON, and says under ``would`` in a sentence what ``do`` would do now: looking
       is the dry run.
    3. ``done_since`` tells from what is seen now whether the effect has happened since ``before``
       was seen, and what that looked like; it is asked only when the ledger says begun, not done.
       It raises ``Unfinished`` where nobody can ever know.
    4. Once done, it is done: the same call after it, under the same key, finds that out and leaves
       the target as it is.
    5. ``do`` tells the target nothing after its deadline, and waits for no answer beyond it:
       directly before each effect it calls ``last_moment``. It may raise ``NotDone`` or
       ``Unfinished``; a target that answered no, or that somebody else has changed since ``before``
       was seen, is an ``Outcome`` that is not ok.
    6. A target that does not answer is ``NotDone`` for ``look``, and no word of an error has a
       password.
    """

    def look(self) -> Seen:
        """What the target looks like now."""
        ...

    def done_since(self, before: Seen) -> Outcome | None:
        """The outcome, if it has been done."""
        ...

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        """Do it."""
        ...
