"""Datadog's, Grafana's and generic deliveries over real HTTP, each off without its secret."""

import hmac
import json
import random
from hashlib import sha256

import pytest
from tests.support.vendors.datadog import Datadog
from tests.web.house import WEBHOOK_TOKEN, House, alertmanager_body

from vigil.domain.incident import Stage
from vigil.integrations.alerts.datadog import TEMPLATE
from vigil.ports.inbox import SETTLE

BEARER = {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
FIRING = alertmanager_body({"alertname": "CheckoutErrors", "service": "web"})
OWN = json.dumps({"name": "CheckoutErrors", "service": "web", "id": "7"}).encode()
SETTINGS = {
    "datadog": "DATADOG_WEBHOOK_SECRET",
    "generic": "GENERIC_WEBHOOK_SECRET",
    "grafana": "GRAFANA_WEBHOOK_SECRET",
}


@pytest.fixture
def vendor(house: House) -> Datadog:
    url = f"{house.origin}/webhooks/datadog"
    return Datadog(url, house.clock.now, TEMPLATE, WEBHOOK_TOKEN)


async def kinds(house: House) -> list[list[str]]:
    """Of each incident, the newest first."""
    journal = house.record.journal
    return [
        [event.kind for event in await journal.events(incident.id)]
        for incident in await journal.incidents()
    ]


async def cure(house: House) -> None:
    [incident] = await house.record.journal.incidents()
    closed = incident.model_copy(update={"stage": Stage.RESOLVED, "closed_at": house.clock.now()})
    assert await house.record.journal.commit(
        incident=closed, expected=(incident.stage, incident.attempt), now=house.clock.now()
    )


@pytest.mark.parametrize("source", sorted(SETTINGS))
async def test_off_without_a_secret_refused_with_another_and_heard_with_it(
    house: House, source: str
) -> None:
    path = f"/webhooks/{source}"
    vendor = Datadog("", house.clock.now, TEMPLATE)
    body = {"datadog": vendor.turn("Triggered"), "grafana": FIRING, "generic": OWN}[source]
    refused = await house.client.post(path, content=body, headers={"authorization": "Bearer x"})
    assert refused.status_code == 401
    ready = (await house.client.get("/ready")).json()["parts"]
    assert [part["ok"] for part in ready if part["part"] == f"source {source}"] == [False]
    answer = await house.client.post(path, content=body, headers=BEARER)
    assert (answer.status_code, answer.json()["alerts"]) == (202, 1)
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert (incident.service, incident.symptom) == ("web", "errors")
    again = await house.client.post(path, content=body, headers=BEARER)
    assert again.status_code == 202
    await house.take_in()
    assert await kinds(house) == [["opened"]], "the same again is a repetition or a replay"
    sources = house.engine.sources
    assert isinstance(sources, dict)
    del sources[source]
    off = await house.client.post(path, content=body, headers=BEARER)
    assert off.status_code == 404
    assert off.json()["error"]["what"] == f"off: set {SETTINGS[source]}"


@pytest.mark.parametrize("source", sorted(SETTINGS))
async def test_whatever_an_authentic_delivery_says_it_is_answered_202(
    house: House, source: str
) -> None:
    deep = b'{"transition": ' + b'{"a":' * 50_000
    for body in (b"", b"\xff", b"NaN", b"[" * 50_000, deep, b'{"alerts": [NaN]}', b"1" * 9000):
        answer = await house.client.post(f"/webhooks/{source}", content=body, headers=BEARER)
        assert answer.status_code == 202, body[:20]
        assert answer.json()["not_understood"]
    await house.take_in()
    assert await house.record.inbox.lines() == ()
    assert await house.record.journal.incidents() == ()


# --- Datadog ------------------------------------------------------------------------------------


async def test_a_monitors_cycle_is_one_incident(house: House, vendor: Datadog) -> None:
    for transition in ("Warn", "Triggered", "Renotify", "Recovered"):
        house.clock.advance(60)
        vendor.turn(transition)
    assert await vendor.deliver() == [202] * 4
    await house.take_in()
    assert await kinds(house) == [["opened", "alert_joined", "alert_resolved"]]


async def test_no_order_of_a_cycles_events_opens_anything_after_its_end(
    house: House, vendor: Datadog
) -> None:
    for transition in ("Triggered", "Re-Triggered", "Recovered"):
        vendor.turn(transition)
    vendor.queue.reverse()
    await vendor.deliver()
    await house.take_in()
    assert await house.record.journal.incidents() == ()
    vendor.turn("Triggered")
    await vendor.deliver()
    await house.take_in()
    assert await kinds(house) == [["opened"]], "the next cycle is heard"


async def test_all_in_any_order_and_twice_end_as_they_would_have(
    house: House, vendor: Datadog
) -> None:
    for scope in ("service:web,host:a", "service:web,host:b"):
        for transition in ("Warn", "Triggered", "Re-Triggered", "Recovered"):
            vendor.turn(transition, scope)
    vendor.queue += vendor.queue
    random.Random(7).shuffle(vendor.queue)  # noqa: S311 - the same order each time
    await vendor.deliver()
    await house.take_in()
    for incident in await house.record.journal.incidents():
        assert await house.record.journal.said_to_be_over(incident.id)


async def test_what_lasts_long_after_a_cure_is_heard_again_and_its_echo_is_not(
    house: House, vendor: Datadog
) -> None:
    vendor.turn("Triggered")
    await vendor.deliver()
    await house.take_in()
    await cure(house)
    vendor.turn("Renotify")
    await vendor.deliver()
    await house.take_in()
    assert len(await kinds(house)) == 1, "a monitor looks at a window of time"
    house.clock.advance(SETTLE.total_seconds() + 1)
    vendor.turn("Renotify")
    await vendor.deliver()
    await house.take_in()
    assert await kinds(house) == [["opened"], ["opened"]]


async def test_what_breaks_the_template_is_heard_all_the_same(
    house: House, vendor: Datadog
) -> None:
    vendor.escapes = False
    vendor.title = 'CheckoutErrors: "half"\n of it", "transition": "Recovered'
    vendor.turn("Triggered")
    assert await vendor.deliver() == [202]
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert (incident.service, incident.symptom) == ("web", "errors")


async def test_what_could_not_be_written_down_is_tried_again(house: House, vendor: Datadog) -> None:
    """Datadog tries again after a 503 only, so that is what it is told."""
    vendor.turn("Triggered")
    with house.record.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")
        connection.commit()
    assert await vendor.deliver() == [503] * 5
    assert len(vendor.lost) == 1


# --- Grafana --------------------------------------------------------------------------------------


async def test_grafana_signs_with_a_time_and_what_was_recorded_is_refused_later(
    house: House,
) -> None:
    stamp = str(int(house.clock.now().timestamp()))
    message = stamp.encode() + b":" + FIRING
    headers = {
        "x-grafana-alerting-timestamp": stamp,
        "x-grafana-alerting-signature": hmac.new(
            WEBHOOK_TOKEN.encode(), message, sha256
        ).hexdigest(),
    }
    answer = await house.client.post("/webhooks/grafana", content=FIRING, headers=headers)
    assert answer.status_code == 202
    house.clock.advance(301)
    answer = await house.client.post("/webhooks/grafana", content=FIRING, headers=headers)
    assert answer.status_code == 401


# --- generic ------------------------------------------------------------------------------------


async def test_a_cloud_event_in_both_modes_is_the_same_event(house: House) -> None:
    attributes = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "x"}
    data = {"name": "CheckoutErrors", "service": "web"}
    binary = {f"ce-{name}": value for name, value in attributes.items()}
    first = await house.client.post("/webhooks/generic", json=data, headers=BEARER | binary)
    structured = json.dumps(attributes | {"data": data}).encode()
    kind = {"content-type": "application/cloudevents+json"}
    second = await house.client.post("/webhooks/generic", content=structured, headers=BEARER | kind)
    assert (
        first.json()
        == second.json()
        == {
            "alerts": 1,
            "not_understood": None,
            "without_effect": None,
        }
    )
    await house.take_in()
    assert await kinds(house) == [["opened"]]
    counted = (await house.client.get("/metrics")).text
    assert 'vigil_alerts_total{result="replayed",source="generic"} 1.0' in counted
