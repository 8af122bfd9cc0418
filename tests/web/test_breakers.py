"""Breakers over the API and on the command line (3 s)."""

import asyncio
import json
from dataclasses import replace

from tests.web.house import BEARER, TOKEN, House
from typer.testing import CliRunner, Result

from vigil.cli import app
from vigil.decisions import Decisions
from vigil.domain.breaker import ALL
from vigil.domain.incident import Incident, Stage
from vigil.domain.policy import Policy
from vigil.story.progress import Progress

POLICY = Policy(max_executions_per_hour=1)


async def executed(house: House) -> tuple[Incident, str]:
    """A plan was executed, which is as many as may be in an hour; the id of that breaker."""
    house.engine.parts = replace(house.engine.parts, policy=POLICY)
    house.engine.decisions = Decisions(house.engine.parts)
    incident, _ = await house.waiting()
    await Progress(incident, 1, house.record.journal, house.clock).enter(Stage.EXECUTING)
    return incident, ALL


async def ran(house: House, *arguments: str) -> Result:
    environment = {"VIGIL_URL": house.origin, "VIGIL_TOKEN": TOKEN, "COLUMNS": "200"}
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)


def last_line(result: Result) -> str:
    """The house lives in this process, so its log may have been printed before the answer."""
    return result.stdout.splitlines()[-1]


async def test_one_is_listed_and_reset_once(house: House) -> None:
    incident, breaker = await executed(house)
    listed = await house.client.get("/api/breakers", headers=BEARER)
    (found,) = listed.json()["breakers"]
    assert (found["id"], found["incident"]) == (breaker, incident.id)
    assert found["text"] == "1 plans were executed in the last hour, the breaker is at 1"
    ready = {part["part"]: part for part in (await house.client.get("/ready")).json()["parts"]}
    assert ready["breakers"]["ok"] is True
    assert breaker in ready["breakers"]["text"]

    order = {"breaker": breaker, "incident": incident.id, "by": "ada", "why": "mended by hand"}
    elsewhere = {**order, "incident": "another"}
    answer = await house.client.post("/api/breakers/reset", json=elsewhere, headers=BEARER)
    assert (answer.status_code, answer.json()["won"]) == (409, False)
    assert f"is tripped by incident {incident.id}" in answer.json()["text"]
    answers = await asyncio.gather(
        *(house.client.post("/api/breakers/reset", json=order, headers=BEARER) for _ in range(3))
    )
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    assert (await house.client.get("/api/breakers", headers=BEARER)).json() == {"breakers": []}
    events = await house.record.journal.events(incident.id)
    (told,) = [event.payload for event in events if event.kind == "breaker_reset"]
    assert told == {"breaker": breaker, "by": "ada", "why": "mended by hand"}


async def test_nobody_resets_one_without_the_token_or_a_reason(house: House) -> None:
    incident, breaker = await executed(house)
    order = {"breaker": breaker, "incident": incident.id, "why": "mended"}
    assert (await house.client.post("/api/breakers/reset", json=order)).status_code == 401
    assert (await house.client.get("/api/breakers")).status_code == 401
    for wrong in ({"why": ""}, {"breaker": ""}, {"incident": "../x"}, {"why": "a\x1b[2J"}):
        answer = await house.client.post(
            "/api/breakers/reset", json={**order, **wrong}, headers=BEARER
        )
        assert answer.status_code == 422
    assert (await house.client.get("/api/breakers", headers=BEARER)).json()["breakers"]


async def test_the_command_says_what_to_type_and_takes_it(house: House) -> None:
    incident, breaker = await executed(house)
    shown = await ran(house, "policy", "breakers")
    assert shown.exit_code == 0, shown.output
    line = f"vigil policy reset {breaker} --incident {incident.id} --why ..."
    assert line in shown.stdout
    wrong = await ran(house, "policy", "reset", "rule:x", "--incident", incident.id, "--why", "so")
    assert wrong.exit_code == 1
    assert f"no breaker 'rule:x' is tripped now; tripped: {breaker}" in wrong.output
    typed = ("policy", "reset", breaker, "--incident", incident.id, "--why", "mended", "--json")
    done = await ran(house, *typed, "--by", "ada")
    assert done.exit_code == 0, done.output
    assert json.loads(last_line(done)) == {"won": True, "text": f"{breaker} was reset by ada"}
    assert last_line(await ran(house, "policy", "breakers")) == "No breaker is tripped."
    told = await ran(house, "incidents", incident.id)
    assert f"breaker {breaker} reset by ada: mended" in told.output
