"""What the gate knows besides plan and policy; everything that it needs is told it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from vigil.domain.catalogue import Environment, Service
from vigil.domain.executed import Executed
from vigil.domain.ground import NOTHING, Ground
from vigil.domain.plan import Plan
from vigil.domain.runbook import RunbookMatch
from vigil.domain.value import Instant

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Facts:
    """How things are at one moment. What nobody knows counts on the safe side."""

    service: Service
    confidence: int
    match: RunbookMatch | None
    stopped: bool
    executed_last_hour: int
    """Plans on all services, those of this incident left out."""
    undoes: Plan | None = None
    """For a rollback: the plan whose undo it is, which was allowed or approved."""
    environment: Environment = Environment.PRODUCTION
    at: Instant | None = None
    quiet: tuple[str, ...] = ()
    """Why people want this service to be left alone now, as sentences."""
    ground: Ground = NOTHING
    """What Vigil itself stands on."""
    executed: tuple[Executed, ...] = ()
    """The newest first, as far back as any breaker rests, those of this incident left out."""

    @property
    def context_match(self) -> int:
        """How well the plan's runbook fits; 0 without one."""
        return self.match.context_match if self.match else 0

    @property
    def last_hour(self) -> tuple[Executed, ...]:
        """Of ``executed``, those of the last hour."""
        return tuple(e for e in self.executed if self.at is None or e.at > self.at - HOUR)

    def begun(self) -> Self:
        """The same for a plan in the middle.

        What others execute or silence meanwhile does not stop it: half a plan serves nobody, and
        whoever wants it stopped has the stop switch.
        """
        return replace(self, executed_last_hour=0, executed=(), quiet=())
