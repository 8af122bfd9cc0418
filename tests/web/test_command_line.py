"""`vigil incidents` against a real server: the whole timeline, and why an incident ended."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from tests.web.console import hostile_proof
from tests.web.house import TOKEN, House
from typer.testing import CliRunner, Result

from vigil.cli import app
from vigil.cli.client import Client
from vigil.domain.ending import Ending
from vigil.domain.incident import Stage
from vigil.domain.proof import Criterion, Outcome
from vigil.ports.journal import Note
from vigil.story.progress import Progress
from vigil.web.routes_incidents import PAGE

NO_PLAN = Ending(
    resolved=False,
    outcome=Outcome.NOT_EXECUTED,
    text="There is no plan: no runbook fits.",
    look_next=("See the error log\x1b[2J of web.",),
)


@pytest.fixture
def client(house: House) -> Iterator[Client]:
    made = Client(house.origin, TOKEN)
    yield made
    made.close()


async def ran(house: House, *arguments: str) -> Result:
    environment = {"VIGIL_URL": house.origin, "VIGIL_TOKEN": TOKEN, "COLUMNS": "200"}
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)


async def test_a_timeline_of_several_pages_is_read_whole(house: House, client: Client) -> None:
    incident, _ = await house.waiting()
    many = [Note(kind="evidence", payload={"text": f"saw {n}"}) for n in range(2 * PAGE)]
    await house.record.journal.append(incident.id, many, house.clock.now())
    events = await asyncio.to_thread(client.timeline, incident.id)
    assert [e["seq"] for e in events] == list(range(1, events[-1]["seq"] + 1))
    assert len(events) > 2 * PAGE
    rest = await asyncio.to_thread(client.timeline, incident.id, events[-3]["seq"])
    assert rest == events[-2:]
    shown = await ran(house, "incidents", incident.id)
    assert shown.exit_code == 0, shown.output
    assert f"saw {2 * PAGE - 1}" in shown.output


async def test_a_closed_incident_says_why_and_what_to_look_at_next(house: House) -> None:
    incident, _ = await house.waiting()
    step = Progress(incident, 1, house.record.journal, house.clock)
    await step.close(Stage.ESCALATED, NO_PLAN)
    shown = await ran(house, "incidents", incident.id)
    assert shown.exit_code == 0, shown.output
    _, closed, rest = shown.output.partition("  closed: not_executed\n")
    assert closed, shown.output
    why, following = (line.strip() for line in rest.splitlines()[:2])
    assert why == NO_PLAN.text
    assert following == "look next: See the error log of web.", "without the control codes"


async def test_a_proof_is_shown_by_both_commands_and_whole_in_json(house: House) -> None:
    incident = await hostile_proof(house)
    for command in ("incidents", "explain"):
        shown = await ran(house, command, incident.id)
        assert shown.exit_code == 0, shown.output
        assert "Proof: regressed" in shown.output
        assert "? The symptom is gone: not known" in shown.output
        assert "✘ missing: " in shown.output
        assert "\x1b" not in shown.output
        whole = await ran(house, command, incident.id, "--json")
        (account,) = json.loads(whole.stdout.splitlines()[-1])["accounts"]
        assert account["outcome"] == "regressed"
        assert [one["criterion"] for one in account["criteria"]] == list(Criterion)
        assert account["probes"][0]["after"]["looks"] == 200


async def test_an_incident_is_cancelled_once(house: House) -> None:
    incident, _ = await house.waiting()
    done = await ran(house, "cancel", incident.id, "--by", "ada", "--why", "mine", "--json")
    assert done.exit_code == 0, done.output
    # The house lives in this process, so its log may have been printed before the answer.
    assert json.loads(done.stdout.splitlines()[-1])["won"] is True
    shown = await ran(house, "incidents", incident.id)
    assert "cancelled by ada: nothing was begun" in shown.output
    again = await ran(house, "cancel", incident.id)
    assert again.exit_code == 1
    assert "cancelled by ada" in again.output
    assert "mine" in again.output
    assert (await ran(house, "cancel", "nobody")).exit_code == 1
