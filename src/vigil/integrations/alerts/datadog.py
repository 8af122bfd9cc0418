"""Datadog's webhooks for monitors, in the form of Vigil's own template.

Datadog signs nothing and has no form of its own: a webhook sends what its template says, each
``$NAME`` replaced by a text, and a ``$NAME`` that has no value left as it is, or empty. A text is a
stranger's, such as the name of a host in a monitor's title, and may hold what ends a JSON string:

- what decides stands first in the template, what anybody may have written last, and of two fields
  of one name the first counts: no text can say over again what stood before it;
- a body that is no JSON is read from the front, field by field in the template's order, up to the
  first that is not whole. Of that one, if it is the title, what stands there is kept, as text.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from vigil.domain.alert import ENDED, Alert, AlertStatus, Delivery, Severity
from vigil.domain.identity import content_digest
from vigil.domain.value import Instant
from vigil.integrations._clients.untrusted import identifier, words
from vigil.integrations.alerts.secrets import Secrets
from vigil.ports.clock import Clock

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "id": "$ID",
        "cycle": "$ALERT_CYCLE_KEY",
        "transition": "$ALERT_TRANSITION",
        "type": "$ALERT_TYPE",
        "priority": "$ALERT_PRIORITY",
        "monitor": "$ALERT_ID",
        "date": "$DATE",
        "org": "$ORG_ID",
        "scope": "$ALERT_SCOPE",
        "host": "$HOSTNAME",
        "tags": "$TAGS",
        "title": "$EVENT_TITLE",
    }
)
"""In this order. A monitor's message is none of them: it speaks to people, and may be anything."""
TEMPLATE = json.dumps(dict(FIELDS), indent=2)
"""What is pasted at Datadog."""

MOST_BODY_BYTES = 1024 * 1024
MOST_TAGS = 100
ALERT, WARN, NO_DATA = "alert", "warn", "no data"
TURNS: Mapping[str, str] = MappingProxyType(
    {
        "triggered": ALERT,
        "re-triggered": ALERT,
        # Of any state that lasts: it says that this one does.
        "renotify": ALERT,
        "warn": WARN,
        "re-warn": WARN,
        # Nobody hears of it any more, which may be the fault itself: it is looked into.
        "no data": NO_DATA,
        "re-no data": NO_DATA,
        "recovered": ENDED,
    }
)
"""Each transition of a monitor, by which of its turns it is."""
NO_TURN = frozenset({"", "null"})
"""What an event has that is not of a monitor, or of one that did not change."""
TYPES: Mapping[str, str] = MappingProxyType({"error": ALERT, "warning": WARN, "success": ENDED})
"""The same by the type of the event, for a transition that is not known here."""

PRIORITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "p1": Severity.CRITICAL,
        "p2": Severity.HIGH,
        "p3": Severity.HIGH,
        "p4": Severity.LOW,
        "p5": Severity.LOW,
    }
)
SERVICE = "service"
"""The tag whose value names the service."""

_UNSET = re.compile(r"\$[A-Z][A-Z_]*(?:\[[^\]]*\])?")
_OPENS = re.compile(r"\s*\{\s*")
_FIELD = re.compile(
    r'"([a-z]+)"\s*:\s*"((?:[^"\\]|\\.)*)"\s*(,\s*(?="[a-z]+"\s*:)|\}\s*\Z)', re.DOTALL
)
_TITLE = re.compile(r'"title"\s*:\s*"(.*)', re.DOTALL)
_PREFIX = re.compile(
    r"\[(?:P[1-5]|TEST|(?:Re-)?(?:Triggered|Warn|No Data)|Recovered|Renotify)\b[^\]]*\]\s*",
    re.IGNORECASE,
)


class DatadogAlerts:
    """Fulfils ``ports.alerts.Alerts``.

    ``secret`` is what the webhook's own header ``Authorization: Bearer`` bears; several, separated
    by commas, are all good. None at all lets nobody in.
    """

    source = "datadog"

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secrets = Secrets(secret)
        self._clock = clock

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - not signed
        """Whether the Authorization header bears one of the secrets."""
        return self._secrets.borne(headers)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:  # noqa: ARG002 - all is in the body
        """The monitor's turn as an alert."""
        if len(body) > MOST_BODY_BYTES:
            return self._without(f"the body is longer than {MOST_BODY_BYTES} bytes")
        fields = _fields(body)
        if "transition" not in fields:
            return self._without("the body is not of the template that 'vigil connect' prints")
        turn = _turn(fields)
        if turn is None:
            said = words(fields["transition"])[:MOST_TAGS] or "none"
            why = f"the event is no turn of a monitor (its transition is '{said}')"
            return Delivery(source=self.source, alerts=(), without_effect=why, ids=_ids(fields))
        return Delivery(source=self.source, alerts=(self._alert(fields, turn),), ids=_ids(fields))

    def _without(self, why: str) -> Delivery:
        return Delivery(source=self.source, alerts=(), not_understood=why)

    def _alert(self, fields: Mapping[str, str], turn: str) -> Alert:
        title = fields.get("title", "")
        cycle, monitor, scope = (fields.get(n, "") for n in ("cycle", "monitor", "scope"))
        name = identifier(_bare(title)) or (f"monitor {monitor}" if monitor else "unnamed")
        # Apart for each group of a monitor, whatever the cycle's key covers.
        spell = [cycle, monitor, scope]
        return Alert(
            source=self.source,
            name=name,
            service=_service(scope, fields.get("tags", "")) or "unknown",
            status=AlertStatus.RESOLVED if turn == ENDED else AlertStatus.FIRING,
            fingerprint=content_digest(spell if cycle else [*spell[1:], name]),
            severity=_severity(fields.get("priority", ""), turn),
            summary=words(title),
            labels=_labels(fields),
            starts_at=_moment(fields.get("date", "")) or self._clock.now(),
            turn=turn if cycle else "",
            repeated=bool(cycle),
        )


def _turn(fields: Mapping[str, str]) -> str | None:
    transition = fields["transition"].lower()
    if transition in NO_TURN:
        return None
    return TURNS.get(transition) or TYPES.get(fields.get("type", "").lower())


def _fields(body: bytes) -> dict[str, str]:
    """The template's fields that have a value; ``transition`` is there whenever it was sent."""
    text = body.decode("utf-8", "replace")
    try:
        # Line ends within a text break no string here.
        found = json.loads(text, object_pairs_hook=_first_of_each, strict=False)
    except (ValueError, RecursionError):
        found = _from_the_front(text)
    if not isinstance(found, dict):
        return {}
    sent = {n: identifier(found[n]) for n in FIELDS if isinstance(found.get(n), str)}
    return {n: "" if _UNSET.fullmatch(value) else value for n, value in sent.items()}


def _first_of_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return dict(reversed(pairs))


def _from_the_front(text: str) -> dict[str, object]:
    """The whole fields of a broken body, in the template's order and up to the first broken one."""
    opened = _OPENS.match(text)
    found: dict[str, object] = {}
    place = opened.end() if opened else len(text)
    for name in FIELDS:
        field = _FIELD.match(text, place)
        if field is None or field[1] != name:
            title = _TITLE.match(text, place)
            if title is not None and name == "title":
                found[name] = title[1].rstrip().removesuffix("}").rstrip().removesuffix('"')
            break
        found[name] = _unescaped(field[2])
        place = field.end()
    return found


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _ids(fields: Mapping[str, str]) -> tuple[str, ...]:
    """What tells this event from all others: its id, with its cycle and its transition."""
    number = fields.get("id")
    parts = [fields.get("cycle", ""), fields.get("transition", ""), number]
    return (f"event:{content_digest(parts)}",) if number else ()


def _bare(title: str) -> str:
    """The monitor's own title, which is the same at every turn."""
    while (prefix := _PREFIX.match(title)) is not None:
        title = title[prefix.end() :]
    return title.strip()


def _service(scope: str, tags: str) -> str:
    """By the tag of what triggered, else of the event."""
    for listed in (scope, tags):
        for tag in listed.split(",", MOST_TAGS)[:MOST_TAGS]:
            key, _, value = tag.strip().partition(":")
            if key == SERVICE and value:
                return value
    return ""


def _severity(priority: str, turn: str) -> Severity:
    if turn == WARN:
        return Severity.LOW
    return PRIORITIES.get(priority.lower(), Severity.HIGH)


def _labels(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    kept = ("host", "monitor", "org", "priority", "scope", "tags", "transition", "type")
    return tuple((name, words(fields[name])) for name in kept if fields.get(name))


def _moment(date: str) -> Instant | None:
    """Milliseconds since 1970."""
    if not (date.isascii() and date.isdigit() and len(date) <= len("9999999999999")):
        return None
    return datetime.fromtimestamp(int(date) / 1000, UTC)
