"""Alerts of anything that sends JSON: in a small form of Vigil's own, bare or as a CloudEvent 1.0.

A CloudEvent comes in structured mode (the event is the body) or in binary mode (its attributes are
headers and the body is its data); the data is in Vigil's own form.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import structlog

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.domain.identity import content_digest
from vigil.domain.value import Instant
from vigil.integrations._clients.untrusted import identifier, labels, moment, texts, words
from vigil.integrations.alerts.secrets import Secrets
from vigil.ports.clock import Clock

MOST_ALERTS = 1000
MOST_LABELS = 100
MOST_BODY_BYTES = 1024 * 1024
STRUCTURED, BATCH = "application/cloudevents", "application/cloudevents-batch"
"""How the content type of each mode begins."""
JSON_EVENT = "application/cloudevents+json"
VERSION = "1."
"""CloudEvents 1.x read alike."""
MOST_HEADER = 4096

SEVERITIES: Mapping[str, Severity] = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "warning": Severity.HIGH,
    "low": Severity.LOW,
    "info": Severity.LOW,
}

log = structlog.get_logger(__name__)


class _NotUnderstood(Exception):
    """Why nothing of it can be read."""


class GenericAlerts:
    """Fulfils ``ports.alerts.Alerts``.

    ``secret`` is what the header ``Authorization: Bearer`` bears; several, separated by commas, are
    all good. None at all lets nobody in.
    """

    source = "generic"

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secrets = Secrets(secret)
        self._clock = clock

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - not signed
        """Whether the Authorization header bears one of the secrets."""
        return self._secrets.borne(headers)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Every alert of the body that can be read; one that cannot does not lose the others."""
        ids: tuple[str, ...] = ()
        try:
            event = _event(headers, body)
            if event is None:
                document, began = _object(body), None
                ids = _named("delivery", document.get("id"))
            else:
                began = moment(event.get("time"))
                ids = _event_ids(event)
                document = _data(event)
            alerts = self._alerts(document, began or self._clock.now())
        except _NotUnderstood as why:
            return Delivery(source=self.source, alerts=(), not_understood=str(why), ids=ids)
        return Delivery(source=self.source, alerts=alerts, ids=ids)

    def _alerts(self, document: dict[str, Any], began: Instant) -> tuple[Alert, ...]:
        listed = document.get("alerts", [document])
        if not isinstance(listed, list) or not listed:
            raise _NotUnderstood("'alerts' is not a list with something in it")
        read: list[Alert] = []
        left_out: list[str] = []
        for one in listed[:MOST_ALERTS]:
            found = self._alert(one, began)
            if isinstance(found, Alert):
                read.append(found)
            else:
                left_out.append(found)
        if not read:
            raise _NotUnderstood(left_out[0])
        unread = len(listed) - len(read)
        if unread:
            log.warning("alerts_left_out", source=self.source, count=unread)
        return tuple(read)

    def _alert(self, found: object, began: Instant) -> Alert | str:
        """The alert, or why it is none."""
        if not isinstance(found, dict):
            return "an alert is not an object"
        name, service = identifier(found.get("name")), identifier(found.get("service"))
        if not (name and service):
            return "an alert has no text for 'name' or for 'service'"
        status = found.get("status", AlertStatus.FIRING.value)
        if status not in tuple(AlertStatus):
            return "the 'status' of an alert is neither 'firing' nor 'resolved'"
        severity = found.get("severity")
        return Alert(
            source=self.source,
            name=name,
            service=service,
            status=AlertStatus(status),
            fingerprint=identifier(found.get("fingerprint")) or content_digest([service, name]),
            severity=SEVERITIES.get(severity.lower(), Severity.HIGH)
            if isinstance(severity, str)
            else Severity.HIGH,
            summary=words(found.get("summary")),
            labels=labels(texts(found.get("labels")), MOST_LABELS),
            starts_at=moment(found.get("starts_at")) or began,
        )


def _event(headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
    """The CloudEvent with its data, or None for a body that is none."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith(BATCH):
        raise _NotUnderstood("CloudEvents come one in each request, not in a batch")
    if kind.startswith(STRUCTURED):
        if kind != JSON_EVENT:
            raise _NotUnderstood(f"of CloudEvents only {JSON_EVENT} is read")
        event = _object(body)
    elif "ce-specversion" in headers:
        # The longest names of attributes are far shorter; what else stands there is not looked at.
        event = {n: _attribute(headers[f"ce-{n}"]) for n in _ATTRIBUTES if f"ce-{n}" in headers}
        event["data"] = _object(body)
    else:
        return None
    if not identifier(event.get("specversion")).startswith(VERSION):
        raise _NotUnderstood("the CloudEvent's 'specversion' is not 1.x")
    if not all(identifier(event.get(name)) for name in ("id", "source", "type")):
        raise _NotUnderstood("the CloudEvent has no text for 'id', 'source' or 'type'")
    return event


_ATTRIBUTES = ("specversion", "id", "source", "type", "time")


def _attribute(header: str) -> str:
    """A header's value: quoted by older senders, percent-encoded by all."""
    text = header[:MOST_HEADER].strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _NotUnderstood("an attribute of the CloudEvent is not UTF-8") from None


def _data(event: dict[str, Any]) -> dict[str, Any]:
    """What the event is about, in Vigil's own form."""
    encoded = event.get("data_base64")
    if isinstance(encoded, str):
        try:
            return _object(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            raise _NotUnderstood("the CloudEvent's 'data_base64' is not base64") from None
    data = event.get("data")
    if not isinstance(data, dict):
        raise _NotUnderstood("the CloudEvent's 'data' is not an object")
    return data


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MOST_BODY_BYTES:
        raise _NotUnderstood(f"the body is longer than {MOST_BODY_BYTES} bytes")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _NotUnderstood(f"the body is not JSON ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise _NotUnderstood("the body is not an object")
    return found


def _named(kind: str, value: object) -> tuple[str, ...]:
    known = identifier(value)
    return (f"{kind}:{known}",) if known else ()


def _event_ids(event: dict[str, Any]) -> tuple[str, ...]:
    """An event's id is its own within its source."""
    return (f"event:{content_digest([identifier(event[n]) for n in ('source', 'id')])}",)
