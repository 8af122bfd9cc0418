"""A service that asks for a swarm, from the alert to the end, on a real record (about 3 s)."""

import pytest
from tests.support.hand_clock import START
from tests.support.story import PowerCut, Story
from tests.support.swarms import ScriptedSwarm, asking, report

from vigil.domain.account import MOST_TEXT, Account
from vigil.domain.incident import Incident, Stage
from vigil.domain.proof import Criterion, Outcome, Proof
from vigil.domain.swarm import Spread, StepSpread, Stop, Stopped
from vigil.domain.verdict import Cancellation
from vigil.story.accounts import account_of
from vigil.story.recorded import Recorded
from vigil.story.sent_out import MOST_SENT

NO_BROWSER = Stop(why=Stopped.BROWSER, text="there is none")


@pytest.fixture
def swarm(story: Story) -> ScriptedSwarm:
    """What the story's `web` is sent, which asks for it."""
    scripted = ScriptedSwarm(story.clock)
    story.with_parts(catalogue=asking(story.parts.catalogue), swarm=scripted)
    return scripted


async def told(story: Story) -> Incident:
    incident = await story.hear()
    await story.go_on()
    return await story.journal.incident(incident.id)


async def proof_of(story: Story, incident: Incident) -> Proof:
    written = await story.journal.outputs(incident.id, 1)
    (text,) = (
        each.json_text for each in written if (each.stage, each.name) == (Stage.VERIFYING, "output")
    )
    return Proof.model_validate_json(text)


async def account_told(story: Story) -> Account:
    """What people are shown of it."""
    incident = await told(story)
    account = await account_of(Recorded(story.journal, incident.id, 1), incident)
    assert account is not None
    return account


async def trials(story: Story) -> int:
    (best, *_) = await story.parts.memory.recall("release", 5)
    return (await story.parts.memory.record(best.runbook, "web-application")).trials


async def test_a_cure_that_bears_it_is_verified_and_all_of_it_is_told(
    story: Story, swarm: ScriptedSwarm
) -> None:
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.RESOLVED, Outcome.VERIFIED)
    assert len(swarm.sent) == 1
    kinds = await story.told(incident.id)
    began, ended = kinds.index("swarm_sent"), kinds.index("proof")
    assert kinds[began:ended] == ["swarm_sent", *swarm.looks * ["swarm_so_far"], "swarm"]
    (sent,) = await story.payloads(incident.id, "swarm_sent")
    assert sent["text"] == "20 users, 10 a second, are sent through customer"
    (whole,) = await story.payloads(incident.id, "swarm")
    assert whole["text"] == "20 of 20 got through"
    proof = await proof_of(story, incident)
    assert proof.swarm == report(swarm.sent[0])
    assert proof.grounds[-1].criterion is Criterion.SWARM


async def test_people_are_shown_where_its_users_waited(story: Story, swarm: ScriptedSwarm) -> None:
    steps = (
        StepSpread(number=1, text="open /", spread=Spread.of([0.2, 0.3])),
        StepSpread(number=2, text="click '#pay' \x1b[2J" + 600 * "x", spread=Spread.of([0.2, 1.2])),
        StepSpread(number=3, text="expect", spread=Spread.of([])),
    )
    swarm.ends = lambda spec: report(spec, steps=steps)
    account = await account_told(story)
    assert account.criteria[-1].criterion == Criterion.SWARM
    assert account.criteria[-1].text.startswith("20 of 20 users, 10 a second, got through customer")
    assert account.swarm is not None
    assert account.swarm.startswith("The swarm took 9 s, with 20 users at once at most, and 50 MB")
    assert "They waited longest at step 2, click '#pay'" in account.swarm
    assert len(account.swarm) <= MOST_TEXT
    assert "\x1b" not in account.swarm


async def test_where_none_was_sent_nothing_is_said_of_one(story: Story) -> None:
    assert (await account_told(story)).swarm is None


async def test_one_that_does_not_is_left_in_place_and_a_person_is_asked(
    story: Story, swarm: ScriptedSwarm
) -> None:
    swarm.ends = lambda spec: report(spec, failed=2)
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert incident.attempt == 1, "not undone: single users get through again"
    ending = await story.ending(incident.id)
    assert "18 of 20 users" in ending
    assert "left as it is" in ending
    assert await trials(story) == 1


async def test_where_it_cannot_be_sent_a_person_is_asked_and_nothing_is_learned(
    story: Story, swarm: ScriptedSwarm
) -> None:
    swarm.ends = lambda spec: report(spec, unfinished=spec.sessions, stop=NO_BROWSER)
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert "there is none" in await story.ending(incident.id)
    assert await trials(story) == 0


async def test_without_browsers_at_all_likewise(story: Story, swarm: ScriptedSwarm) -> None:
    story.with_parts(swarm=None)
    incident = await told(story)
    assert incident.outcome is Outcome.NOT_FIXED
    assert "No swarm was sent: there is no browser here for one." in await story.ending(incident.id)
    assert swarm.sent == []


async def test_whoever_cancels_ends_it(story: Story, swarm: ScriptedSwarm) -> None:
    incident = await story.hear()
    cancellation = Cancellation(by="Ada", at=START, reason="mine")

    async def cancel() -> None:
        await story.journal.cancel(incident.id, cancellation)

    swarm.during = cancel
    await story.go_on()
    (whole,) = await story.payloads(incident.id, "swarm")
    assert "cancelled by Ada" in str(whole["text"])
    closed = await story.journal.incident(incident.id)
    assert (closed.stage, closed.attempt) == (Stage.ESCALATED, 1)
    assert len(swarm.sent) == 1


# --- killed meanwhile ------------------------------------------------------------------------


def cut(swarm: ScriptedSwarm, times: int) -> None:
    """The power goes while the swarm is under way, so many times."""
    left = times

    def during() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise PowerCut

    swarm.during = during


async def until_the_end(story: Story) -> Incident:
    incident = await story.hear()
    for _ in range(20):
        try:
            await story.go_on()
            break
        except PowerCut:
            continue
    return await story.journal.incident(incident.id)


async def test_after_a_crash_it_is_sent_once_more(story: Story, swarm: ScriptedSwarm) -> None:
    cut(swarm, 1)
    incident = await until_the_end(story)
    assert incident.outcome is Outcome.VERIFIED
    assert len(swarm.sent) == 2
    assert len(await story.payloads(incident.id, "swarm_sent")) == 2


async def test_and_not_again_however_often_vigil_ends_over_it(
    story: Story, swarm: ScriptedSwarm
) -> None:
    cut(swarm, 99)
    incident = await until_the_end(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert len(swarm.sent) == MOST_SENT
    assert "did not live to see the end of it" in await story.ending(incident.id)
    assert await trials(story) == 0


async def test_the_power_may_go_at_each_write(story: Story, swarm: ScriptedSwarm) -> None:
    """Before and after each of them, from the first on: it is sent twice at most, for one cure."""
    incident = await story.hear()
    for burnt in range(200):
        story.fuse.left = burnt
        try:
            await story.go_on()
        except PowerCut:
            continue
        break
    story.fuse.left = None
    assert (await story.journal.incident(incident.id)).closed_at is not None
    assert 1 <= len(swarm.sent) <= MOST_SENT
