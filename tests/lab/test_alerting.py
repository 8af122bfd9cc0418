"""The shop's alerts: rules, receivers over real HTTP (about 5 s)."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.lab.alert_sink import PAGERDUTY, AlertSink

from vigil.lab import alertmanager, pagerduty
from vigil.lab.alerting import Alert, Increases, receivers
from vigil.lab.alerts import Firing
from vigil.lab.config import LabConfig, new_config
from vigil.lab.errors import LabUsage
from vigil.lab.lab import Lab
from vigil.lab.ports import Ports
from vigil.lab.rules import Counts, rule_of, rules

CONTRACT = Path(__file__).parents[3] / "shared" / "contracts" / "pagerduty"
PORTS = Ports(proxy=1, web=(2, 3), worker=4, database=5, cache=6)
SECRET = "made-up-secret-of-the-lab-tests"
TOKEN = "made-up-token-of-the-lab-tests"
AT = datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=UTC)


@pytest.fixture
def sink() -> Iterator[AlertSink]:
    opened = AlertSink()
    yield opened
    opened.close()


def made(state: Path, seed: int = 1, **urls: str) -> LabConfig:
    config = new_config(
        state,
        seed=seed,
        ports=PORTS,
        alert_url=urls.get("alert_url"),
        pagerduty_url=urls.get("pagerduty_url"),
    )
    config.files.private.mkdir(parents=True)
    config.files.pagerduty_secret.write_text(SECRET)
    return config


# --- rules -----------------------------------------------------------------------------------


def requests(route: str, method: str = "POST", **by_status: int) -> Counts:
    return {
        ("http_requests_total", labels(route=route, method=method, status=status[1:])): count
        for status, count in by_status.items()
    }


def labels(**given: str) -> frozenset[tuple[str, str]]:
    return frozenset(given.items())


def took(route: str, method: str, *, within: int, late: int) -> Counts:
    name, own = "http_request_duration_seconds", {"route": route, "method": method}
    return {
        (f"{name}_count", labels(**own)): within + late,
        (f"{name}_bucket", labels(**own, le="0.5")): max(within - 1, 0),
        (f"{name}_bucket", labels(**own, le="1.0")): within,
        (f"{name}_bucket", labels(**own, le="+Inf")): within + late,
    }


def orders(placed: int, fulfilled: int | None) -> Counts:
    counts: dict[Any, float] = {("orders_placed_total", labels()): placed}
    if fulfilled is not None:
        counts["orders_fulfilled_total", labels()] = fulfilled
    return counts


RECEIPT = "/orders/{order_id}/receipt"


@pytest.mark.parametrize(
    ("part", "counts", "holds"),
    [
        ("checkout", {}, False),
        ("checkout", requests("/checkout", s303=18, s500=2), False),
        ("checkout", requests("/checkout", s303=17, s500=3), True),
        ("checkout", requests("/checkout", s303=7, s404=3), False),
        ("checkout", requests("/checkout", s503=1), False),
        ("checkout", requests("/checkout", s503=2), True),
        ("checkout", requests("/", s500=9), False),
        ("catalogue", requests("/", "GET", s500=9), True),
        ("catalogue", requests("/basket", "GET", s500=9), False),
        ("receipt", requests(RECEIPT, "GET", s503=3), False),
        ("receipt", requests(RECEIPT, "GET", s500=4), True),
        ("receipt", requests(RECEIPT, "GET", s200=4, s500=4), False),
        ("receipt", requests("/orders/{order_id}", "GET", s500=9), False),
        ("checkout_slow", took("/checkout", "POST", within=5, late=5), False),
        ("checkout_slow", took("/checkout", "POST", within=4, late=5), True),
        ("checkout_slow", took("/checkout", "POST", within=0, late=1), False),
        ("checkout_slow", took("/checkout", "GET", within=0, late=9), False),
        ("checkout_slow", took("/", "POST", within=0, late=9), False),
        ("fulfilment", orders(placed=2, fulfilled=0), True),
        ("fulfilment", orders(placed=2, fulfilled=None), True),
        ("fulfilment", orders(placed=9, fulfilled=1), False),
        ("fulfilment", orders(placed=1, fulfilled=0), False),
    ],
)
def test_a_rule_holds_or_not(tmp_path: Path, part: str, counts: Counts, holds: bool) -> None:
    assert rule_of(made(tmp_path), part).holds(counts) is holds


def test_each_alert_accuses_the_service_that_a_rule_is_about(tmp_path: Path) -> None:
    config = made(tmp_path)
    accused = {
        part: alertmanager.body(Firing(rule, AT))["commonLabels"]["service"]
        for part, rule in rules(config).items()
    }
    web = config.names.web
    assert accused.pop("fulfilment") == config.names.worker
    assert accused == dict.fromkeys(("checkout", "checkout_slow", "catalogue", "receipt"), web)
    with pytest.raises(LabUsage, match="fulfilment"):
        rule_of(config, "weather")


def test_increases_survive_a_restart_and_a_silence() -> None:
    increases, series = Increases(), ("orders_placed_total", labels())
    assert increases.since_last("a", {series: 100}) == {}
    assert increases.since_last("a", {series: 103}) == {series: 3}
    # Not asked about while it was silent, which changes nothing.
    assert increases.since_last("a", {series: 2}) == {series: 2}
    assert increases.since_last("b", {series: 50}) == {}


# --- receivers -------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path, sink: AlertSink) -> LabConfig:
    return made(tmp_path, alert_url=sink.url, pagerduty_url=sink.pagerduty_url)


class Clock:
    """Ticks of one alert, half a second apart, as the alerting process makes them."""

    def __init__(self, config: LabConfig) -> None:
        hold_s = config.timing.alert_hold
        self._alert = Alert(rule_of(config, "checkout"), hold_s, receivers(config))
        self._now = 100.0

    def run(self, seconds: float, counts: Counts) -> None:
        for _ in range(round(seconds * 2)):
            self._now += 0.5
            self._alert.tick(self._now, counts)


FAILING = requests("/checkout", s500=2)
GOOD = requests("/checkout", s303=5)


def test_both_hear_when_it_begins_and_when_it_is_over(config: LabConfig, sink: AlertSink) -> None:
    clock = Clock(config)
    clock.run(1.0, FAILING)
    assert (sink.bodies, sink.events) == ([], []), "not before it held for a while"
    clock.run(4.0, FAILING)
    clock.run(8.0, GOOD)
    assert sink.statuses() == ["firing", "resolved"]
    assert sink.kinds() == ["incident.triggered", "incident.resolved"]


def test_alertmanager_repeats_and_pagerduty_does_not(config: LabConfig, sink: AlertSink) -> None:
    clock = Clock(config)
    clock.run(config.timing.alert_hold + 2.5 * config.timing.alert_repeat, FAILING)
    assert sink.statuses() == ["firing"] * 3
    assert len({body["alerts"][0]["startsAt"] for body in sink.bodies}) == 1
    assert sink.kinds() == ["incident.triggered"]


def test_one_that_takes_nothing_keeps_nobody_else_waiting(
    config: LabConfig, sink: AlertSink
) -> None:
    sink.answers[PAGERDUTY] = [503] * 6
    clock = Clock(config)
    clock.run(4.0, FAILING)
    assert sink.statuses() == ["firing"]
    clock.run(8.0, GOOD)
    assert sink.statuses() == ["firing", "resolved"]
    assert sink.kinds() == ["incident.triggered", "incident.resolved"], "late, and in order"
    first = sink.attempts[:7]
    assert len({tried.raw for tried in first}) == 1, "tried again as it was"
    assert len({tried.headers["X-Webhook-Id"] for tried in first}) == 1


def test_pagerduty_gives_up_after_a_4xx_and_alertmanager_tries_again(
    config: LabConfig, sink: AlertSink
) -> None:
    sink.answers = {PAGERDUTY: [400], "/webhooks/alertmanager": [401, 401]}
    clock = Clock(config)
    clock.run(6.0, FAILING)
    assert sink.events == []
    assert len(sink.attempts) == 1
    assert sink.statuses() == ["firing"]


def test_pagerduty_tries_again_when_asked_to_slow_down(config: LabConfig, sink: AlertSink) -> None:
    sink.answers[PAGERDUTY] = [429]
    Clock(config).run(5.0, FAILING)
    assert sink.kinds() == ["incident.triggered"]


# --- PagerDuty's words -----------------------------------------------------------------------


def firing(config: LabConfig, part: str = "checkout") -> Firing:
    return Firing(rule_of(config, part), AT)


def test_a_firing_is_one_incident_with_ids_of_its_own(config: LabConfig) -> None:
    began = firing(config)
    triggered = pagerduty.event(config, began)
    resolved = pagerduty.event(config, replace(began, until=datetime.now(UTC)))
    assert triggered["data"]["id"] == resolved["data"]["id"]
    assert triggered["data"]["title"] == resolved["data"]["title"]
    assert triggered["id"] != resolved["id"]
    assert (triggered["data"]["status"], resolved["data"]["status"]) == ("triggered", "resolved")
    later = pagerduty.event(config, replace(began, since=datetime.now(UTC)))
    other = pagerduty.event(config, firing(config, "catalogue"))
    assert len({event["data"]["id"] for event in (triggered, later, other)}) == 3
    assert len({event["id"] for event in (triggered, later, other)}) == 3
    assert triggered == pagerduty.event(config, began)


def test_title_and_service_are_in_pagerdutys_own_words(config: LabConfig) -> None:
    symptom = config.names.fulfilment
    data = pagerduty.event(config, firing(config, "fulfilment"))["data"]
    assert data["title"] == f"[FIRING:1] {symptom.alert} {symptom.service} (critical)"
    assert data["service"]["summary"] == config.names.in_pagerduty(symptom.service).summary
    assert data["service"]["summary"] != symptom.service


def test_the_signature_is_of_the_raw_body(config: LabConfig, sink: AlertSink) -> None:
    Clock(config).run(5.0, FAILING)
    (received,) = sink.events
    assert received.signed_with(SECRET)
    assert received.headers["User-Agent"] == "PagerDuty-Webhook/V3.0"
    assert received.headers["Content-Type"] == "application/json"
    assert received.headers["X-Webhook-Subscription"] == config.names.pagerduty.subscription
    assert re.fullmatch(r"[0-9a-f-]{36}", received.headers["X-Webhook-Id"])


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    """RFC 4231, case 2."""
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert pagerduty.signature("Jefe", b"what do ya want for nothing?") == f"v1={digest}"


def sample(name: str) -> Any:  # noqa: ANN401 - a JSON document
    path = CONTRACT / name
    if not path.exists():
        pytest.skip(f"PagerDuty's contract is not beside this checkout ({path})")
    return json.loads(path.read_text())


def test_the_signature_is_that_of_the_contracts_vectors() -> None:
    cases = {case["name"]: case for case in sample("signature-vectors.json")["cases"]}
    valid = cases["valid"]
    assert pagerduty.signature(valid["secret"], valid["body"].encode()) == valid["signature"]


def shape(value: object) -> object:
    """Names and kinds, without what they hold."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


NOT_ALWAYS = {"reopened_at", "incident_type"}
"""An incident that was never opened again and has no type carries none of these."""
CAN_BE_NULL = {"agent", "client", "priority", "conference_bridge"}


def test_an_event_has_the_shape_of_the_contracts_sample(config: LabConfig) -> None:
    theirs = sample("webhook-samples/event.incident.priority_updated.json")["event"]
    theirs["data"] = sample("webhook-samples/data.incident.json")
    known = sample("webhook-samples/create-subscription-request.json")["webhook_subscription"]
    schema = sample("rest.openapi.json")["components"]["schemas"]["Incident"]
    for until in (None, AT):
        ours = json.loads(json.dumps(pagerduty.event(config, replace(firing(config), until=until))))
        assert ours["event_type"] in known["events"]
        assert ours["data"]["status"] in find(schema, "status")["enum"]
        assert same_shape(ours, theirs) == []
        assert same_shape(ours["data"], theirs["data"]) == []


def same_shape(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Where the two differ, allowing for what can be absent, null or an empty list."""
    differ = sorted((set(ours) ^ set(theirs)) - NOT_ALWAYS)
    for name in set(ours) & set(theirs) - {"data"}:
        absent = ours[name] is None and name in CAN_BE_NULL
        if not absent and ours[name] != [] and shape(ours[name]) != shape(theirs[name]):
            differ.append(name)
    return differ


def find(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        part["properties"][name] for part in schema["allOf"] if name in part.get("properties", {})
    )
    return found


def test_pagerduty_without_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabUsage, match="VIGIL_LAB_PAGERDUTY_SECRET"):
        Lab.up(tmp_path / "s", seed=1, pagerduty_url="http://127.0.0.1:1/")
    assert not (tmp_path / "s").exists()
