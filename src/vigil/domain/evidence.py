"""Evidence: what an investigator saw, in one sentence and in data, never what it concludes."""

from enum import StrEnum

from pydantic import JsonValue

from vigil.domain.value import Instant, Value


class Finding(StrEnum):
    """The closed set of things an investigator can report; hypotheses weigh these and no prose."""

    SYMPTOM_FAILING = "symptom_failing"
    """A probe that maps to the alert fails now."""
    SYMPTOM_PASSING = "symptom_passing"
    """Every probe that maps to the alert passes now."""
    SYMPTOM_UNKNOWN = "symptom_unknown"
    """No probe maps to the alert, or it gave no answer; never counts as healthy."""
    CONDITION_HOLDS = "condition_holds"
    """The source's own condition is true of the scraped metrics."""
    CONDITION_CLEAR = "condition_clear"
    CONDITION_UNKNOWN = "condition_unknown"
    CODE_ERRORS = "code_errors"
    """Unhandled errors raised by the application's own code in the log."""
    DEPENDENCY_ERRORS = "dependency_errors"
    """Errors in the log that say that something else did not answer or refused."""
    ERRORS_SINCE_RELEASE = "errors_since_release"
    """Errors that began after the latest release and carry its name, and none before."""
    ERRORS_BEFORE_RELEASE = "errors_before_release"
    """The same errors were there before the latest release."""
    SLOWER_SINCE_RELEASE = "slower_since_release"
    """Requests take much longer since the latest release than before it."""
    SLOWER_BEFORE_RELEASE = "slower_before_release"
    """Requests were as slow before the latest release."""
    RELEASE_RECENT = "release_recent"
    """A release came shortly before the symptom."""
    RELEASE_JUST_BEFORE = "release_just_before"
    """A release came within the last minutes before the symptom was reported."""
    NO_RELEASE_RECENT = "no_release_recent"
    PROCESS_DOWN = "process_down"
    PROCESSES_UP = "processes_up"
    NO_PROGRESS = "no_progress"
    """Work waits too long, and the service finishes none."""
    PROGRESS = "progress"
    """The service finishes work."""
    WORK_PAUSED = "work_paused"
    """Somebody paused the work of the service on purpose."""
    DEPENDENCY_FAILING = "dependency_failing"
    """A probe of a service that this one depends on fails."""
    DEPENDENCIES_PASSING = "dependencies_passing"
    DATABASE_LOCK = "database_lock"
    """Sessions of the database wait for a lock that another one holds."""
    SESSION_LEAKED = "session_leaked"
    """A database session of the service itself is idle in a transaction and holds up others."""
    SESSION_FOREIGN = "session_foreign"
    """A database session of somebody else is idle in a transaction and holds up others."""
    SESSION_BUSY = "session_busy"
    """A database session that holds up others is at work: a long query, not a leak."""
    NO_SESSION_BLOCKS = "no_session_blocks"
    LATENCY_UP = "latency_up"
    """Requests take much longer than before."""
    BLIND = "blind"
    """An investigator could not look; what it would have seen is unknown."""


UNSEEN = frozenset({Finding.SYMPTOM_UNKNOWN, Finding.CONDITION_UNKNOWN, Finding.BLIND})
"""Findings that say that nobody could see; no check can look for them."""


class Evidence(Value):
    """One finding about one component.

    ``id`` is unique in its incident (``investigator-n``), so that hypotheses and plans cite it.
    ``text`` is for people and may quote a log line; it is untrusted and is never parsed again.
    """

    id: str
    investigator: str
    finding: Finding
    component: str
    text: str
    data: dict[str, JsonValue] = {}
    at: Instant
