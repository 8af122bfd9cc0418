"""PagerDuty's deliveries over real HTTP, from a sender that tries again and gives up as it does."""

import asyncio
import json
from datetime import timedelta

import httpx2
import pytest
from tests.support.hand_clock import START
from tests.support.pagerduty import Message, PagerDuty, signature
from tests.web.house import BEARER, PAGERDUTY_SECRETS, WEBHOOK_TOKEN, House, alertmanager_body

from vigil.domain.alert import Alert, AlertStatus, Delivery
from vigil.domain.incident import Incident, Stage
from vigil.ports.inbox import REMEMBERED, SETTLE

TITLE = "[FIRING:1] CheckoutErrors shop-web (critical)"


@pytest.fixture
def vendor(house: House) -> PagerDuty:
    return PagerDuty(f"{house.origin}/webhooks/pagerduty", house.clock.now, PAGERDUTY_SECRETS)


async def again(vendor: PagerDuty, message: Message) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await vendor.attempt(client, message)


async def count(house: House, result: str, counter: str = "deliveries") -> float:
    text = (await house.client.get("/metrics")).text
    name = f'vigil_{counter}_total{{result="{result}",source="pagerduty"}} '
    return sum(float(one.removeprefix(name)) for one in text.splitlines() if one.startswith(name))


async def close(house: House, incident: Incident, stage: Stage) -> None:
    closed = incident.model_copy(update={"stage": stage, "closed_at": house.clock.now()})
    expected = (incident.stage, incident.attempt)
    assert await house.record.journal.commit(
        incident=closed, expected=expected, now=house.clock.now()
    )


async def kinds(house: House, incident: Incident) -> list[tuple[str, str]]:
    events = await house.record.journal.events(incident.id)
    return [(event.kind, str((event.payload or {}).get("source"))) for event in events]


async def test_one_fault_heard_of_three_times_is_one_incident_until_all_say_it_is_over(
    house: House, vendor: PagerDuty
) -> None:
    """The vendor's own name for the service and the alert's name within its sentence map it."""
    number = vendor.trigger(TITLE)
    assert await vendor.deliver() == [202]
    token = {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
    firing = alertmanager_body({"alertname": "CheckoutErrors", "service": "web"})
    await house.client.post("/webhooks/alertmanager", content=firing, headers=token)
    seen = Alert(
        source="watch",
        name="errors",
        service="web",
        status=AlertStatus.FIRING,
        fingerprint="web/errors",
        starts_at=START,
    )
    await house.take_in()
    await house.engine.hear(Delivery(source="watch", alerts=(seen,)))
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert (incident.service, incident.symptom, incident.title) == ("web", "errors", TITLE)
    vendor.acknowledge(number)
    vendor.resolve(number)
    assert await vendor.deliver() == [202, 202]
    await house.take_in()
    assert await kinds(house, incident) == [
        ("opened", "pagerduty"),
        ("alert_joined", "alertmanager"),
        ("alert_joined", "watch"),
        ("done_at_source", "pagerduty"),
        ("alert_resolved", "pagerduty"),
    ]
    assert await count(house, "accepted") == 3
    told = await house.client.get(f"/api/incidents/{incident.id}/timeline", headers=BEARER)
    acknowledged, over = told.json()["events"][-2:]
    assert (acknowledged["payload"]["did"], over["payload"]["by"]) == ("acknowledged", "Somebody")


async def test_a_merge_goes_on_as_the_other_incident(house: House, vendor: PagerDuty) -> None:
    """That one is of a service nobody here is told of: its end is the end of this one."""
    first = vendor.trigger(TITLE)
    await vendor.deliver()
    other = vendor.trigger("the database is down", service={"summary": "Database"})
    del vendor.queue[-1]
    vendor.merge(first, other)
    vendor.acknowledge(other)
    assert await vendor.deliver() == [202, 202]
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert not await house.record.journal.said_to_be_over(incident.id)
    vendor.resolve(other)
    await vendor.deliver()
    await house.take_in()
    assert await kinds(house, incident) == [
        ("opened", "pagerduty"),
        ("done_at_source", "pagerduty"),
        ("done_at_source", "pagerduty"),
        ("alert_resolved", "pagerduty"),
    ]
    assert await house.record.journal.said_to_be_over(incident.id)


async def test_what_changes_nothing_is_on_record_and_never_refused(
    house: House, vendor: PagerDuty
) -> None:
    """Three refusals would silence the feed for a day."""
    vendor.tell("incident.teleported", {"id": "Q1"})
    vendor.tell("incident.triggered", None)
    vendor.queue.append(Message("w-1", b"\xff{"))
    vendor.queue.append(Message("w-2", b""))
    vendor.queue.append(Message("w-3", b"[" * 50_000))
    assert await vendor.deliver() == [202] * 5
    assert not vendor.off
    await house.take_in()
    with house.record.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT source, text FROM deliveries").all()
    kept = {text for source, text in rows if source == "pagerduty"}
    assert "'incident.teleported' is not known here" in kept
    assert len(kept) >= 3
    assert await house.record.journal.incidents() == ()
    assert (await count(house, "without_effect"), await count(house, "not_understood")) == (1, 4)


async def test_another_attempt_at_the_same_delivery_changes_nothing(
    house: House, vendor: PagerDuty
) -> None:
    vendor.trigger(TITLE)
    await vendor.deliver()
    [message] = vendor.sent
    answer = await house.client.post(
        "/webhooks/pagerduty",
        content=message.body,
        headers={
            "x-pagerduty-signature": signature(message.body, *PAGERDUTY_SECRETS),
            "x-webhook-id": message.webhook_id,
        },
    )
    assert (answer.status_code, answer.json()) == (
        202,
        {"alerts": 1, "not_understood": None, "without_effect": None},
    )
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert await kinds(house, incident) == [("opened", "pagerduty")]
    assert await count(house, "replayed", counter="alerts") == 1


async def test_each_of_both_ids_alone_makes_a_replay(house: House, vendor: PagerDuty) -> None:
    vendor.trigger(TITLE)
    await vendor.deliver()
    [message] = vendor.sent
    other_event = vendor.tell("incident.triggered", json.loads(message.body)["event"]["data"])
    for replay in (
        Message("never-seen", message.body),
        Message(message.webhook_id, other_event.body),
        Message("", message.body),
    ):
        assert await again(vendor, replay) == 202
    await house.take_in()
    assert await count(house, "replayed", counter="alerts") == 3
    [incident] = await house.record.journal.incidents()
    assert len(await house.record.journal.events(incident.id)) == 1


@pytest.mark.parametrize("later", [SETTLE * 2, REMEMBERED * 2], ids=["soon", "forgotten"])
async def test_an_old_body_sent_again_opens_nothing_however_late(
    house: House, vendor: PagerDuty, later: timedelta
) -> None:
    """Beyond what is remembered the key of the alert still knows it."""
    number = vendor.trigger(TITLE)
    vendor.resolve(number)
    await vendor.deliver()
    await house.take_in()
    captured = list(vendor.sent)
    [incident] = await house.record.journal.incidents()
    await close(house, incident, Stage.RESOLVED)
    house.clock.advance(later.total_seconds())
    # Something else comes in meanwhile, which is when what is too old is forgotten.
    vendor.tell("pagey.ping", {})
    await vendor.deliver()
    for message in captured:
        assert await again(vendor, Message("a new one", message.body)) == 202
    await house.take_in()
    assert len(await house.record.journal.incidents()) == 1
    # Trouble that is new is heard.
    vendor.trigger(TITLE)
    await vendor.deliver()
    await house.take_in()
    assert len(await house.record.journal.incidents()) == 2


async def test_an_incident_that_was_reopened_is_new_trouble(
    house: House, vendor: PagerDuty
) -> None:
    number = vendor.trigger(TITLE)
    vendor.resolve(number)
    await vendor.deliver()
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    await close(house, incident, Stage.RESOLVED)
    house.clock.advance(600)
    vendor.reopen(number)
    assert await vendor.deliver() == [202]
    await house.take_in()
    newest, _ = await house.record.journal.incidents()
    assert (newest.id != incident.id, newest.symptom) == (True, "errors")


async def test_many_attempts_at_once_are_one_incident(house: House, vendor: PagerDuty) -> None:
    vendor.trigger(TITLE)
    [message] = vendor.queue
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        answers = await asyncio.gather(*(vendor.attempt(client, message) for _ in range(12)))
    assert set(answers) == {202}
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert await kinds(house, incident) == [("opened", "pagerduty")]


async def test_what_could_not_be_written_down_is_tried_again_and_not_lost(
    house: House, vendor: PagerDuty
) -> None:
    vendor.trigger(TITLE)
    with house.record.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")
        connection.commit()
    assert await vendor.deliver() == [503]
    assert len(vendor.queue) == 1
    with house.record.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO inbox")
        connection.commit()
    assert await vendor.deliver() == [202]
    await house.take_in()
    assert len(await house.record.journal.incidents()) == 1


async def test_a_wrong_secret_is_refused_and_raises_ready(house: House, vendor: PagerDuty) -> None:
    right, vendor.secrets = vendor.secrets, ("another-secret",)
    for _ in range(4):
        vendor.trigger(TITLE)
    assert await vendor.deliver() == [401] * 3
    assert vendor.off, "the vendor stops sending"
    assert await house.record.journal.incidents() == ()
    raised = await house.client.get("/ready")
    [part] = [p for p in raised.json()["parts"] if p["part"] == "source pagerduty"]
    assert (raised.status_code, part["ok"]) == (503, False)
    vendor.secrets, vendor.dropped = right, 0
    vendor.trigger(TITLE)
    assert await vendor.deliver() == [202]
    assert (await house.client.get("/ready")).status_code == 200


@pytest.mark.parametrize("kept", PAGERDUTY_SECRETS)
async def test_a_secret_is_changed_without_a_gap(
    house: House, vendor: PagerDuty, kept: str
) -> None:
    vendor.secrets = (kept,)
    vendor.trigger(TITLE)
    vendor.secrets = ("one-that-vigil-does-not-know", kept)
    vendor.trigger("Something else")
    assert await vendor.deliver() == [202, 202]


async def test_off_without_a_secret_and_says_what_turns_it_on(
    house: House, vendor: PagerDuty
) -> None:
    sources = house.engine.sources
    assert isinstance(sources, dict)
    del sources["pagerduty"]
    message = vendor.tell("pagey.ping", {})
    answer = await house.client.post("/webhooks/pagerduty", content=message.body)
    assert answer.status_code == 404
    assert answer.json()["error"]["what"] == "off: set PAGERDUTY_WEBHOOK_SECRET"
