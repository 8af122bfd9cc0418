"""PagerDuty's webhooks, version 3: one event of one incident in each request."""

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.domain.identity import content_digest
from vigil.domain.scrub import clean
from vigil.integrations._clients.untrusted import identifier, member, moment, words
from vigil.integrations.alerts.pagerduty_doings import (
    DOINGS,
    agent,
    doing_of,
    is_own_note,
    is_person,
    merge_of,
)
from vigil.ports.clock import Clock

SIGNATURE = "x-pagerduty-signature"
WEBHOOK_ID = "x-webhook-id"
"""The same on every attempt to deliver one message."""
MOST_SIGNATURES = 16
"""One for each secret of the subscription; PagerDuty sends two while a secret is being changed."""
MOST_BODY_BYTES = 1024 * 1024
"""PagerDuty sends 256 KB at most."""
MOST_NAME = 200

TRIGGERED, REOPENED, RESOLVED = "incident.triggered", "incident.reopened", "incident.resolved"
TURNS: Mapping[str, AlertStatus] = {
    TRIGGERED: AlertStatus.FIRING,
    REOPENED: AlertStatus.FIRING,
    RESOLVED: AlertStatus.RESOLVED,
}
"""The events that say something about the service. All others are about people and paperwork."""

WITHOUT_EFFECT = frozenset(
    {
        # Paperwork within an incident: whom it hurts, who holds which office, where they talk.
        "incident.conference_bridge.updated",
        "incident.custom_field_values.updated",
        "incident.incident_type.changed",
        "incident.role.assigned",
        "incident.role.unassigned",
        "incident.task.completed",
        "incident.task.created",
        "incident.task.deleted",
        "incident.task.updated",
        # No incident's at all.
        "pagey.ping",
        "service.created",
        "service.custom_field_values.updated",
        "service.deleted",
        "service.updated",
    }
)

PRIORITIES: Mapping[str, Severity] = {
    "p1": Severity.CRITICAL,
    "sev-1": Severity.CRITICAL,
    "p2": Severity.HIGH,
    "sev-2": Severity.HIGH,
    "p4": Severity.LOW,
    "sev-4": Severity.LOW,
    "p5": Severity.LOW,
    "sev-5": Severity.LOW,
}
"""An account names its priorities itself; these are the names that it begins with."""
URGENCIES: Mapping[str, Severity] = {"high": Severity.HIGH, "low": Severity.LOW}


class PagerDutyAlerts:
    """Fulfils ``ports.alerts.Alerts``.

    ``secrets`` are signing secrets of webhook subscriptions, separated by commas; all are good, so
    that several subscriptions can send, and one can be changed without a gap. None at all lets
    nobody in.
    """

    source = "pagerduty"

    def __init__(self, secrets: str, clock: Clock) -> None:
        self._secrets = tuple(one.strip().encode() for one in secrets.split(",") if one.strip())
        self._clock = clock

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether one of the signatures is over these very bytes, by one of the secrets."""
        listed = headers.get(SIGNATURE, "").split(",", MOST_SIGNATURES)[:MOST_SIGNATURES]
        given = [digest for one in listed if (digest := _version_1(one))]
        expected = [hmac.new(one, body, sha256).hexdigest().encode() for one in self._secrets]
        # Every pair is compared, so that time tells nothing.
        matches = [hmac.compare_digest(own, other) for own in expected for other in given]
        return any(matches)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """The incident as an alert, where the event tells that trouble began or ended."""
        ids = _named("webhook", headers.get(WEBHOOK_ID))
        event = _event(body)
        if isinstance(event, str):
            return Delivery(source=self.source, alerts=(), not_understood=event, ids=ids)
        read = self._read(event)
        return read.model_copy(update={"ids": (*ids, *_named("event", event.get("id")))})

    def _read(self, event: dict[str, Any]) -> Delivery:
        kind = clean(event["event_type"], MOST_NAME)
        if kind in DOINGS:
            return self._seen(kind, event)
        if kind not in TURNS:
            known = "changes nothing here" if kind in WITHOUT_EFFECT else "is not known here"
            return Delivery(source=self.source, alerts=(), without_effect=f"'{kind}' {known}")
        incident = event.get("data")
        if not isinstance(incident, dict) or not (_id(incident) or _title(incident)):
            why = f"the 'data' of '{kind}' has neither 'id' nor 'title' of an incident"
            return Delivery(source=self.source, alerts=(), not_understood=why)
        if member(incident, "resolve_reason", "type") == "merge_resolve_reason":
            return self._merged(kind, event)
        return Delivery(source=self.source, alerts=(self._alert(kind, event, incident),))

    def _seen(self, kind: str, event: dict[str, Any]) -> Delivery:
        if is_own_note(event):
            why = f"'{kind}' is of Vigil's own note"
            return Delivery(source=self.source, alerts=(), without_effect=why)
        doing = doing_of(self.source, kind, event)
        if doing is None:
            why = f"the 'data' of '{kind}' names no incident"
            return Delivery(source=self.source, alerts=(), not_understood=why)
        return Delivery(source=self.source, alerts=(), doings=(doing,))

    def _merged(self, kind: str, event: dict[str, Any]) -> Delivery:
        """It is over by name only: the trouble goes on under the other's."""
        merge = merge_of(self.source, event)
        if merge is None:
            why = f"'{kind}' because it was merged into another incident, which goes on"
            return Delivery(source=self.source, alerts=(), without_effect=why)
        return Delivery(source=self.source, alerts=(), doings=(merge,))

    def _alert(self, kind: str, event: dict[str, Any], incident: dict[str, Any]) -> Alert:
        # An incident is triggered once, and may be reopened and resolved again and again: only the
        # event's own moment tells those apart.
        began = incident.get("created_at") if kind == TRIGGERED else None
        service = identifier(member(incident, "service", "summary"))
        return Alert(
            source=self.source,
            name=_title(incident) or "unnamed",
            service=service or "unknown",
            status=TURNS[kind],
            fingerprint=_id(incident) or content_digest([service, _title(incident)]),
            severity=_severity(incident),
            summary=words(incident.get("title")),
            labels=_labels(kind, incident),
            starts_at=moment(began) or moment(event.get("occurred_at")) or self._clock.now(),
            repeated=False,
            followed=bool(_id(incident)),
            by=(agent(event) or "a user") if kind == RESOLVED and is_person(event) else "",
        )


def _version_1(signature: str) -> bytes:
    """The hexadecimal digits of ``v1=...``; empty for any other version."""
    version, _, digest = signature.strip().partition("=")
    return digest.lower().encode(errors="surrogatepass") if version == "v1" else b""


def _event(body: bytes) -> dict[str, Any] | str:
    """The event, which has a type; or why there is none."""
    if len(body) > MOST_BODY_BYTES:
        return f"the body is longer than {MOST_BODY_BYTES} bytes"
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        return f"the body is not JSON ({type(error).__name__})"
    event = payload.get("event") if isinstance(payload, dict) else None
    if not isinstance(event, dict):
        return "the body has no object 'event', which webhooks of version 3 have"
    return event if isinstance(event.get("event_type"), str) else "the event has no 'event_type'"


def _named(kind: str, value: object) -> tuple[str, ...]:
    known = identifier(value)
    return (f"{kind}:{known}",) if known else ()


def _id(incident: dict[str, Any]) -> str:
    return identifier(incident.get("id"))


def _title(incident: dict[str, Any]) -> str:
    return identifier(incident.get("title"))


def _severity(incident: dict[str, Any]) -> Severity:
    """By the priority that somebody gave it, else by its urgency, which it always has."""
    priority = PRIORITIES.get(words(member(incident, "priority", "summary")).lower())
    return priority or URGENCIES.get(words(incident.get("urgency")).lower(), Severity.HIGH)


def _labels(kind: str, incident: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = {
        "event_type": kind,
        "incident": words(incident.get("id")),
        "priority": words(member(incident, "priority", "summary")),
        "service_id": words(member(incident, "service", "id")),
        "urgency": words(incident.get("urgency")),
    }
    return tuple((name, text) for name, text in found.items() if text)
