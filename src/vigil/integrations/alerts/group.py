"""A group of alerts in the form that Alertmanager gave them, which others send as well."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.domain.identity import content_digest
from vigil.domain.value import Instant
from vigil.integrations._clients.untrusted import identifier, labels, moment, texts, words

MOST_ALERTS = 1000
MOST_LABELS = 100
MOST_BODY_BYTES = 10 * 1024 * 1024

SEVERITIES: Mapping[str, Severity] = {
    "critical": Severity.CRITICAL,
    "page": Severity.CRITICAL,
    "warning": Severity.HIGH,
    "high": Severity.HIGH,
    "info": Severity.LOW,
    "low": Severity.LOW,
}

log = structlog.get_logger(__name__)


class Group:
    """Reads what one source sends.

    ``named_by``: labels, the first of which that an alert carries names its service.
    """

    def __init__(self, source: str, named_by: Sequence[str]) -> None:
        self._source = source
        self._named_by = named_by

    def read(self, body: bytes, now: Instant) -> Delivery:
        """Every alert of the group that can be read; one that cannot does not lose the others.

        ``now``: when what does not say so began.
        """
        if len(body) > MOST_BODY_BYTES:
            return self._not_understood(f"the body is longer than {MOST_BODY_BYTES} bytes")
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError) as error:
            return self._not_understood(f"the body is not JSON ({type(error).__name__})")
        found = payload.get("alerts") if isinstance(payload, dict) else None
        if not isinstance(found, list):
            return self._not_understood("the body has no list 'alerts'")
        readable = [one for one in found if isinstance(one, dict)]
        if found and not readable:
            return self._not_understood("no element of 'alerts' is an object")
        left_out = len(found) - len(readable[:MOST_ALERTS]) + _count(payload.get("truncatedAlerts"))
        if left_out:
            log.warning("alerts_left_out", source=self._source, count=left_out)
        alerts = tuple(self._alert(one, payload, now) for one in readable[:MOST_ALERTS])
        return Delivery(source=self._source, alerts=alerts)

    def _not_understood(self, why: str) -> Delivery:
        return Delivery(source=self._source, alerts=(), not_understood=why)

    def _alert(self, found: dict[str, Any], group: dict[str, Any], now: Instant) -> Alert:
        raw = texts(found.get("labels"))
        notes = texts(found.get("annotations"))
        summary = notes.get("summary") or notes.get("description") or notes.get("message") or ""
        return Alert(
            source=self._source,
            name=identifier(raw.get("alertname", "")) or "unnamed",
            service=identifier(next((raw[n] for n in self._named_by if raw.get(n)), ""))
            or "unknown",
            status=_status(found.get("status"), group.get("status")),
            fingerprint=_fingerprint(found, raw),
            severity=SEVERITIES.get(raw.get("severity", "").strip().lower(), Severity.HIGH),
            summary=words(summary),
            labels=labels(raw, MOST_LABELS),
            starts_at=moment(found.get("startsAt")) or now,
        )


def _fingerprint(found: dict[str, Any], raw: Mapping[str, str]) -> str:
    """The source's own, else one over the labels, which is what it is at the source."""
    if known := identifier(found.get("fingerprint")):
        return known
    return content_digest(sorted((identifier(k), identifier(v)) for k, v in raw.items()))


def _count(value: object) -> int:
    return max(value, 0) if isinstance(value, int) else 0


def _status(*words: object) -> AlertStatus:
    """The alert's own word, else the group's; a word that nobody understands is firing."""
    for word in words:
        if word in tuple(AlertStatus):
            return AlertStatus(str(word))
    return AlertStatus.FIRING
