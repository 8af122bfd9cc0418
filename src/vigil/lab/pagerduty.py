"""PagerDuty's webhook, version 3, as it sends it: events about incidents, signed.

Here PagerDuty stands behind Prometheus, as it often does: each firing opens an incident of its own,
whose title is a sentence with the alert's name in it, on a service that has another name there.
Ids are drawn from what they name, so that the same delivery, sent again, is the same to the byte.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from random import Random
from string import ascii_uppercase, digits
from typing import Any
from uuid import UUID

from vigil.lab.alerts import Delivery, Firing, Receiver, stamp
from vigil.lab.config import LabConfig
from vigil.lab.names import PagerDutyNames, Reference

API = "https://api.pagerduty.com"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def receiver(config: LabConfig, url: str) -> Receiver:
    """Whoever takes PagerDuty's webhook at this address; each event is told once."""

    def write(firing: Firing) -> Delivery:
        raw = json.dumps({"event": event(config, firing)}, separators=(",", ":")).encode()
        secret = config.files.pagerduty_secret.read_text().strip()
        headers = {
            "User-Agent": "PagerDuty-Webhook/V3.0",
            "X-PagerDuty-Signature": signature(secret, raw),
            "X-Webhook-Id": str(UUID(bytes=_drawn(config, firing, "delivery").randbytes(16))),
            "X-Webhook-Subscription": config.names.pagerduty.subscription,
        }
        return Delivery(url, raw, headers)

    return Receiver("pagerduty", write, repeat_s=None, gives_up=True)


def signature(secret: str, raw: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def event(config: LabConfig, firing: Firing) -> dict[str, Any]:
    own = config.names.pagerduty
    service = config.names.in_pagerduty(firing.rule.symptom.service)
    kind = "incident.resolved" if firing.until else "incident.triggered"
    return {
        "id": "01" + "".join(_drawn(config, firing, kind).choices(CROCKFORD, k=24)),
        "event_type": kind,
        "resource_type": "incident",
        "occurred_at": stamp(firing.until or firing.since),
        "agent": {
            "html_url": f"{_site(own)}/services/{service.id}/integrations/{own.integration.id}",
            "id": own.integration.id,
            "self": f"{API}/services/{service.id}/integrations/{own.integration.id}",
            "summary": own.integration.summary,
            "type": "events_api_v2_inbound_integration_reference",
        },
        "client": None,
        "data": _incident(config, firing),
    }


def _incident(config: LabConfig, firing: Firing) -> dict[str, Any]:
    own, rule = config.names.pagerduty, firing.rule
    ended = firing.until is not None
    drawn = _drawn(config, firing, "incident")
    number = drawn.randrange(100, 10_000)
    incident = "Q" + "".join(drawn.choices(ascii_uppercase + digits, k=13))
    person = _reference(own, "users", own.person)
    return {
        "id": incident,
        "type": "incident",
        "self": f"{API}/incidents/{incident}",
        "html_url": f"{_site(own)}/incidents/{incident}",
        "number": number,
        "status": "resolved" if ended else "triggered",
        "incident_key": f"{drawn.getrandbits(128):032x}",
        "created_at": _second(firing.since),
        # As Alertmanager words it for PagerDuty: how many, which alert, its other labels.
        "title": f"[FIRING:1] {rule.symptom.alert} {rule.symptom.service} ({rule.severity})",
        "service": _reference(own, "services", config.names.in_pagerduty(rule.symptom.service)),
        "assignees": [] if ended else [person],
        "escalation_policy": _reference(own, "escalation_policies", own.policy),
        "teams": [_reference(own, "teams", own.team)],
        "priority": None,
        "urgency": "high" if rule.severity == "critical" else "low",
        "conference_bridge": None,
        "resolve_reason": None,
    }


def _reference(own: PagerDutyNames, kind: str, named: Reference) -> dict[str, str]:
    singular = {"escalation_policies": "escalation_policy"}.get(kind, kind.removesuffix("s"))
    return {
        "html_url": f"{_site(own)}/{kind}/{named.id}",
        "id": named.id,
        "self": f"{API}/{kind}/{named.id}",
        "summary": named.summary,
        "type": f"{singular}_reference",
    }


def _site(own: PagerDutyNames) -> str:
    return f"https://{own.account}.pagerduty.com"


def _drawn(config: LabConfig, firing: Firing, what: str) -> Random:
    """Chance that is the same for the same firing; a delivery is named by what it tells as well."""
    told = firing.status if what == "delivery" else ""
    named = f"{config.seed} {firing.rule.symptom.alert} {firing.since.isoformat()} {what} {told}"
    return Random(named)  # noqa: S311 - a name, no secret


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
