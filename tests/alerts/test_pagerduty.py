"""PagerDuty's wire format: signatures over raw bytes, and what each kind of event means."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.hand_clock import START, HandClock
from tests.support.pagerduty import Message, PagerDuty, signature

from vigil.domain.alert import Alert, AlertStatus, Delivery, Did, Doing, Severity
from vigil.integrations.alerts.pagerduty import (
    MOST_BODY_BYTES,
    MOST_SIGNATURES,
    TURNS,
    WITHOUT_EFFECT,
    PagerDutyAlerts,
)
from vigil.integrations.alerts.pagerduty_doings import DOINGS

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
def test_paperwork_is_without_effect(kind: str) -> None:
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


def done(message: Message) -> Doing:
    delivery = parsed(message)
    assert (delivery.alerts, delivery.not_understood, delivery.without_effect) == ((), None, None)
    (doing,) = delivery.doings
    return doing


def test_what_people_do_there_is_seen(vendor: PagerDuty) -> None:
    incident = vendor.trigger(TITLE)
    vendor.acknowledge(incident)
    vendor.reassign(incident, "Ann", "Bob")
    vendor.annotate(incident, "we look at the database")
    seen = [done(message) for message in vendor.queue[1:]]
    assert [(doing.did, doing.text) for doing in seen] == [
        (Did.ACKNOWLEDGED, ""),
        (Did.REASSIGNED, "to Ann, Bob"),
        (Did.WROTE, "we look at the database"),
    ]
    assert {(doing.source, doing.fingerprint, doing.by) for doing in seen} == {
        ("pagerduty", incident, "Somebody")
    }
    assert all(doing.person for doing in seen)
    assert {doing.trouble_key for doing in seen} == {only(vendor.queue[0]).trouble_key}


def test_a_note_of_vigils_own_is_no_news(vendor: PagerDuty) -> None:
    incident = vendor.trigger(TITLE)
    mark = f"[vigil:{'0123456789ab' * 2}]"
    vendor.annotate(incident, f"a plan waits for a person\nhttp://vigil/incidents/1 {mark}")
    delivery = parsed(vendor.queue[-1])
    assert (delivery.doings, delivery.without_effect) == (
        (),
        "'incident.annotated' is of Vigil's own note",
    )
    vendor.annotate(incident, f"what does {mark} mean?")
    assert done(vendor.queue[-1]).text == f"what does {mark} mean?"


OF_AN_INCIDENT = {"incident": {"id": "Q1"}, "id": "X1"}


@pytest.mark.parametrize(
    ("kind", "data", "did", "text"),
    [
        ("acknowledged", {"id": "Q1"}, Did.ACKNOWLEDGED, ""),
        ("unacknowledged", {"id": "Q1"}, Did.UNACKNOWLEDGED, ""),
        ("escalated", {"id": "Q1"}, Did.ESCALATED, ""),
        ("reassigned", {"id": "Q1", "assignees": [3, {"summary": 4}]}, Did.REASSIGNED, ""),
        ("delegated", {"id": "Q1", "escalation_policy": {"summary": "DB"}}, Did.REASSIGNED, "DB"),
        ("priority_updated", {"id": "Q1", "priority": {"summary": "P1"}}, Did.RATED, "P1"),
        ("priority_updated", {"id": "Q1", "priority": None}, Did.RATED, ""),
        ("service_updated", {"id": "Q1", "service": {"summary": "DB"}}, Did.MOVED, "DB"),
        (
            "annotated",
            OF_AN_INCIDENT | {"content": "x", "trimmed": True},
            Did.WROTE,
            "x (cut there)",
        ),
        ("status_update_published", OF_AN_INCIDENT | {"message": "soon"}, Did.WROTE, "soon"),
        (
            "responder.replied",
            OF_AN_INCIDENT | {"user": {"summary": "Ann"}, "state": "declined", "message": None},
            Did.CALLED,
            "Ann, declined",
        ),
        (
            "action_invocation.created",
            OF_AN_INCIDENT | {"action": {"summary": "Restart"}, "state": "created"},
            Did.RAN,
            "Restart, created",
        ),
        ("workflow.started", OF_AN_INCIDENT | {"summary": "Page all"}, Did.RAN, "Page all"),
    ],
)
def test_each_kind_says_what_there_is_to_say(kind: str, data: object, did: Did, text: str) -> None:
    (doing,) = read(f"incident.{kind}", data, agent=None).doings
    assert (doing.fingerprint, doing.did, doing.text, doing.by) == ("Q1", did, text, "")


@pytest.mark.parametrize("kind", sorted(DOINGS))
@given(data=st.none() | st.text() | st.fixed_dictionaries({"incident": st.none() | st.integers()}))
def test_a_doing_that_names_no_incident_is_not_understood(kind: str, data: object) -> None:
    delivery = read(kind, data)
    assert (delivery.alerts, delivery.doings) == ((), ())
    assert f"'{kind}' names no incident" in str(delivery.not_understood)


def test_every_event_has_one_effect() -> None:
    assert not set(DOINGS) & set(TURNS)
    assert not (set(DOINGS) | set(TURNS)) & WITHOUT_EFFECT


@beside
def test_every_event_that_the_vendors_api_names_has_one() -> None:
    api = (CONTRACT / "rest.openapi.json").read_text()
    named = set(re.findall(r'"((?:incident|service|pagey)\.[a-z_.]+)"', api))
    assert len(named) > 10
    assert named <= set(DOINGS) | set(TURNS) | WITHOUT_EFFECT


def test_a_person_who_resolves_is_named(vendor: PagerDuty) -> None:
    incident = vendor.trigger(TITLE)
    vendor.resolve(incident)
    first, last = (only(message) for message in vendor.queue)
    assert (first.by, last.by) == ("", "Somebody")
    assert first.followed
    assert last.followed


@pytest.mark.parametrize(
    ("agent", "by", "person"),
    [
        ({"type": "user_reference", "summary": "Ann"}, "Ann", True),
        ({"type": "user_reference", "summary": 3}, "a user", True),
        ({"type": "service_reference", "summary": "Web"}, "", False),
        ({"type": ["user_reference"], "summary": "Ann"}, "", False),
        (None, "", False),
    ],
)
def test_only_a_user_is_a_person(agent: object, by: str, person: bool) -> None:
    (alert,) = read("incident.resolved", {"id": "Q1"}, agent=agent).alerts
    assert alert.by == by
    (doing,) = read("incident.acknowledged", {"id": "Q1"}, agent=agent).doings
    assert doing.person is person


def test_an_incident_that_was_merged_is_not_over(vendor: PagerDuty) -> None:
    incident, other = vendor.trigger(TITLE), vendor.trigger("the database is down")
    vendor.merge(incident, other)
    doing = done(vendor.queue[-1])
    assert (doing.did, doing.fingerprint, doing.into) == (Did.MERGED, incident, other)
    assert doing.text == "into the database is down"
    assert doing.into_key == only(vendor.queue[1]).trouble_key


@pytest.mark.parametrize("other", [{}, None, {"id": ""}, {"id": 7}, "Q2"])
def test_a_merge_into_nobody_knows_what_is_without_effect(vendor: PagerDuty, other: object) -> None:
    incident = vendor.trigger(TITLE)
    vendor.resolve(incident, resolve_reason={"type": "merge_resolve_reason", "incident": other})
    delivery = parsed(vendor.queue[-1])
    assert (delivery.alerts, delivery.doings) == ((), ())
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
    told_of = [
        delivery.alerts,
        delivery.doings,
        delivery.not_understood,
        delivery.without_effect,
    ]
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
        assert delivery.ids
        if "service" in sample.name:
            assert str(delivery.without_effect).endswith("changes nothing here")
            continue
        (doing,) = delivery.doings
        assert (doing.did, doing.text, doing.by) == (Did.RATED, "P1", "Tenex Engineer")


@beside
@pytest.mark.parametrize(
    ("name", "kind", "incident", "text"),
    [
        ("incident", "incident.reassigned", "PGR0VU2", "to User 123"),
        (
            "incident_note",
            "incident.annotated",
            "PGR0VU2",
            "I sure am glad we are using PagerDuty!",
        ),
        (
            "incident_status_update",
            "incident.status_update_published",
            "PGR0VU2",
            "A fix for this incident is being developed",
        ),
        (
            "incident_responder",
            "incident.responder.added",
            "PGR0VU2",
            "Maeve, pending, Please help me make the tests pass",
        ),
        (
            "incident_action_invocation",
            "incident.action_invocation.created",
            "PBAZLIU",
            "A Helpful Action, created",
        ),
        (
            "incident_workflow_instance",
            "incident.workflow.started",
            "PBAZLIU",
            "A Workflow Instance Name",
        ),
    ],
)
def test_samples_of_what_people_do_are_read_whole(
    name: str, kind: str, incident: str, text: str
) -> None:
    data = json.loads((CONTRACT / f"webhook-samples/data.{name}.json").read_text())
    (doing,) = read(kind, data).doings
    assert (doing.fingerprint, doing.text) == (incident, text)


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
