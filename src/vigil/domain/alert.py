"""An alert: one source's claim that something is wrong, or no longer wrong."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import JsonValue

from vigil.domain.identity import content_digest
from vigil.domain.value import Instant, Value

_KNOWN_AS = {
    "watch": "Vigil's own watcher",
    "aftercare": "Vigil's own look afterwards",
    "alertmanager": "Alertmanager",
    "pagerduty": "PagerDuty",
    "datadog": "Datadog",
    "grafana": "Grafana",
    "generic": "the generic webhook",
}

ENDED = "ended"
"""The turn of an alert that says that its trouble is over."""


def source_name(source: str) -> str:
    """What people call a source."""
    return _KNOWN_AS.get(source, source)


class AlertStatus(StrEnum):
    """What the source says now."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How bad it is, in the words that all sources can be mapped to."""

    CRITICAL = "critical"
    HIGH = "high"
    LOW = "low"


class Alert(Value):
    """One alert as received; everything in it is somebody else's word.

    ``fingerprint`` is stable at the source from firing to resolved. ``service`` is what the source
    calls the service, which the catalogue may not know.
    """

    source: str
    name: str
    service: str
    status: AlertStatus
    fingerprint: str
    severity: Severity = Severity.HIGH
    summary: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    starts_at: Instant
    repeated: bool = True
    """Whether the source tells it again and again while it lasts. Of one that tells each turn once
    the same message again is a replay, however late, and never trouble that came back."""

    turn: str = ""
    """Of a source that gives each spell of trouble a fingerprint of its own: which of its turns
    this is, ``ENDED`` the last. Told again a turn is a repetition, whenever it says it began."""
    followed: bool = False
    """Whether its source also tells, under this fingerprint, what people do about it there."""
    by: str = ""
    """The person who ended it at the source; empty where a program did, or nobody knows."""

    @property
    def delivery_key(self) -> str:
        """The same for each repetition of this very message, and for no other message.

        A source repeats a firing alert with the same start; after it was resolved, a new start
        makes a new key.
        """
        told_by = self.turn or self.starts_at.isoformat()
        return content_digest([self.source, self.fingerprint, self.status, told_by])

    @property
    def end_key(self) -> str | None:
        """The delivery key of the end of this spell of trouble, where that has one of its own.

        Once it was heard nothing of the spell is news, however late it comes.
        """
        if not self.turn or self.status is AlertStatus.RESOLVED:
            return None
        return content_digest([self.source, self.fingerprint, AlertStatus.RESOLVED, ENDED])

    @property
    def trouble_key(self) -> str:
        """What an incident is found by that this alert opened or joined."""
        return trouble_key(self.source, self.fingerprint)


def trouble_key(source: str, fingerprint: str) -> str:
    """The same for all that a source tells of one trouble."""
    return content_digest(["trouble", source, fingerprint])


class Did(StrEnum):
    """What people, or programs for them, do with an incident at its source.

    None of it says anything about the service, and each is seen on the timeline.
    """

    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    """Nobody is on it any more, as a rule because the time for it ran out."""
    REASSIGNED = "reassigned"
    ESCALATED = "escalated"
    CALLED = "called"
    """Somebody else was asked to help, or answered."""
    WROTE = "wrote"
    RATED = "rated"
    """It has another priority."""
    MOVED = "moved"
    """It belongs to another service there."""
    RAN = "ran"
    """An automation of theirs, which may change the service."""
    MERGED = "merged"
    """It goes on as another incident there."""


def done_there(payload: Mapping[str, JsonValue]) -> str:
    """A doing in one line, out of what the timeline keeps of it."""
    by, text, other = (str(payload.get(name) or "") for name in ("by", "text", "incident"))
    said = f"{payload.get('did')} at {source_name(str(payload.get('source')))}"
    said += (f" by {by}" if by else "") + (f": {text}" if text else "")
    return f"{said} (here incident {other})" if other else said


class Doing(Value):
    """Something that was done at a source with what an alert of it told of."""

    source: str
    fingerprint: str
    """Of the alert."""
    did: Did
    by: str = ""
    """A person's name or a program's, as the source tells it; empty where it does not."""
    person: bool = False
    """Whether the source says that it was a person."""
    text: str = ""
    into: str = ""
    """Of ``MERGED``: the fingerprint under which it goes on."""

    @property
    def trouble_key(self) -> str:
        """What the incident is found by that it is about."""
        return trouble_key(self.source, self.fingerprint)

    @property
    def into_key(self) -> str | None:
        """The same of the incident that it was merged into."""
        return trouble_key(self.source, self.into) if self.into else None


class Delivery(Value):
    """One authenticated request of a source: zero or more alerts, or a body nobody understood."""

    source: str
    alerts: tuple[Alert, ...]
    doings: tuple[Doing, ...] = ()
    not_understood: str | None = None
    """Why the body could not be read; such a delivery is recorded and answered 2xx."""
    without_effect: str | None = None
    """What was understood and changes nothing here; recorded and answered 2xx as well."""
    ids: tuple[str, ...] = ()
    """The source's own identifiers of this delivery; one that was seen before makes it a replay."""
