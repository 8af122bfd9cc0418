"""The generic webhook: Vigil's own form, and CloudEvents in both modes."""

import base64
import json
from typing import Any

import pytest
from tests.support.hand_clock import START, HandClock

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.integrations.alerts.generic import MOST_BODY_BYTES, GenericAlerts

ALERT = {
    "name": "CheckoutErrors",
    "service": "web",
    "status": "firing",
    "severity": "critical",
    "summary": "half of the checkouts fail",
    "fingerprint": "web/checkout",
    "starts_at": "2026-03-01T11:00:00Z",
    "labels": {"region": "eu"},
}
EVENT = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "/checks/shop",
    "type": "org.example.check.failed",
    "time": "2026-03-01T10:00:00Z",
    "datacontenttype": "application/json",
}
BINARY = {f"ce-{name}": value for name, value in EVENT.items() if name != "datacontenttype"}
BINARY |= {"content-type": "application/json; charset=utf-8"}
STRUCTURED = {"content-type": "application/cloudevents+json; charset=UTF-8"}


def parsed(body: object, headers: dict[str, str] | None = None) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return GenericAlerts("s", HandClock()).parse(headers or {}, raw)


def only(body: object, headers: dict[str, str] | None = None) -> Alert:
    (alert,) = parsed(body, headers).alerts
    return alert


def test_an_alert_of_vigils_own_form_is_read_whole() -> None:
    alert = only(ALERT)
    assert (alert.source, alert.name, alert.service) == ("generic", "CheckoutErrors", "web")
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.CRITICAL)
    assert (alert.summary, alert.fingerprint) == ("half of the checkouts fail", "web/checkout")
    assert (alert.starts_at.hour, alert.labels) == (11, (("region", "eu"),))


def test_only_a_name_and_a_service_are_needed() -> None:
    alert = only({"name": "CheckoutErrors", "service": "web"})
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.HIGH)
    assert alert.starts_at == START
    over = only({"name": "CheckoutErrors", "service": "web", "status": "resolved"})
    assert over.fingerprint == alert.fingerprint


@pytest.mark.parametrize(
    ("word", "severity"),
    [("Critical", "critical"), ("warning", "high"), ("info", "low"), ("odd", "high"), (3, "high")],
)
def test_severities(word: object, severity: str) -> None:
    assert only(ALERT | {"severity": word}).severity.value == severity


@pytest.mark.parametrize(
    "odd",
    [
        {"name": ""},
        {"name": 3},
        {"service": None},
        {"service": "\ud800"},
        {"status": "broken"},
        {"status": ["firing"]},
        {"status": None},
        {"alerts": {}},
        {"alerts": []},
        {"alerts": [3]},
    ],
)
def test_what_is_not_of_the_form_says_why(odd: dict[str, Any]) -> None:
    delivery = parsed(ALERT | odd)
    assert delivery.alerts == ()
    assert "alert" in str(delivery.not_understood)


def test_one_that_cannot_be_read_does_not_lose_the_others() -> None:
    body = {"alerts": [ALERT, 7, ALERT | {"status": "x"}, ALERT | {"fingerprint": "b"}]}
    assert [a.fingerprint for a in parsed(body).alerts] == ["web/checkout", "b"]


def test_so_many_and_no_more() -> None:
    assert len(parsed({"alerts": [ALERT] * 1500}).alerts) == 1000
    assert "longer than" in str(parsed(b" " * (MOST_BODY_BYTES + 1)).not_understood)
    assert len(only(ALERT | {"labels": {str(n): "x" for n in range(500)}}).labels) == 100


def test_a_delivery_is_known_by_its_id_where_it_has_one() -> None:
    assert parsed(ALERT | {"id": "7"}).ids == ("delivery:7",)
    assert parsed(ALERT).ids == parsed(ALERT | {"id": 7}).ids == ()
    first, again = only(ALERT), only(ALERT | {"summary": "still"})
    assert first.delivery_key == again.delivery_key, "the same start is the same trouble"


def test_of_two_fields_of_one_name_the_last_counts() -> None:
    body = b'{"name": "a", "service": "web", "status": "firing", "status": "resolved"}'
    assert only(body).status is AlertStatus.RESOLVED


# --- CloudEvents ------------------------------------------------------------------------------


def test_both_modes_say_the_same() -> None:
    data = {name: value for name, value in ALERT.items() if name != "starts_at"}
    encoded = base64.b64encode(json.dumps(data).encode()).decode()
    deliveries = [
        parsed(EVENT | {"data": data}, STRUCTURED),
        parsed(EVENT | {"data_base64": encoded}, STRUCTURED),
        parsed(data, BINARY),
    ]
    assert deliveries[0] == deliveries[1] == deliveries[2]
    (alert,) = deliveries[0].alerts
    assert alert.starts_at.hour == 10, "the event's time"
    assert len(deliveries[0].ids) == 1


def test_an_event_is_known_by_its_id_within_its_source() -> None:
    same = parsed(ALERT, BINARY).ids
    assert same == parsed(ALERT, BINARY | {"ce-time": "2026-03-01T11:11:00Z"}).ids
    assert same != parsed(ALERT, BINARY | {"ce-source": "/other"}).ids
    assert same != parsed(ALERT, BINARY | {"ce-id": "2"}).ids


def test_an_attribute_in_a_header_is_percent_encoded_or_quoted() -> None:
    plain = parsed(EVENT | {"source": 'é "x"', "data": ALERT}, STRUCTURED).ids
    for header in ("%C3%A9%20%22x%22", "%c3%a9%20%22x%22", '"%C3%A9 \\"x\\""'):
        assert parsed(ALERT, BINARY | {"ce-source": header}).ids == plain


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"ce-source": "%C0%A0"}, "not UTF-8"),
        ({"ce-specversion": "0.3"}, "specversion"),
        ({"ce-specversion": ""}, "specversion"),
        ({"ce-id": " "}, "'id'"),
        ({"ce-type": "%00"}, "'type'"),
        ({"content-type": "application/cloudevents-batch+json"}, "batch"),
        ({"content-type": "application/cloudevents+avro"}, "only application/cloudevents+json"),
    ],
)
def test_an_event_that_cannot_be_read_says_why(headers: dict[str, str], why: str) -> None:
    delivery = parsed(ALERT, BINARY | headers)
    assert delivery.alerts == ()
    assert why in str(delivery.not_understood)


@pytest.mark.parametrize(
    "event",
    [
        EVENT,
        EVENT | {"data": "text"},
        EVENT | {"data": [ALERT]},
        EVENT | {"data_base64": "%%%"},
        EVENT | {"data_base64": base64.b64encode(b"[").decode()},
        EVENT | {"specversion": 1.0, "data": ALERT},
        EVENT | {"specversion": None, "data": ALERT},
        EVENT | {"id": 7, "data": ALERT},
        {"data": ALERT},
    ],
)
def test_an_event_without_an_alert_is_not_understood(event: dict[str, Any]) -> None:
    delivery = parsed(event, STRUCTURED)
    assert delivery.alerts == ()
    assert delivery.not_understood


def test_a_time_that_cannot_be_read_is_now() -> None:
    data = {"name": "a", "service": "web"}
    assert only(data, BINARY | {"ce-time": "soon"}).starts_at == START
