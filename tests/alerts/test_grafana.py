"""Grafana's webhook contact point: signatures with and without a time, and its own additions."""

import hmac
import json
from hashlib import sha256

import pytest
from tests.support.hand_clock import START, HandClock

from vigil.domain.alert import AlertStatus, Severity
from vigil.integrations.alerts.grafana import FRESH, MOST_DIGITS, GrafanaAlerts

SECRET = "the-signing-secret"
NOW = int(START.timestamp())
WINDOW = int(FRESH.total_seconds())
# As the vendor's documentation shows it, in its fields: a group of two, one of which is over.
BODY = json.dumps(
    {
        "receiver": "vigil",
        "status": "firing",
        "orgId": 1,
        "alerts": [
            {
                "status": "firing",
                "labels": {
                    "alertname": "CheckoutErrors",
                    "service_name": "web",
                    "severity": "critical",
                    "grafana_folder": "shop",
                },
                "annotations": {"summary": "half of the checkouts fail"},
                "startsAt": "2026-03-01T12:56:03.157076+02:00",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://grafana.example/alerting/1afz29v7z/edit",
                "fingerprint": "c6eadffa33fcdf37",
                "silenceURL": "https://grafana.example/alerting/silence/new?x=y",
                "dashboardURL": "",
                "panelURL": "",
                "values": {"B": 44.23943737541908, "C": 1},
                "valueString": "[ var='B' value=44.2 ]",
            },
            {
                "status": "resolved",
                "labels": {"alertname": "DatasourceNoData", "rulename": "Queue", "job": "worker"},
                "annotations": {},
                "startsAt": "2026-03-01T11:00:00Z",
                "endsAt": "2026-03-01T11:30:00Z",
                "fingerprint": "bc97ff14869b13e3",
                "values": None,
            },
        ],
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "https://grafana.example/",
        "version": "1",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "title": "[FIRING:1, RESOLVED:1]",
        "state": "alerting",
        "message": "**Firing**",
    }
).encode()


def signature(message: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), message, sha256).hexdigest()


def authentic(headers: dict[str, str], body: bytes = BODY, secrets: str = SECRET) -> bool:
    named = {
        {"sign": "x-grafana-alerting-signature", "time": "x-grafana-alerting-timestamp"}.get(
            n, n
        ): v
        for n, v in headers.items()
    }
    return GrafanaAlerts(secrets, HandClock()).authentic(named, body)


def timed(stamp: object, body: bytes = BODY) -> dict[str, str]:
    return {"time": str(stamp), "sign": signature(f"{stamp}:".encode() + body)}


def test_it_is_signed_over_the_very_bytes_or_bears_a_secret() -> None:
    signed = {"sign": signature(BODY)}
    assert authentic(signed)
    assert authentic({"sign": signature(BODY).upper()})
    assert authentic(signed, secrets=f"another, {SECRET}")
    assert authentic({"authorization": f"Bearer {SECRET}"})
    assert not authentic(signed, BODY + b" ")
    assert not authentic({"sign": signature(BODY, "another")})
    assert not authentic({"sign": f"sha256={signature(BODY)}"})
    assert not authentic({"sign": SECRET})
    assert not authentic({"authorization": signature(BODY)})


@pytest.mark.parametrize(
    ("stamp", "good"),
    [
        (NOW, True),
        (NOW - WINDOW, True),
        (NOW + WINDOW, True),
        (NOW - WINDOW - 1, False),
        (NOW + WINDOW + 1, False),
        (NOW * 1000, False),
        ("9" * (MOST_DIGITS + 1), False),
        ("", False),
        ("soon", False),
        ("١٢٣", False),
        (f"-{NOW}", False),
    ],
)
def test_a_signed_time_has_to_be_near(stamp: object, good: bool) -> None:
    assert authentic(timed(stamp)) is good


def test_a_time_can_neither_be_taken_away_nor_put_there_nor_changed() -> None:
    old, new = timed(NOW - WINDOW - 1), timed(NOW)
    assert not authentic({"sign": old["sign"]})
    assert not authentic({"sign": old["sign"], "time": new["time"]})
    assert not authentic({"sign": signature(BODY), "time": new["time"]})
    assert not authentic({"sign": signature(BODY), "time": ""})


def test_its_group_is_read_as_alertmanagers_is() -> None:
    first, second = GrafanaAlerts(SECRET, HandClock()).parse({}, BODY).alerts
    assert (first.source, first.status) == ("grafana", AlertStatus.FIRING)
    assert (first.name, first.service, first.severity) == (
        "CheckoutErrors", "web", Severity.CRITICAL,
    )  # fmt: skip
    assert first.summary == "half of the checkouts fail"
    assert first.fingerprint == "c6eadffa33fcdf37"
    assert first.starts_at.isoformat() == "2026-03-01T10:56:03.157076+00:00"
    assert (second.name, second.service) == ("DatasourceNoData", "worker")
    assert second.status is AlertStatus.RESOLVED


def test_what_is_told_again_is_the_same_delivery() -> None:
    alerts = GrafanaAlerts(SECRET, HandClock())
    once, again = alerts.parse({}, BODY), alerts.parse({}, BODY)
    assert [a.delivery_key for a in once.alerts] == [a.delivery_key for a in again.alerts]


def test_what_its_own_template_may_send_is_not_understood() -> None:
    assert GrafanaAlerts(SECRET, HandClock()).parse({}, b'{"text": "x"}').not_understood
