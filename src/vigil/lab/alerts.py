"""Alertmanager's webhook, version 4, as it sends it: the body, and the delivery."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from vigil.lab.config import LabConfig
from vigil.lab.errors import LabError, LabUsage
from vigil.lab.names import Symptom

NEVER = "0001-01-01T00:00:00Z"
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Firing:
    """One alert from its start to, maybe, its end."""

    symptom: Symptom
    since: datetime
    until: datetime | None = None

    @property
    def status(self) -> str:
        return "resolved" if self.until else "firing"


def symptom_of(config: LabConfig, part: str) -> Symptom:
    """The symptom by the part it plays: `checkout` or `catalogue`."""
    symptoms = {"checkout": config.names.checkout, "catalogue": config.names.catalogue}
    if part not in symptoms:
        raise LabUsage(f"no symptom {part!r}: choose one of {', '.join(symptoms)}")
    return symptoms[part]


def body(config: LabConfig, firing: Firing) -> dict[str, Any]:
    labels = {
        "alertname": firing.symptom.alert,
        "env": "shop",
        "job": config.names.web,
        "route": firing.symptom.route,
        "service": config.names.web,
        "severity": "critical",
    }
    annotations = {
        "description": f"More than 20% of the requests to {firing.symptom.route} end in a 5xx.",
        "summary": f"{config.names.web}: errors on {firing.symptom.route}",
    }
    group = {"alertname": firing.symptom.alert, "service": config.names.web}
    pairs = ", ".join(f'{name}="{value}"' for name, value in group.items())
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{pairs}}}",
        "truncatedAlerts": 0,
        "status": firing.status,
        "receiver": "vigil",
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://alertmanager.example.test:9093",
        "alerts": [
            {
                "status": firing.status,
                "labels": labels,
                "annotations": annotations,
                "startsAt": _stamp(firing.since),
                "endsAt": _stamp(firing.until) if firing.until else NEVER,
                "generatorURL": "http://prometheus.example.test:9090/graph?g0.tab=1",
                "fingerprint": _fingerprint(labels),
            }
        ],
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fingerprint(labels: dict[str, str]) -> str:
    """The same for the same labels, firing or resolved."""
    return hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]


def post(config: LabConfig, firing: Firing) -> int:
    """Deliver one alert; the status that came back. LabError when nobody takes it."""
    if config.alert_url is None:
        raise LabUsage("this lab sends no alerts: start it with --alert-url URL")
    headers = {"User-Agent": "Alertmanager/0.25.0"}
    if config.files.alert_token.exists():
        headers["Authorization"] = f"Bearer {config.files.alert_token.read_text().strip()}"
    try:
        answer = httpx2.post(
            config.alert_url,
            json=body(config, firing),
            headers=headers,
            timeout=TIMEOUT_S,
            trust_env=False,
        )
    except httpx2.TransportError as error:
        raise LabError(f"{config.alert_url} takes no alert: {error}") from error
    if answer.is_error:
        raise LabError(f"{config.alert_url} answered {answer.status_code} to an alert")
    return answer.status_code
