"""Alertmanager's webhook, version 4, as it sends it."""

import hashlib
import json
from typing import Any

from vigil.lab.alerts import Delivery, Firing, Receiver, stamp
from vigil.lab.config import LabConfig

NEVER = "0001-01-01T00:00:00Z"


def receiver(config: LabConfig, url: str) -> Receiver:
    """Whoever takes Alertmanager's webhook at this address; a firing is repeated there."""

    def write(firing: Firing) -> Delivery:
        headers = {"User-Agent": "Alertmanager/0.25.0"}
        if config.files.alert_token.exists():
            headers["Authorization"] = f"Bearer {config.files.alert_token.read_text().strip()}"
        return Delivery(url, json.dumps(body(firing)).encode(), headers)

    return Receiver("alertmanager", write, config.timing.alert_repeat, gives_up=False)


def body(firing: Firing) -> dict[str, Any]:
    symptom = firing.rule.symptom
    labels = {
        "alertname": symptom.alert,
        "env": "shop",
        "job": symptom.service,
        **({"route": symptom.route} if symptom.route else {}),
        "service": symptom.service,
        "severity": firing.rule.severity,
    }
    annotations = {
        "description": firing.rule.description,
        "summary": f"{symptom.service}: {symptom.alert}",
    }
    group = {"alertname": symptom.alert, "service": symptom.service}
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
                "startsAt": stamp(firing.since),
                "endsAt": stamp(firing.until) if firing.until else NEVER,
                "generatorURL": "http://prometheus.example.test:9090/graph?g0.tab=1",
                "fingerprint": _fingerprint(labels),
            }
        ],
    }


def _fingerprint(labels: dict[str, str]) -> str:
    """The same for the same labels, firing or resolved."""
    return hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]
