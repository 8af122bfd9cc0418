"""Deliveries: on disk before the answer, refused without the secret, bounded."""

import json
from collections.abc import AsyncIterator

from sqlalchemy import select
from tests.web.house import WEBHOOK_TOKEN, House, alertmanager_body

from vigil.integrations.journal.tables import deliveries
from vigil.web.door import MOST_WEBHOOK_BYTES

PATH = "/webhooks/alertmanager"
SECRET = {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
FIRING = alertmanager_body({"alertname": "CheckoutErrors", "service": "web"})


async def test_a_delivery_is_on_disk_before_the_answer(house: House) -> None:
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert answer.status_code == 202
    assert answer.json() == {
        "alerts": 1,
        "opened": 1,
        "repeated": 0,
        "replayed": False,
        "not_understood": None,
        "without_effect": None,
    }
    [incident] = await house.record.journal.incidents()
    assert (incident.service, incident.symptom) == ("web", "errors")
    again = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert (again.status_code, again.json()["repeated"]) == (202, 1)
    assert len(await house.record.journal.incidents()) == 1


async def test_an_authentic_body_that_nobody_understands_is_recorded(house: House) -> None:
    for body in (b"\xff\xfe", b'{"alerts": 7}', b"", b"[" * 50_000):
        answer = await house.client.post(PATH, content=body, headers=SECRET)
        assert answer.status_code == 202, body[:10]
        assert answer.json()["not_understood"]
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
        connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO elsewhere")
        connection.commit()
    answer = await house.client.post(PATH, content=FIRING, headers=SECRET)
    assert answer.status_code == 503
    assert "elsewhere" not in answer.text
    assert "deliveries" not in answer.text
    source = house.engine.sources["alertmanager"]
    assert (source.accepted, source.refused_last is None) == (0, False)
