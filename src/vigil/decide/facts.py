"""What the gate knows besides plan and policy; everything that it needs is told it."""

from dataclasses import dataclass
from datetime import timedelta

from vigil.domain.catalogue import Environment, Service
from vigil.domain.cost import Spent
from vigil.domain.executed import Executed
from vigil.domain.ground import NOTHING, Ground
from vigil.domain.plan import Plan
from vigil.domain.recurrence import Recurrence
from vigil.domain.runbook import RunbookMatch
from vigil.domain.value import Instant

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Lately:
    """What was executed lately, on all services."""

    executed_last_hour: int
    """Plans and undos of the last hour, those of this incident left out; of what was begun before
    the breaker of all was last reset, neither the plan nor its undo."""
    at: Instant | None = None
    """Now."""
    executed: tuple[Executed, ...] = ()
    """The newest first, as far back as any breaker rests, those of this incident left out."""

    @property
    def last_hour(self) -> tuple[Executed, ...]:
        """Of ``executed``, those of the last hour."""
        return tuple(e for e in self.executed if self.at is None or e.at > self.at - HOUR)


@dataclass(frozen=True, kw_only=True)
class Facts(Lately):
    """How things are at one moment. What nobody knows counts on the safe side."""

    service: Service
    confidence: int
    match: RunbookMatch | None
    stopped: bool
    undoes: Plan | None = None
    """For a rollback: the plan whose undo it is, which was allowed or approved."""
    environment: Environment = Environment.PRODUCTION
    quiet: tuple[str, ...] = ()
    """Why people want this service to be left alone now, as sentences."""
    ground: Ground = NOTHING
    """What Vigil itself stands on."""
    spent: tuple[Spent, ...] = ()
    """What incidents have cost that were open within the last day, this one as well."""
    recurrence: Recurrence | None = None
    """Of what this trouble is a recurrence."""
    broken: tuple[str, ...] | None = None
    """The promises that its scripts of free form would break, as sentences; None: nobody looked."""

    @property
    def context_match(self) -> int:
        """How well the plan's runbook fits; 0 without one."""
        return self.match.context_match if self.match else 0
