"""An alert: one source's claim that something is wrong, or no longer wrong."""

from enum import StrEnum

from vigil.domain.identity import content_digest
from vigil.domain.value import Instant, Value

_KNOWN_AS = {
    "watch": "Vigil's own watcher",
    "aftercare": "Vigil's own look afterwards",
    "alertmanager": "Alertmanager",
    "pagerduty": "PagerDuty",
}


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

    @property
    def delivery_key(self) -> str:
        """The same for each repetition of this very message, and for no other message.

        A source repeats a firing alert with the same start; after it was resolved, a new start
        makes a new key.
        """
        return content_digest(
            [self.source, self.fingerprint, self.status, self.starts_at.isoformat()]
        )


class Delivery(Value):
    """One authenticated request of a source: zero or more alerts, or a body nobody understood."""

    source: str
    alerts: tuple[Alert, ...]
    not_understood: str | None = None
    """Why the body could not be read; such a delivery is recorded and answered 2xx."""
    without_effect: str | None = None
    """What was understood and changes nothing here; recorded and answered 2xx as well."""
    ids: tuple[str, ...] = ()
    """The source's own identifiers of this delivery; one that was seen before makes it a replay."""
