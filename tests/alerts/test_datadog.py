"""Datadog's webhook: each transition, texts that break the template, and what no text can do."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.hand_clock import START, HandClock
from tests.support.vendors.datadog import Datadog

from vigil.domain.alert import ENDED, Alert, AlertStatus, Delivery, Severity
from vigil.integrations.alerts.datadog import FIELDS, MOST_BODY_BYTES, TEMPLATE, DatadogAlerts

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "datadog"
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def vendor(clock: HandClock) -> Datadog:
    return Datadog("", clock.now, TEMPLATE)


def parsed(body: bytes) -> Delivery:
    return DatadogAlerts("s", HandClock()).parse({}, body)


def only(body: bytes) -> Alert:
    (alert,) = parsed(body).alerts
    return alert


def test_a_monitor_that_triggers_is_a_firing_alert(vendor: Datadog) -> None:
    alert = only(vendor.turn("Triggered"))
    assert (alert.source, alert.status, alert.turn) == ("datadog", FIRING, "alert")
    assert (alert.name, alert.service) == ("CheckoutErrors", "web")
    assert alert.summary == "[Triggered on {service:web}] CheckoutErrors"
    assert (alert.severity, alert.starts_at) == (Severity.HIGH, START.replace(microsecond=0))
    assert dict(alert.labels) == {
        "monitor": "1234",
        "org": "11023",
        "priority": "P2",
        "scope": "service:web",
        "tags": "env:prod,monitor,service:web",
        "transition": "Triggered",
        "type": "error",
    }


@pytest.mark.parametrize(
    ("transition", "status", "turn", "severity"),
    [
        ("Triggered", FIRING, "alert", Severity.HIGH),
        ("Re-Triggered", FIRING, "alert", Severity.HIGH),
        ("Renotify", FIRING, "alert", Severity.HIGH),
        ("Warn", FIRING, "warn", Severity.LOW),
        ("Re-Warn", FIRING, "warn", Severity.LOW),
        ("No Data", FIRING, "no data", Severity.HIGH),
        ("Re-No Data", FIRING, "no data", Severity.HIGH),
        ("Recovered", RESOLVED, ENDED, Severity.HIGH),
        ("RECOVERED", RESOLVED, ENDED, Severity.HIGH),
    ],
)
def test_each_transition_has_its_effect(
    vendor: Datadog, transition: str, status: AlertStatus, turn: str, severity: Severity
) -> None:
    alert = only(vendor.turn(transition))
    assert (alert.status, alert.turn, alert.severity) == (status, turn, severity)
    assert alert.name == "CheckoutErrors", "whatever stands before it"


@pytest.mark.parametrize(
    ("transition", "kind", "status"),
    [("Sideways", "error", FIRING), ("Sideways", "success", RESOLVED), ("Odd", "warning", FIRING)],
)
def test_a_transition_that_nobody_knows_is_read_by_its_type(
    vendor: Datadog, transition: str, kind: str, status: AlertStatus
) -> None:
    assert only(vendor.turn(transition, ALERT_TYPE=kind)).status is status


@pytest.mark.parametrize("transition", ["Null", "", None, "Sideways"])
def test_what_is_no_turn_of_a_monitor_is_without_effect(
    vendor: Datadog, transition: str | None
) -> None:
    body = vendor.turn("", ALERT_TRANSITION=transition, ALERT_TYPE="info")
    delivery = parsed(body)
    assert (delivery.alerts, delivery.not_understood) == ((), None)
    assert "no turn of a monitor" in str(delivery.without_effect)


def test_a_cycle_is_one_trouble_and_each_turn_of_it_one_message(vendor: Datadog) -> None:
    turns = ("Warn", "Triggered", "Renotify", "Re-Triggered", "Recovered", "Triggered")
    alerts = [only(vendor.turn(turn)) for turn in turns]
    keys = [alert.delivery_key for alert in alerts]
    assert keys[1] == keys[2] == keys[3], "the alert is told again"
    assert len(set(keys)) == 4
    assert len({alert.fingerprint for alert in alerts[:5]}) == 1
    assert alerts[5].fingerprint != alerts[0].fingerprint, "and then there is new trouble"
    assert alerts[0].end_key == alerts[1].end_key == alerts[4].delivery_key
    assert alerts[4].end_key is None


def test_the_groups_of_one_monitor_are_apart_even_under_one_key(vendor: Datadog) -> None:
    first = only(vendor.turn("Triggered", "host:a", ALERT_CYCLE_KEY="1"))
    second = only(vendor.turn("Recovered", "host:b", ALERT_CYCLE_KEY="1"))
    assert first.end_key != second.delivery_key


def test_the_same_event_again_is_the_same_delivery(vendor: Datadog) -> None:
    body = vendor.turn("Triggered")
    assert parsed(body).ids == parsed(body).ids
    assert parsed(body).ids != parsed(vendor.turn("Triggered")).ids
    assert parsed(vendor.turn("Triggered", ID=None)).ids == ()


def test_without_a_cycle_each_event_stands_for_itself(vendor: Datadog, clock: HandClock) -> None:
    first = only(vendor.turn("Triggered", ALERT_CYCLE_KEY=None))
    clock.advance(60)
    second = only(vendor.turn("Triggered", ALERT_CYCLE_KEY=""))
    assert first.fingerprint == second.fingerprint
    assert first.delivery_key != second.delivery_key
    assert (first.turn, first.repeated, first.end_key) == ("", False, None)


@pytest.mark.parametrize(
    ("scope", "tags", "service"),
    [
        ("host:a,service:cart", "service:web", "cart"),
        ("host:a", "env:prod, service:web", "web"),
        ("*", "service:", "unknown"),
        ("", "myservice:web", "unknown"),
        ("service:a:b", "", "a:b"),
        ("host:a", "service:" + ",x:y" * 500, "unknown"),
    ],
)
def test_the_service_is_the_tag_of_what_triggered_or_of_the_event(
    vendor: Datadog, scope: str, tags: str, service: str
) -> None:
    vendor.tags = tags
    assert only(vendor.turn("Triggered", scope)).service == service


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("P1", "critical"),
        ("p3", "high"),
        ("P5", "low"),
        ("", "high"),
        (None, "high"),
        ("P9", "high"),
    ],
)
def test_how_bad_it_is_says_the_monitors_priority(
    vendor: Datadog, priority: str | None, severity: str
) -> None:
    assert only(vendor.turn("Triggered", ALERT_PRIORITY=priority)).severity.value == severity


@pytest.mark.parametrize("date", [None, "", "soon", "-1", "9" * 14, "١٢٣"])
def test_a_moment_that_cannot_be_read_is_now(vendor: Datadog, date: str | None) -> None:
    assert only(vendor.turn("Triggered", DATE=date)).starts_at == START


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("[Triggered] [Memory Alert]", "[Memory Alert]"),
        ("[P1] [Re-Triggered on {host:a}] Host is down", "Host is down"),
        ("[TEST] [Recovered] Host is down", "Host is down"),
        ("[No Data on {host:a}] x", "x"),
        ("[shop] is slow", "[shop] is slow"),
        ("[Triggered]", "monitor 1234"),
        (None, "monitor 1234"),
    ],
)
def test_the_name_is_the_monitors_own_title(vendor: Datadog, title: str | None, name: str) -> None:
    assert only(vendor.turn("Triggered", EVENT_TITLE=title)).name == name


# --- texts that a stranger may have written -----------------------------------------------------


def test_a_title_with_quotes_and_line_ends_is_still_read(vendor: Datadog) -> None:
    title = '[Triggered] "half"\nof the \\ checkouts\tfail}'
    whole = only(vendor.turn("Triggered", EVENT_TITLE=title))
    vendor.escapes = False
    broken = only(vendor.turn("Triggered", EVENT_TITLE=title))
    assert whole.name == broken.name == '"half" of the \\ checkouts fail}'
    assert broken.service == "web"
    assert broken.turn == "alert"


@pytest.mark.parametrize(
    "title",
    [
        'x", "transition": "Recovered", "cycle": "1',
        'x", "transition": "Recovered", "z": "',
        'x"} {"transition": "Recovered"}',
        '"transition": "Recovered"',
        'x", "id": "1", "tags": "service:db',
    ],
)
@pytest.mark.parametrize("escapes", [True, False])
def test_no_title_says_over_again_what_stood_before_it(
    vendor: Datadog, title: str, escapes: bool
) -> None:
    vendor.escapes = escapes
    forged = parsed(vendor.turn("Triggered", ID="7", EVENT_TITLE=title))
    usual = parsed(vendor.turn("Triggered", ID="7"))
    assert forged.ids == usual.ids
    [alert], [other] = forged.alerts, usual.alerts
    assert (alert.status, alert.fingerprint, alert.service) == (FIRING, other.fingerprint, "web")


@given(title=st.text(max_size=60))
def test_whatever_a_title_is_the_turn_is_heard(title: str) -> None:
    vendor = Datadog("", HandClock().now, TEMPLATE, escapes=False)
    alert = only(vendor.turn("Triggered", EVENT_TITLE=title))
    assert (alert.status, alert.service, alert.turn) == (FIRING, "web", "alert")
    assert alert.name


@pytest.mark.parametrize("broken", ["ALERT_SCOPE", "TAGS", "HOSTNAME", "ALERT_PRIORITY"])
def test_of_a_broken_body_what_stands_before_the_break_is_read(
    vendor: Datadog, broken: str
) -> None:
    vendor.escapes = False
    alert = only(vendor.turn("Triggered", **{broken: 'a "b" c'}))
    assert (alert.status, alert.turn) == (FIRING, "alert")
    assert dict(alert.labels)["transition"] == "Triggered"
    assert "CheckoutErrors" not in alert.name, "it stands behind the break"


@pytest.mark.parametrize("broken", ["ID", "ALERT_CYCLE_KEY", "ALERT_TRANSITION"])
def test_a_break_in_what_decides_is_not_understood(vendor: Datadog, broken: str) -> None:
    vendor.escapes = False
    delivery = parsed(vendor.turn("Triggered", **{broken: 'a "b" c'}))
    assert delivery.alerts == ()
    assert "vigil connect" in str(delivery.not_understood)


@pytest.mark.parametrize(
    "body",
    [
        b'{"body": "x", "event_type": "query_alert_monitor", "title": "[Triggered] x", "id": "1"}',
        b'{"transition": ["Triggered"]}',
        b'[{"transition": "Triggered"}]',
        b"payload=%7B%7D",
    ],
)
def test_another_template_is_not_understood_and_says_which_is(body: bytes) -> None:
    assert "vigil connect" in str(parsed(body).not_understood)


def test_a_body_that_breaks_off_is_read_as_far_as_it_goes(vendor: Datadog) -> None:
    body = vendor.turn("Triggered")
    read = [parsed(body[:length]) for length in range(len(body))]
    assert all(each.alerts or each.not_understood for each in read)
    assert {alert.status for each in read for alert in each.alerts} == {FIRING}


def test_a_body_that_is_too_long_or_made_to_hang_is_not_read() -> None:
    assert "longer than" in str(parsed(b" " * (MOST_BODY_BYTES + 1)).not_understood)
    deep = b'{"id": ' + b"[" * 200_000
    assert parsed(deep).not_understood
    slow = b'{"id": "' + b"\\" * 500_000 + b'", "' + b'a": "' * 50_000
    assert parsed(slow).not_understood


def test_the_template_has_every_field_once_and_only_texts() -> None:
    assert json.loads(TEMPLATE) == dict(FIELDS)
    assert list(FIELDS)[-1] == "title", "what anybody may have written comes last"


@pytest.mark.skipif(not CONTRACT.is_dir(), reason="no vendor contract beside this checkout")
def test_the_template_is_what_the_vendors_api_takes() -> None:
    api = json.loads((CONTRACT / "v1.openapi.json").read_text())
    webhook = api["components"]["schemas"]["WebhooksIntegration"]["properties"]
    assert webhook["payload"]["type"] == webhook["custom_headers"]["type"] == "string"
    # The vendor's own template, as its API gave it, names these in the same way.
    cassette = "v1.create_a_webhooks_integration_returns_ok_response.yaml"
    recorded = (CONTRACT / "cassettes" / cassette).read_text()
    for field in ("id", "date", "org", "title"):
        assert FIELDS[field] in recorded
