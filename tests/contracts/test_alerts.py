"""The promises of ``ports.alerts``, over each of its adapters.

What is only Alertmanager's stands here as well; what is only another's in ``tests/alerts``.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.hand_clock import START, HandClock
from tests.support.pagerduty import PagerDuty, signature

from vigil.domain.alert import Alert, AlertStatus, Severity
from vigil.domain.scrub import MOST_READ, clean
from vigil.integrations._clients import untrusted
from vigil.integrations.alerts.alertmanager import AlertmanagerAlerts
from vigil.integrations.alerts.datadog import FIELDS, DatadogAlerts
from vigil.integrations.alerts.generic import GenericAlerts
from vigil.integrations.alerts.grafana import GrafanaAlerts
from vigil.integrations.alerts.pagerduty import PagerDutyAlerts
from vigil.ports.alerts import Alerts

CAPTURED = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "alertmanager"


def one(**more: object) -> dict[str, Any]:
    """An element of ``alerts`` as Alertmanager writes it."""
    return {
        "status": "firing",
        "labels": {"alertname": "ShopCheckoutErrors", "service": "shop", "severity": "critical"},
        "annotations": {"summary": "checkout answers 500"},
        "startsAt": "2026-03-01T11:58:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?token=t0psecret",
        "fingerprint": "5ca1ab1e5ca1ab1e",
    } | more


def body(*alerts: object, **more: object) -> bytes:
    group: dict[str, object] = {
        "version": "4",
        "status": "firing",
        "receiver": "vigil",
        "truncatedAlerts": 0,
    }
    group |= {"groupKey": '{}:{alertname="ShopCheckoutErrors"}', "externalURL": "http://am:9093"}
    return json.dumps(group | {"alerts": list(alerts)} | more).encode()


@pytest.fixture
def alerts() -> Alerts:
    return AlertmanagerAlerts("new-token, old-token", HandClock())


def parsed(alerts: Alerts, *found: object, **more: object) -> tuple[Alert, ...]:
    delivery = alerts.parse({}, body(*found, **more))
    assert delivery.not_understood is None
    assert delivery.source == alerts.source == "alertmanager"
    return delivery.alerts


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({"authorization": "Bearer new-token"}, True),
        ({"authorization": "bearer  old-token "}, True),
        ({}, False),
        ({"authorization": ""}, False),
        ({"authorization": "Bearer"}, False),
        ({"authorization": "Bearer "}, False),
        ({"authorization": "Basic new-token"}, False),
        ({"authorization": "new-token"}, False),
        ({"authorization": "Bearer new-token, old-token"}, False),
        ({"authorization": "Bearer new-tokem"}, False),
        ({"authorization": "Bearer \ud800\x00ü"}, False),
    ],
)
def test_1_authentic_only_with_a_token(
    alerts: Alerts, headers: Mapping[str, str], good: bool
) -> None:
    assert alerts.authentic(headers, b"{}") is good


ADAPTERS: tuple[Callable[[str], Alerts], ...] = (
    lambda secrets: AlertmanagerAlerts(secrets, HandClock()),
    lambda secrets: PagerDutyAlerts(secrets, HandClock()),
    lambda secrets: DatadogAlerts(secrets, HandClock()),
    lambda secrets: GrafanaAlerts(secrets, HandClock()),
    lambda secrets: GenericAlerts(secrets, HandClock()),
)
NAMES = ("alertmanager", "pagerduty", "datadog", "grafana", "generic")
each_adapter = pytest.mark.parametrize("adapter", ADAPTERS, ids=NAMES)


PROOFS = ("authorization", "x-pagerduty-signature", "x-grafana-alerting-signature")
"""Headers in which a source may show that it knows the secret."""


def proof_of(source: str, secret: str, raw: bytes) -> dict[str, str]:
    """The headers of somebody who knows the secret."""
    if source == "pagerduty":
        return {"x-pagerduty-signature": signature(raw, secret)}
    return {"authorization": f"Bearer {secret}"}


@each_adapter
def test_1_each_of_several_secrets_lets_in_and_no_other(adapter: Callable[[str], Alerts]) -> None:
    alerts = adapter(" new, old ,")
    for secret, good in (("new", True), ("old", True), ("other", False), ("", False)):
        assert alerts.authentic(proof_of(alerts.source, secret, b"x"), b"x") is good, secret
    assert not alerts.authentic({}, b"x")


@each_adapter
@pytest.mark.parametrize("secrets", ["", " ", ",", " , "])
def test_1_without_a_secret_nobody_comes_in(adapter: Callable[[str], Alerts], secrets: str) -> None:
    alerts = adapter(secrets)
    for guess in ("", ",", " "):
        assert not alerts.authentic(proof_of(alerts.source, guess, b""), b"")
    for header in ("Bearer ", "Bearer", "Bearer ,", "", "v1=", "v1=,v1="):
        assert not alerts.authentic(dict.fromkeys(PROOFS, header), b"")


@each_adapter
@given(
    header=st.text(max_size=100) | st.text(max_size=70).map("v1={}".format),
    stamp=st.none() | st.text(max_size=20),
    raw=st.binary(),
)
def test_1_authentic_never_raises(
    adapter: Callable[[str], Alerts], header: str, stamp: str | None, raw: bytes
) -> None:
    headers = dict.fromkeys(PROOFS, header)
    if stamp is not None:
        headers["x-grafana-alerting-timestamp"] = stamp
    assert not adapter("the-secret").authentic(headers, raw)


@each_adapter
@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{", b"null", b"[]", b"{}", b'{"alerts": {}}', b'{"alerts": [1, null]}', b"\xff"),
        *(b'{"event": 1}', b'{"event": {}}', b'{"event": {"event_type": 1}}'),
        b'{"event": {"event_type": "incident.triggered", "data": {"id": 1}}}',
        b"[" * 100_000,
        b'{"alerts": [' + b" " * (11 * 1024 * 1024) + b"]}",
        *(b"NaN", b"1e999", b'"\\ud800"', b"1" * 5000, b'{"alerts": NaN, "event": Infinity}'),
        b'{"name": 1, "service": {}, "transition": 2}',
    ],
)
def test_2_what_cannot_be_read_says_why(adapter: Callable[[str], Alerts], raw: bytes) -> None:
    delivery = adapter("t").parse({}, raw)
    assert (delivery.alerts, delivery.without_effect) == ((), None)
    assert delivery.not_understood


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@each_adapter
@given(
    raw=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
    header=st.text(max_size=20),
)
def test_2_parse_never_raises_on_anything(
    adapter: Callable[[str], Alerts], raw: bytes, header: str
) -> None:
    named = ("x-webhook-id", "content-type", "ce-specversion", "ce-id", "ce-source", "ce-type")
    adapter("t").parse(dict.fromkeys(named, header), raw)
    adapter("t").parse({}, raw)


def whole(source: str, text: str) -> bytes:
    """A body of one alert with this for each of its texts."""
    if source == "pagerduty":
        data = {"id": text, "title": text, "service": {"summary": text}, "urgency": text}
        return json.dumps({"event": {"event_type": "incident.triggered", "data": data}}).encode()
    if source == "datadog":
        return json.dumps(dict.fromkeys(FIELDS, text) | {"transition": "Triggered"}).encode()
    if source == "generic":
        return json.dumps({"name": text, "service": text, "summary": text}).encode()
    labels = {"alertname": text, "service": text, "x": text}
    return body(one(labels=labels, annotations={"summary": text}, fingerprint=text))


@each_adapter
@pytest.mark.parametrize(
    "text", ["\ud800x\x00\u202e\x1b[31m", "y" * 70_000, "'; --", "$ID", "é\U0001f525"]
)
def test_3_odd_texts_are_kept_short_and_fit_to_show(
    adapter: Callable[[str], Alerts], text: str
) -> None:
    alerts = adapter("t")
    (alert,) = alerts.parse({}, whole(alerts.source, text)).alerts
    kept = [alert.name, alert.service, alert.fingerprint, alert.summary]
    kept += [value for _, value in alert.labels]
    assert all(len(each) <= 4096 for each in kept)
    assert not set("".join(kept)) & set("\ud800\x00\u202e\x1b")
    assert alert.model_dump_json(), "it can be written down"


@each_adapter
def test_3_a_secret_in_a_text_is_not_kept(adapter: Callable[[str], Alerts]) -> None:
    alerts = adapter("t")
    odd = "see http://am:s3cret@host/ password=hunter2"
    (alert,) = alerts.parse({}, whole(alerts.source, odd)).alerts
    assert "hunter2" not in alert.summary
    assert "s3cret" not in alert.summary


def test_2_what_changes_nothing_is_without_effect() -> None:
    vendor = PagerDuty("", HandClock().now, ("t",))
    vendor.tell("pagey.ping", {})
    delivery = PagerDutyAlerts("t", HandClock()).parse({}, vendor.queue[-1].body)
    assert (delivery.alerts, delivery.not_understood) == ((), None)
    assert delivery.without_effect == "'pagey.ping' changes nothing here"


@given(st.sampled_from(sorted(one())), JSON)
def test_2_an_odd_field_does_not_lose_the_alert(field: str, value: object) -> None:
    (alert,) = parsed(AlertmanagerAlerts("t", HandClock()), one(**{field: value}))
    assert alert.name
    assert alert.service
    assert alert.fingerprint


def test_2_a_firing_alert_is_read_whole(alerts: Alerts) -> None:
    (alert,) = parsed(alerts, one())
    assert alert.name == "ShopCheckoutErrors"
    assert alert.service == "shop"
    assert alert.status is AlertStatus.FIRING
    assert alert.severity is Severity.CRITICAL
    assert alert.summary == "checkout answers 500"
    assert alert.fingerprint == "5ca1ab1e5ca1ab1e"
    assert alert.starts_at == datetime(2026, 3, 1, 11, 58, 0, 123456, tzinfo=UTC)
    assert ("severity", "critical") in alert.labels


def test_2_every_alert_of_a_group_has_its_own_state(alerts: Alerts) -> None:
    second = one(status="resolved", fingerprint="2", endsAt="2026-03-01T12:00:00Z")
    found = parsed(alerts, one(), second, "broken", one(fingerprint="3"), status="firing")
    assert [(a.fingerprint, a.status.value) for a in found] == [
        ("5ca1ab1e5ca1ab1e", "firing"),
        ("2", "resolved"),
        ("3", "firing"),
    ]


def test_2_a_repetition_is_the_same_delivery_and_a_new_start_another(alerts: Alerts) -> None:
    (first,), (again,) = parsed(alerts, one()), parsed(alerts, one())
    (later,) = parsed(alerts, one(startsAt="2026-03-01T12:58:00Z"))
    (resolved,) = parsed(alerts, one(status="resolved"))
    assert first.delivery_key == again.delivery_key
    assert len({first.delivery_key, later.delivery_key, resolved.delivery_key}) == 3


@pytest.mark.parametrize(
    ("labels", "service", "severity"),
    [
        ({"service": "a", "job": "b", "app": "c", "severity": "page"}, "a", Severity.CRITICAL),
        ({"job": "b", "app": "c", "severity": "Warning"}, "b", Severity.HIGH),
        ({"app": "c", "severity": "high"}, "c", Severity.HIGH),
        ({"service": "", "app": "c", "severity": "info"}, "c", Severity.LOW),
        ({"severity": "low"}, "unknown", Severity.LOW),
        ({"severity": "whatever"}, "unknown", Severity.HIGH),
        ({}, "unknown", Severity.HIGH),
    ],
)
def test_2_service_and_severity_come_from_labels(
    alerts: Alerts, labels: dict[str, str], service: str, severity: Severity
) -> None:
    (alert,) = parsed(alerts, one(labels=labels))
    assert (alert.service, alert.severity) == (service, severity)


@pytest.mark.parametrize("starts", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "x", 3])
def test_2_without_a_start_it_starts_now(alerts: Alerts, starts: object) -> None:
    (alert,) = parsed(alerts, one(startsAt=starts))
    assert alert.starts_at == START


def test_2_nobody_gave_a_fingerprint_so_the_labels_make_one(alerts: Alerts) -> None:
    (first,), (same,) = parsed(alerts, one(fingerprint="")), parsed(alerts, one(fingerprint=""))
    (other,) = parsed(alerts, one(fingerprint="", labels={"alertname": "Other"}))
    assert first.fingerprint == same.fingerprint != other.fingerprint


def test_2_fingerprints_that_look_like_secrets_stay_apart(alerts: Alerts) -> None:
    long = "0123456789abcdef" * 4
    first, second = parsed(alerts, one(fingerprint=long), one(fingerprint=long[::-1]))
    assert first.fingerprint != second.fingerprint


def test_3_bounds(alerts: Alerts) -> None:
    long = "x " * 5000
    many = [one(fingerprint=str(n)) for n in range(1500)]
    many[0] = one(annotations={"summary": long}, labels={"alertname": long, "service": long})
    found = parsed(alerts, *many, truncatedAlerts=7)
    assert len(found) == 1000
    first = found[0]
    assert max(len(first.summary), len(first.name), len(first.service)) <= 4096
    assert all(len(value) <= 4096 for _, value in first.labels)


@pytest.mark.parametrize("source", ["alertmanager", "grafana", "generic"])
def test_3_no_work_is_done_on_labels_that_are_not_kept(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body of the greatest size has tens of thousands, and each takes several patterns."""
    cleaned: list[int] = []

    def counted(text: str, limit: int) -> str:
        cleaned.append(min(len(text), MOST_READ))
        return clean(text, limit)

    monkeypatch.setattr(untrusted, "clean", counted)
    labels = {f"l{number:05}": "" for number in reversed(range(50_000))}
    labels["l00007"] = "w" * 200_000
    alert = one(labels=labels, name="CheckoutErrors", service="web", summary="slow")
    document = alert if source == "generic" else {"alerts": [alert]}
    raw = json.dumps(document, separators=(",", ":")).encode()
    (found,) = ADAPTERS[NAMES.index(source)]("t").parse({}, raw).alerts
    assert [name for name, _ in found.labels] == [f"l{number:05}" for number in range(100)]
    assert len(found.labels[7][1]) == 4096
    assert len(cleaned) <= 101, "and the summary"
    assert sum(cleaned) <= MOST_READ + 200


def test_3_no_secret_of_the_provider_is_kept(alerts: Alerts) -> None:
    odd = one(annotations={"summary": "see http://am:s3cret@host/ password=hunter2"})
    (alert,) = parsed(alerts, odd)
    kept = alert.model_dump_json()
    for secret in ("t0psecret", "s3cret@", "hunter2", "9093", "new-token"):
        assert secret not in kept


@pytest.mark.skipif(not CAPTURED.is_dir(), reason="no captured bodies beside this checkout")
@pytest.mark.parametrize("status", list(AlertStatus))
def test_2_bodies_captured_from_a_real_alertmanager(alerts: Alerts, status: AlertStatus) -> None:
    raw = (CAPTURED / f"webhook-v4.{status.value}.raw.json").read_bytes()
    (alert,) = alerts.parse({}, raw).alerts
    assert (alert.name, alert.service, alert.status) == ("ServiceDown", "checkout", status)
    assert alert.starts_at.utcoffset() == timedelta(0)
