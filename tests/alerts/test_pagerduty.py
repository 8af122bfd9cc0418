"""PagerDuty's wire format: signatures over raw bytes, and what each kind of event means."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.hand_clock import START, HandClock
from tests.support.pagerduty import Message, PagerDuty, signature

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.integrations.alerts.pagerduty import (
    MOST_BODY_BYTES,
    MOST_SIGNATURES,
    WITHOUT_EFFECT,
    PagerDutyAlerts,
)

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "pagerduty"
beside = pytest.mark.skipif(not CONTRACT.is_dir(), reason="no vendor samples beside this checkout")
BODY = b'{"event": {"event_type": "pagey.ping"}}'
SECRET = "the-signing-secret"
TITLE = "[FIRING:1] CheckoutErrors shop-web (critical)"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def vendor(clock: HandClock) -> PagerDuty:
    return PagerDuty("", clock.now, (SECRET,))


def parsed(message: Message) -> Delivery:
    return PagerDutyAlerts(SECRET, HandClock()).parse(
        {"x-webhook-id": message.webhook_id}, message.body
    )


def only(message: Message) -> Alert:
    (alert,) = parsed(message).alerts
    return alert


def told(kind: str, data: object, **event: object) -> bytes:
    known = {"id": "01E", "event_type": kind, "occurred_at": "2026-03-01T11:00:00Z", "data": data}
    return json.dumps({"event": known | event}).encode()


def read(kind: str, data: object, **event: object) -> Delivery:
    return PagerDutyAlerts(SECRET, HandClock()).parse({}, told(kind, data, **event))


# --- signatures ------------------------------------------------------------------------------

GOOD = signature(BODY, SECRET)


@pytest.mark.parametrize(
    ("header", "good"),
    [
        (GOOD, True),
        (f"v1={'0' * 64},{GOOD}", True),
        (f"v1={'0' * 64}, {GOOD} ", True),
        (f"v0=x,v2=x,{GOOD}", True),
        (GOOD.upper().replace("V1", "v1"), True),
        ("", False),
        (GOOD.removeprefix("v1="), False),
        (GOOD.replace("v1", "v2"), False),
        (GOOD.replace("v1", "V1"), False),
        (GOOD[:-1], False),
        (GOOD + "0", False),
        (GOOD.replace("v1=", "v1=="), False),
        ("v1=" + "ü" * 64, False),
        ("v1=\ud800", False),
    ],
)
def test_a_signature_of_version_1_lets_in(header: str, good: bool) -> None:
    alerts = PagerDutyAlerts(SECRET, HandClock())
    assert alerts.authentic({"x-pagerduty-signature": header}, BODY) is good


def test_the_signature_is_over_the_very_bytes() -> None:
    alerts = PagerDutyAlerts(SECRET, HandClock())
    same_json = BODY.replace(b": ", b":")
    assert json.loads(same_json) == json.loads(BODY)
    assert not alerts.authentic({"x-pagerduty-signature": GOOD}, same_json)
    not_text = b"\xff\xfe\x00"
    assert alerts.authentic({"x-pagerduty-signature": signature(not_text, SECRET)}, not_text)


def test_so_many_signatures_are_looked_at_and_no_more() -> None:
    alerts = PagerDutyAlerts(SECRET, HandClock())
    wrong = ["v1=" + "0" * 64] * MOST_SIGNATURES
    just_fits = ",".join([*wrong[1:], GOOD])
    assert alerts.authentic({"x-pagerduty-signature": just_fits}, BODY)
    assert not alerts.authentic({"x-pagerduty-signature": ",".join([*wrong, GOOD])}, BODY)


@beside
def test_the_signatures_that_the_vendors_own_library_is_tested_with() -> None:
    cases = json.loads((CONTRACT / "signature-vectors.json").read_text())["cases"]
    bodies = {case["name"]: case["body"] for case in cases if "body" in case}
    assert {case["valid"] for case in cases} == {True, False}
    for case in cases:
        body = bodies[case.get("same_body_as", case["name"])].encode()
        headers = {"x-pagerduty-signature": case["signature"]}
        for secrets in (case["secret"], f"another,{case['secret']}"):
            alerts = PagerDutyAlerts(secrets, HandClock())
            assert alerts.authentic(headers, body) is case["valid"], case["name"]
        assert not PagerDutyAlerts("another", HandClock()).authentic(headers, body)


# --- events ----------------------------------------------------------------------------------


def test_a_triggered_incident_is_a_firing_alert(vendor: PagerDuty) -> None:
    incident = vendor.trigger(TITLE)
    alert = only(vendor.queue[0])
    assert (alert.source, alert.status) == ("pagerduty", AlertStatus.FIRING)
    assert (alert.name, alert.summary, alert.service) == (TITLE, TITLE, "Shop (production)")
    assert (alert.fingerprint, alert.starts_at) == (incident, START)
    assert alert.severity is Severity.HIGH
    assert dict(alert.labels) == {
        "event_type": "incident.triggered",
        "incident": incident,
        "service_id": "PSHOP01",
        "urgency": "high",
    }


def test_what_turns_and_what_does_not(vendor: PagerDuty, clock: HandClock) -> None:
    incident = vendor.trigger(TITLE)
    steps = (vendor.acknowledge, vendor.resolve, vendor.reopen, vendor.resolve)
    for step in steps:
        clock.advance(60)
        step(incident)
    vendor.annotate(incident, "somebody looks into it")
    turns = [[alert.status.value for alert in parsed(one).alerts] for one in vendor.queue]
    assert turns == [["firing"], [], ["resolved"], ["firing"], ["resolved"], []]
    alerts = [alert for one in vendor.queue for alert in parsed(one).alerts]
    assert len({alert.delivery_key for alert in alerts}) == 4, "each turn is news"
    assert {alert.fingerprint for alert in alerts} == {incident}
    assert not any(alert.repeated for alert in alerts)


def test_another_attempt_is_the_same_delivery(vendor: PagerDuty) -> None:
    vendor.trigger(TITLE)
    first, again = parsed(vendor.queue[0]), parsed(vendor.queue[0])
    assert first == again
    assert first.ids == (
        f"webhook:{vendor.queue[0].webhook_id}",
        f"event:{json.loads(vendor.queue[0].body)['event']['id']}",
    )


@pytest.mark.parametrize("kind", sorted(WITHOUT_EFFECT))
def test_people_and_paperwork_are_without_effect(kind: str) -> None:
    delivery = read(kind, {"id": "Q1", "title": TITLE})
    assert (delivery.alerts, delivery.not_understood) == ((), None)
    assert delivery.without_effect == f"'{kind}' changes nothing here"
    assert delivery.ids == ("event:01E",)


def test_a_type_that_nobody_knows_is_without_effect_and_says_so() -> None:
    delivery = read("incident.teleported\x1b[31m" + "x" * 500, None)
    assert (delivery.alerts, delivery.not_understood) == ((), None)
    assert delivery.without_effect is not None
    assert delivery.without_effect.startswith("'incident.teleportedx")
    assert delivery.without_effect.endswith("' is not known here")
    assert len(delivery.without_effect) < 250


def test_an_incident_that_was_merged_is_not_over(vendor: PagerDuty) -> None:
    incident = vendor.trigger(TITLE)
    vendor.resolve(incident, resolve_reason={"type": "merge_resolve_reason", "incident": {}})
    delivery = parsed(vendor.queue[-1])
    assert delivery.alerts == ()
    assert "merged" in str(delivery.without_effect)


def test_a_body_that_nobody_understands_still_has_its_id() -> None:
    alerts = PagerDutyAlerts(SECRET, HandClock())
    delivery = alerts.parse({"x-webhook-id": "w1"}, b"{")
    assert delivery.not_understood
    assert delivery.ids == ("webhook:w1",)
    assert alerts.parse({"x-webhook-id": " "}, b"{").ids == ()


@pytest.mark.parametrize(
    ("priority", "urgency", "severity"),
    [
        ("P1", "low", Severity.CRITICAL),
        ("SEV-1", "low", Severity.CRITICAL),
        ("p2", "low", Severity.HIGH),
        ("P5", "high", Severity.LOW),
        ("Whatever", "low", Severity.LOW),
        (None, "high", Severity.HIGH),
        (None, "low", Severity.LOW),
        (None, None, Severity.HIGH),
        (7, ["low"], Severity.HIGH),
    ],
)
def test_how_bad_it_is_says_the_priority_or_else_the_urgency(
    priority: object, urgency: object, severity: Severity
) -> None:
    data = {"id": "Q1", "priority": {"summary": priority}, "urgency": urgency}
    (alert,) = read("incident.triggered", data).alerts
    assert alert.severity is severity


def test_moments_that_cannot_be_read_give_way_to_the_next_best() -> None:
    for created, occurred, expected in (
        ("2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", START - timedelta(hours=2)),
        ("soon", "2026-03-01T11:00:00Z", START - timedelta(hours=1)),
        (None, 7, START),
    ):
        data = {"id": "Q1", "created_at": created}
        (alert,) = read("incident.triggered", data, occurred_at=occurred).alerts
        assert alert.starts_at == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def incident() -> dict[str, Any]:
    vendor = PagerDuty("", HandClock().now, (SECRET,))
    return vendor.incidents[vendor.trigger(TITLE)]


@given(st.sampled_from(sorted(set(incident()) - {"resolve_reason"})), JSON)
def test_an_odd_field_does_not_lose_the_alert(field: str, value: object) -> None:
    (alert,) = read("incident.triggered", incident() | {field: value}).alerts
    assert alert.name
    assert alert.service
    assert alert.fingerprint


@given(st.sampled_from(["id", "event_type", "occurred_at", "data", "agent", "client"]), JSON)
def test_an_odd_event_is_never_a_failure(field: str, value: object) -> None:
    event = json.loads(told("incident.triggered", incident()))["event"] | {field: value}
    delivery = PagerDutyAlerts(SECRET, HandClock()).parse({}, json.dumps({"event": event}).encode())
    told_of = [delivery.alerts, delivery.not_understood, delivery.without_effect]
    assert sum(bool(each) for each in told_of) == 1


def test_texts_are_bounded_and_without_secrets() -> None:
    long = "x " * 5000
    data = incident() | {"title": long, "service": {"summary": long, "id": long}, "id": long}
    (alert,) = read("incident.triggered", data, id=long).alerts
    assert max(map(len, (alert.name, alert.summary, alert.service, alert.fingerprint))) <= 4096
    assert all(len(text) <= 4096 for _, text in alert.labels)
    odd = "db down \x1b]0;x\x07password=hunter2 http://u:s3cret@h/\u202e"
    (alert,) = read("incident.triggered", incident() | {"title": odd}).alerts
    assert alert.summary == "db down password=*** http://u:***@h/"
    assert "\x1b" not in alert.model_dump_json() + alert.name


def test_a_body_that_the_vendor_would_not_send_is_not_read() -> None:
    body = told("incident.triggered", incident())
    alerts = PagerDutyAlerts(SECRET, HandClock())
    padded = body + b" " * (MOST_BODY_BYTES - len(body))
    assert alerts.parse({}, padded).alerts
    assert "longer than" in str(alerts.parse({}, padded + b" ").not_understood)


# --- the vendor's own samples -------------------------------------------------------------------


@beside
def test_samples_of_whole_events_are_understood() -> None:
    found = sorted((CONTRACT / "webhook-samples").glob("event.*.json"))
    assert found
    for sample in found:
        delivery = PagerDutyAlerts(SECRET, HandClock()).parse({}, sample.read_bytes())
        assert delivery.without_effect, sample.name
        assert delivery.without_effect.endswith("changes nothing here"), sample.name
        assert delivery.ids


@beside
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("incident.triggered", AlertStatus.FIRING),
        ("incident.reopened", AlertStatus.FIRING),
        ("incident.resolved", AlertStatus.RESOLVED),
    ],
)
def test_the_sample_of_an_incident_is_read_whole(kind: str, status: AlertStatus) -> None:
    data = json.loads((CONTRACT / "webhook-samples/data.incident.json").read_text())
    (alert,) = read(kind, data).alerts
    assert (alert.status, alert.severity) == (status, Severity.CRITICAL)
    assert (alert.name, alert.service) == ("A little bump in the road", "API Service")
    assert alert.fingerprint == "PGR0VU2"


@beside
def test_the_sender_of_these_tests_has_the_fields_of_the_samples(vendor: PagerDuty) -> None:
    """What it leaves out or has beyond them would make the other tests worth less."""
    samples = CONTRACT / "webhook-samples"
    about = vendor.trigger(TITLE, reopened_at="2026-03-01T12:00:00Z", incident_type={"name": "x"})
    vendor.annotate(about, "a note")
    of_incident, of_note = (json.loads(message.body)["event"] for message in vendor.queue)
    whole = json.loads((samples / "event.incident.priority_updated.json").read_text())["event"]
    assert set(of_incident) == set(of_note) == set(whole)
    for mine, name in ((of_incident, "incident"), (of_note, "incident_note")):
        assert set(mine["data"]) == set(json.loads((samples / f"data.{name}.json").read_text()))
    assert set(of_incident["data"]["service"]) == set(whole["data"]["service"])
