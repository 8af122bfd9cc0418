"""Deliveries: on disk before the answer, refused without the secret, bounded."""

import json
import threading
from collections.abc import AsyncIterator, Mapping

from sqlalchemy import select, update
from tests.support.pagerduty import PagerDuty
from tests.web.house import PAGERDUTY_SECRETS, WEBHOOK_TOKEN, House, alertmanager_body

from vigil.domain.alert import Delivery
from vigil.integrations.alerts.alertmanager import AlertmanagerAlerts
from vigil.integrations.journal.letters import SOURCE_BYTES
from vigil.integrations.journal.tables import deliveries, inbox
from vigil.web.door import MOST_WEBHOOK_BYTES

PATH = "/webhooks/alertmanager"
SECRET = {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
ODD_WORDS = ("\x00", "\ud800", "\u202e", "x" * 70_000, "'; --", "", " ")
FIRING = alertmanager_body({"alertname": "CheckoutErrors", "service": "web"})


async def test_a_delivery_is_on_disk_before_the_answer(house: House) -> None:
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert answer.status_code == 202
    assert answer.json() == {"alerts": 1, "not_understood": None, "without_effect": None}
    [line] = await house.record.inbox.lines()
    assert (line.source, line.waiting) == ("alertmanager", 1)
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert (incident.service, incident.symptom) == ("web", "errors")
    again = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert again.status_code == 202
    await house.take_in()
    assert len(await house.record.journal.incidents()) == 1
    assert await house.record.inbox.lines() == ()


async def test_a_body_is_read_beside_the_loop_that_serves_all_others(house: House) -> None:
    read_by: list[int] = []

    class Told(AlertmanagerAlerts):
        def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
            read_by.append(threading.get_ident())
            return super().parse(headers, body)

    house.engine.sources["alertmanager"].adapter = Told(WEBHOOK_TOKEN, house.clock)
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert (answer.status_code, answer.json()["alerts"]) == (202, 1)
    assert len(read_by) == 1
    assert read_by[0] != threading.get_ident()


async def test_an_authentic_body_that_nobody_understands_is_recorded(house: House) -> None:
    for body in (b"\xff\xfe", b'{"alerts": 7}', b"", b"[" * 50_000):
        answer = await house.client.post(PATH, content=body, headers=SECRET)
        assert answer.status_code == 202, body[:10]
        assert answer.json()["not_understood"]
    await house.take_in()
    with house.record.engine.connect() as connection:
        kept = connection.execute(select(deliveries.c.source, deliveries.c.text)).all()
    assert {row.source for row in kept} == {"alertmanager"}
    assert len(kept) >= 2
    assert await house.record.journal.incidents() == ()


async def test_a_wrong_secret_is_refused_and_raises_ready_until_a_good_one(house: House) -> None:
    assert (await house.client.get("/ready")).status_code == 200
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": WEBHOOK_TOKEN}):
        answer = await house.client.post(PATH, content=FIRING, headers=headers)
        assert answer.status_code == 401
    assert await house.record.journal.incidents() == ()
    raised = await house.client.get("/ready")
    assert raised.status_code == 503
    [part] = [p for p in raised.json()["parts"] if p["part"] == "source alertmanager"]
    assert part["text"] == (
        "a delivery was refused at 2026-03-01T12:00:00+00:00: its secret is wrong or missing"
    )
    assert "secret at the sender" in part["remedy"]
    assert house.engine.sources["alertmanager"].refused == 3
    await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert (await house.client.get("/ready")).status_code == 200


async def test_a_source_without_a_secret_is_off_and_says_what_turns_it_on(house: House) -> None:
    sources = house.engine.sources
    assert isinstance(sources, dict)
    del sources["alertmanager"]
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert answer.status_code == 404
    assert answer.json()["error"]["what"] == "off: set ALERTMANAGER_WEBHOOK_TOKEN"
    assert (await house.client.post("/webhooks/telex", headers=SECRET)).status_code == 404


async def test_a_delivery_of_a_mebibyte_is_read_and_one_more_byte_is_not(house: House) -> None:
    body = json.loads(FIRING)
    body["padding"] = ""
    length = MOST_WEBHOOK_BYTES - len(json.dumps(body))
    body["padding"] = "x" * length
    fits = json.dumps(body).encode()
    assert len(fits) == MOST_WEBHOOK_BYTES
    assert (await house.client.post(PATH, content=fits, headers=SECRET)).status_code == 202

    async def pieces() -> AsyncIterator[bytes]:
        yield fits
        yield b" "

    for content in (fits + b" ", pieces()):
        answer = await house.client.post(PATH, content=content, headers=SECRET)
        assert answer.status_code == 413


async def test_a_delivery_that_could_not_be_written_is_not_answered_with_202(house: House) -> None:
    await house.client.post(PATH, content=b"{}")
    with house.record.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")
        connection.commit()
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert answer.status_code == 503
    assert "elsewhere" not in answer.text
    assert "inbox" not in answer.text
    assert answer.headers["retry-after"] == "2"
    source = house.engine.sources["alertmanager"]
    assert (source.accepted, source.refused_last is None) == (0, False)


async def test_without_room_the_answer_is_429_and_when_to_come_again(house: House) -> None:
    """For the source that has filled its part; the others go on, and so does this one later."""
    await house.client.post(PATH, content=FIRING, headers=SECRET)
    with house.record.engine.begin() as connection:
        connection.execute(update(inbox).values(size=SOURCE_BYTES))
    house.clock.advance(300)
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert answer.json()["error"]["next"] == "try again after 30 s"
    vendor = PagerDuty(f"{house.origin}/webhooks/pagerduty", house.clock.now, PAGERDUTY_SECRETS)
    vendor.trigger("CheckoutErrors")
    assert await vendor.deliver() == [202]
    parts = {one["part"]: one for one in (await house.client.get("/ready")).json()["parts"]}
    assert parts["inbox"]["text"] == "2 deliveries wait, the first for 300 s"
    assert not parts["inbox"]["ok"]
    await house.take_in()
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert answer.status_code == 202
    counted = (await house.client.get("/metrics")).text
    assert 'vigil_deliveries_total{result="no_room",source="alertmanager"} 1.0' in counted


async def test_whatever_an_authentic_delivery_says_it_is_answered_2xx_or_to_come_again(
    house: House,
) -> None:
    """A sender drops what it gets any other 4xx for, and stops after a few of them."""
    deep = b'{"alerts": [{"labels": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}]}"
    odd = [b"\x00", b"null", b'{"alerts": [{"startsAt": "9999-99-99"}]}', deep]
    odd += [
        json.dumps({"alerts": [{"labels": {"alertname": text}}]}).encode() for text in ODD_WORDS
    ]
    for body in odd:
        answer = await house.client.post(PATH, content=body, headers=SECRET)
        assert answer.status_code == 202, body[:60]
    await house.take_in()
    assert await house.record.inbox.lines() == (), "and all of it was taken in"
