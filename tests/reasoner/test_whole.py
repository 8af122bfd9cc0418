"""A whole incident with Claude in it: from the alert to the proof, on a real record."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from tests.support.anthropic_moves import Answer, Failure, Json, Script, asks, refuses, writes
from tests.support.anthropic_server import KEY, THINKS, AnthropicServer, anthropic_api
from tests.support.briefings import answer
from tests.support.desks import WrittenLedger
from tests.support.story import RUNBOOKS, Story, begin

from vigil.cli.runbooks import read_library
from vigil.decide.chain import Chain
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.proof import Outcome
from vigil.integrations.reasoner.anthropic import Claude
from vigil.integrations.reasoner.calling import Mind
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.integrations.reasoner.modelled import Minds, ModelReasoner
from vigil.integrations.reasoner.price import Price
from vigil.integrations.redaction.embedded import EmbeddedRedaction

LOGS = ("log_templates", {"service": "web"})
NEVER = (("x-should-retry", "false"),)


class Told(NamedTuple):
    """What became of one incident."""

    story: Story
    api: AnthropicServer
    incident: Incident


def follows_the_runbook(body: Json) -> Answer:
    """It takes the actions out of what it was told, as a careful model does."""
    prompt = body["messages"][0]["content"][0]["text"]
    (told,) = re.findall(r'<data name="runbook bad-release">\n(.*?)\n</data>', prompt, re.DOTALL)
    actions = json.loads(told)["actions_filled_in"]
    step = {"text": "The errors came with it.", "evidence": ["tool-1"]}
    steps = dict.fromkeys(("symptom", "cause", "runbook", "remediation", "proof"), step)
    return writes(answer(actions=actions, verify_with=["catalogue"], **steps))


@asynccontextmanager
async def told(tmp_path: Path, *script: Script, measured: bool = False) -> AsyncIterator[Told]:
    """A bad release, and a Vigil that may ask Claude about it."""
    story = await begin(tmp_path)
    if not measured:
        shipped = read_library(RUNBOOKS).runbooks
        bare = [each.model_copy(update={"lab_record": None}) for each in shipped]
        await story.parts.memory.ingest("shipped", bare)
    async with anthropic_api(*script) as api:
        mind = Mind(Claude(THINKS, KEY, 4000, api.url), Price(Decimal(2), Decimal(10)), 4000)
        model = ModelReasoner(Minds(mind, mind), WrittenLedger())
        story.with_parts(
            reasoner=Chain(PlaybookReasoner(), model, story.parts.policy),
            redaction=EmbeddedRedaction(),
        )
        incident = await story.hear()
        await story.go_on()
        yield Told(story, api, await story.journal.incident(incident.id))
        await model.close()
    assert api.broken == []
    story.record.engine.dispose()


async def test_it_looks_writes_a_plan_and_a_person_has_it_done(tmp_path: Path) -> None:
    async with told(tmp_path, asks(LOGS), follows_the_runbook) as (story, api, incident):
        assert incident.waiting_on is WaitingOn.APPROVAL, "nobody has measured this runbook here"
        kinds = await story.told(incident.id)
        assert kinds.index("reasoning") < kinds.index("thought") < kinds.index("planned")
        (asked,) = await story.payloads(incident.id, "reasoning")
        assert "log_templates" in str(asked["text"])
        assert asked["answer"] == "tool-1"
        (thought,) = await story.payloads(incident.id, "thought")
        assert thought["model"] == THINKS
        (plan,) = await story.payloads(incident.id, "planned")
        assert plan["runbook"] == "bad-release", "it follows it to the letter"
        assert "'role': 'author'" in str(plan["chosen"]), "it asked for one more probe"
        assert plan["author"] == {"model": THINKS, "prompt": thought["prompt"]}
        closed = await story.approve(incident)
        assert (closed.stage, closed.outcome) == (Stage.RESOLVED, Outcome.VERIFIED)
        assert len(api.bodies) == 2, "what is on record is not asked again"


async def test_with_a_runbook_that_is_sure_it_is_not_asked(tmp_path: Path) -> None:
    async with told(tmp_path, measured=True) as (story, api, incident):
        assert incident.outcome is Outcome.VERIFIED
        assert api.raw == []
        (thought,) = await story.payloads(incident.id, "thought")
        assert "No model was asked" in str(thought["text"])


async def test_a_refusal_goes_to_a_person(tmp_path: Path) -> None:
    async with told(tmp_path, refuses("cyber")) as (story, api, incident):
        assert incident.stage is Stage.ESCALATED
        assert incident.outcome is Outcome.NOT_EXECUTED
        assert "it refused (cyber)" in await story.ending(incident.id)
        assert len(api.bodies) == 1


async def test_without_the_model_the_playbook_goes_on_and_says_so(tmp_path: Path) -> None:
    down = Failure(529, "overloaded_error", headers=NEVER)
    async with told(tmp_path, down) as (story, _, incident):
        assert incident.waiting_on is WaitingOn.APPROVAL
        (plan,) = await story.payloads(incident.id, "planned")
        assert plan["runbook"] == "bad-release"
        assert "author" not in plan
        reasons = await story.payloads(incident.id, "reasoned")
        assert "its vendor has too much to do" in str(reasons[-1]["text"])
        assert (await story.approve(incident)).outcome is Outcome.VERIFIED


async def test_nothing_private_of_a_log_is_sent(tmp_path: Path) -> None:
    async with told(tmp_path, asks(LOGS), follows_the_runbook) as (_, api, _):
        assert re.search(r"[\w.]+@[\w.]+\.[a-z]{2,}", json.dumps(api.bodies)) is None
