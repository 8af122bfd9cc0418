"""A hypothesis: a failure type and a component, with what speaks for and against it."""

from enum import StrEnum

from vigil.domain.value import Value


class FailureType(StrEnum):
    """The kinds of failure that Vigil can name."""

    NOTHING_WRONG = "nothing_wrong"
    BAD_RELEASE = "bad_release"
    PROCESS_DOWN = "process_down"
    PROCESS_HUNG = "process_hung"
    """A process is alive and gets nothing done."""
    PAUSED = "paused"
    """Somebody stopped the work on purpose."""
    LEAKED_SESSION = "leaked_session"
    """A database session of the service itself sits idle in a transaction and holds up others."""
    DATABASE_LOCK = "database_lock"
    DEPENDENCY_FAILURE = "dependency_failure"
    UNKNOWN = "unknown"
    """Something is wrong that none of the others explains."""


class Hypothesis(Value):
    """One explanation. ``likelihood`` is its share among the competing ones, 0 to 1."""

    failure_type: FailureType
    component: str
    likelihood: float
    supported_by: tuple[str, ...] = ()
    """Evidence ids."""
    contradicted_by: tuple[str, ...] = ()
    text: str

    @property
    def percent(self) -> str:
        """``likelihood`` as people read it."""
        return percent(self.likelihood)


def percent(likelihood: float) -> str:
    """A share in words that never claim to be certain."""
    return f"{min(likelihood, 0.99):.0%}"
