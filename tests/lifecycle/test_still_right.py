"""A plan is judged again just before acting: by today's policy, beside today's releases (3 s)."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from tests.phases.situations import a_situation
from tests.support.reasoners import Paid
from tests.support.story import PowerCut, Story
from tests.support.world import (
    OLD,
    ScriptedChanges,
    ScriptedSessions,
    ScriptedTelemetry,
    catalogue,
)

from vigil.domain.catalogue import Autonomy, Catalogue, SessionsSource
from vigil.domain.change import OWN_NAME, Release
from vigil.domain.cost import Cost
from vigil.domain.effects import Risk
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.run import RunOrder
from vigil.domain.telemetry import BlockingSession
from vigil.domain.verdict import Decision
from vigil.domain.window import Windows
from vigil.integrations.silences.alertmanager import AlertmanagerSilences
from vigil.integrations.silences.embedded import CatalogueSilences
from vigil.ports.workflow import Segment
from vigil.story import still_right
from vigil.story.progress import Progress
from vigil.story.still_right import judged_now

OTHER = "sha256:" + "3" * 64


async def told(story: Story) -> Incident:
    incident = await story.hear()
    await story.go_on()
    return await story.journal.incident(incident.id)


async def waiting(story: Story) -> Incident:
    """A plan that was allowed if somebody agrees; nothing of it was done."""
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    assert incident.waiting_on is WaitingOn.APPROVAL
    assert story.sandbox.asked.total() == 0
    return incident


async def until_act(story: Story) -> Incident:
    """Decided, and the segment that acts is due."""
    incident = await story.hear()
    for _ in (Segment.ORIENT, Segment.DECIDE):
        (following,) = await story.journal.due(10)
        await story.run(following)
        await story.journal.mark(following)
    (following,) = await story.journal.due(10)
    assert following.segment is Segment.ACT
    return incident


def release_by(story: Story, who: str, digest: str = OTHER) -> None:
    """Somebody puts something live now, some seconds after everything so far."""
    story.clock.advance(5)
    newest = Release(at=story.clock.now(), service="web", release="r3", digest=digest, by=who)
    changes = ScriptedChanges((newest, *story.shop.releases()))
    story.with_parts(senses=replace(story.parts.senses, changes=changes))


async def test_whatever_is_drawn_only_an_allow_begins_a_plan_that_nobody_was_asked_about(
    story: Story,
) -> None:
    progress = Progress(await story.hear(), 1, story.journal, story.clock)
    seen = set()
    rng = Random(7)  # noqa: S311 - the same ones in every run
    for found in (a_situation(rng) for _ in range(300)):
        verdict = found.verdict
        forbidden = await still_right._forbids(verdict, progress, found.plan)
        assert forbidden is (verdict.decision is not Decision.ALLOW), found.told
        seen.add(verdict.decision)
    assert seen == set(Decision)


# --- the gate, asked again -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stricter", "words"),
    [
        ({"policy": Policy(ask_max_risk=Risk.LOW)}, "risk MEDIUM is above LOW"),
        ({"catalogue": catalogue(Autonomy.OBSERVE)}, "autonomy is 'observe'"),
        ({"catalogue": catalogue(Autonomy.SUGGEST)}, "autonomy is 'suggest'"),
    ],
    ids=["policy", "observe", "suggest"],
)
async def test_what_was_approved_runs_by_the_policy_of_the_day_it_runs(
    story: Story, stricter: dict[str, object], words: str
) -> None:
    incident = await waiting(story)
    story.with_parts(**stricter)
    incident = await story.approve(incident)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert words in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


async def test_a_freeze_between_the_verdict_and_the_act_stops_what_nobody_approved(
    story: Story,
) -> None:
    incident = await until_act(story)
    (judged,) = await story.payloads(incident.id, "judged")
    assert judged["decision"] == "allow"
    story.with_parts(policy=Policy(freeze=True))
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "a change freeze is on" in await story.ending(incident.id)
    _, again = await story.payloads(incident.id, "judged")
    assert (again["decision"], again["rules"]) == ("ask", ["ask: a change freeze is on"])
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


async def test_a_freeze_does_not_stop_what_a_person_approved(story: Story) -> None:
    """It is told all the same: the gate's second word was another one."""
    incident = await waiting(story)
    story.with_parts(policy=Policy(freeze=True))
    assert (await story.approve(incident)).outcome is Outcome.VERIFIED
    first, again = await story.payloads(incident.id, "judged")
    assert "ask: a change freeze is on" not in str(first["rules"])
    assert "ask: a change freeze is on" in str(again["rules"])


async def test_another_word_of_the_gate_is_told_once_however_often_the_segment_begins(
    story: Story,
) -> None:
    incident = await waiting(story)
    story.with_parts(policy=Policy(freeze=True))
    locks, now = story.parts.locks, story.clock.now()
    await locks.take(("service:web",), "somebody else", "another worker", now, 60.0)
    await story.approve(incident)
    await story.go_on()
    await locks.release("somebody else")
    await story.journal.wake(incident.id)
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED
    assert len(await story.payloads(incident.id, "judged")) == 2


async def test_the_same_word_of_the_gate_is_told_once(story: Story) -> None:
    incident = await story.approve(await waiting(story))
    assert incident.outcome is Outcome.VERIFIED
    assert len(await story.payloads(incident.id, "judged")) == 1


async def test_a_plan_does_not_trip_the_breaker_by_its_own_execution(story: Story) -> None:
    """Also not when it is taken up again after a power cut in the middle of it."""
    story.with_parts(policy=Policy(max_executions_per_hour=1))
    cuts = 1

    def cut(_: RunOrder) -> None:
        nonlocal cuts
        if cuts:
            cuts -= 1
            raise PowerCut

    story.sandbox.before = cut
    incident = await story.hear()
    with pytest.raises(PowerCut):
        await story.go_on()
    assert (await story.journal.incident(incident.id)).stage is Stage.EXECUTING
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


# --- somebody else at work -------------------------------------------------------------------


async def test_a_release_since_the_plan_was_made_is_left_alone(story: Story) -> None:
    incident = await waiting(story)
    release_by(story, "ann")
    incident = await story.approve(incident)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "ann released r3 after this plan was made" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


@pytest.mark.parametrize(("after_s", "outcome"), [(5, "verified"), (3600, "not_executed")])
async def test_what_speaks_against_the_runbook_since_it_was_chosen_is_asked_for_again(
    story: Story, after_s: float, outcome: str
) -> None:
    incident = await waiting(story)
    session = BlockingSession(
        id="1.1772366400000000",
        role="dba",
        application="psql",
        idle_in_transaction=True,
        seconds=60,
        transaction_s=60,
        holds_up=3,
    )
    known = story.parts.catalogue
    watched = SessionsSource(on="db", dsn="host=db", role="web")
    web = known.services["web"]
    web = web.model_copy(
        update={"telemetry": web.telemetry.model_copy(update={"sessions": watched})}
    )
    story.with_parts(
        senses=replace(story.parts.senses, sessions=ScriptedSessions(lambda: (session,))),
        catalogue=known.model_copy(update={"services": {**known.services, "web": web}}),
    )
    story.clock.advance(after_s)
    incident = await story.approve(incident)
    assert incident.outcome == outcome
    if outcome == "not_executed":
        assert "does not fit any more" in await story.ending(incident.id)
        assert story.sandbox.asked.total() == 0
        assert await story.locks_are_free()


async def test_what_vigil_itself_switched_is_nobody_elses_release(story: Story) -> None:
    incident = await waiting(story)
    release_by(story, OWN_NAME, OLD)
    assert (await story.approve(incident)).outcome is Outcome.VERIFIED


async def test_what_was_released_before_the_investigation_is_what_the_plan_is_about(
    story: Story,
) -> None:
    story.clock.advance(timedelta(minutes=1).total_seconds())
    assert (await story.approve(await waiting(story))).outcome is Outcome.VERIFIED


async def test_an_undo_does_not_overwrite_somebodys_release_either(story: Story) -> None:
    """The remedy was run; that it was not undone is said, and never "nothing was done"."""
    story.shop.checkout_fails = lambda _: True
    story.sandbox.before = lambda _: release_by(story, "ann")
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert len(story.sandbox.ran) == 1, "the remedy, not its undo"
    assert story.shop.release == OLD
    ending = await story.ending(incident.id)
    assert "ann released r3" in ending
    assert "Nothing was done" not in ending
    remedy, _ = await story.payloads(incident.id, "planned")
    assert ending.startswith(str(remedy["summary"]))
    assert await story.locks_are_free()


# --- a release log that contradicts itself ---------------------------------------------------


async def test_one_forged_word_of_the_release_log_chooses_nothing(story: Story) -> None:
    newest, before = story.shop.releases()
    forged = newest.model_copy(update={"previous": OTHER})
    changes = ScriptedChanges((forged, before))
    story.with_parts(senses=replace(story.parts.senses, changes=changes))
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "There is no plan" in await story.ending(incident.id)
    assert await story.payloads(incident.id, "planned") == []
    assert story.sandbox.asked.total() == 0


# --- the symptom's own condition -------------------------------------------------------------


async def test_nothing_is_proven_while_other_requests_go_on_failing(story: Story) -> None:
    """The probes pass; the metrics say that more than the condition allows still fails."""
    telemetry = replace(story.parts.senses.telemetry, bad=lambda: 0.6)  # type: ignore[type-var] # the scripted one
    story.with_parts(senses=replace(story.parts.senses, telemetry=telemetry))
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    ending = await story.ending(incident.id)
    assert "condition of the symptom still holds" in ending
    assert "left as it is" in ending


@pytest.mark.parametrize(
    ("instance", "seconds", "left_alone"),
    [("web-1", 30, True), ("web-1", -30, False), ("elsewhere-1", 30, False)],
    ids=["restarted since", "before", "another process"],
)
async def test_a_process_that_somebody_restarted_since_is_left_alone(
    story: Story, instance: str, seconds: float, *, left_alone: bool
) -> None:
    """The plan goes back and then restarts web-1; it was made for a process that is gone."""
    incident = await waiting(story)
    anew = story.clock.now() + timedelta(seconds=seconds)
    story.clock.advance(60)
    telemetry = story.parts.senses.telemetry
    assert isinstance(telemetry, ScriptedTelemetry)
    telemetry.starts = lambda: {instance: anew}
    incident = await story.approve(incident)
    if not left_alone:
        assert incident.outcome is Outcome.VERIFIED
        return
    assert incident.outcome is Outcome.NOT_EXECUTED
    assert "web-1 was started anew at 2026-03-01 12:" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


# --- people who want to be left alone --------------------------------------------------------


def maintained(story: Story, whose: str) -> Catalogue:
    """It is worked on all day."""
    today, known = story.clock.now().date(), story.parts.catalogue
    window = {"from": today, "until": today + timedelta(days=1), "zone": "UTC"}
    changed = known.services[whose].model_copy(
        update={"maintenance": Windows.model_validate({"dates": [window]})}
    )
    return known.model_copy(update={"services": {**known.services, whose: changed}})


@pytest.mark.parametrize("whose", ["web", "db"])
async def test_what_people_work_on_is_not_acted_on_unasked(story: Story, whose: str) -> None:
    """Nor is what needs it."""
    story.with_parts(silences=(CatalogueSilences(maintained(story, whose)),))
    incident = await told(story)
    assert incident.waiting_on is WaitingOn.APPROVAL
    (judged,) = await story.payloads(incident.id, "judged")
    needed = "" if whose == "web" else ", which web depends on,"
    assert judged["rules"] == [f"ask: {whose}{needed} is silenced: it is within its maintenance"]
    assert (await story.approve(incident)).outcome is Outcome.VERIFIED


async def test_a_silence_that_comes_before_acting_stops_what_nobody_approved(story: Story) -> None:
    incident = await until_act(story)
    story.with_parts(silences=(CatalogueSilences(maintained(story, "web")),))
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.NOT_EXECUTED
    assert "web is silenced: it is within its maintenance" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0


async def test_a_plan_in_the_middle_is_not_stopped_by_what_is_spent_or_silenced(
    story: Story,
) -> None:
    story.with_parts(reasoner=Paid(Cost(tokens_in=2)))
    incident = await until_act(story)
    story.with_parts(
        policy=Policy.model_validate({"budget": {"per_day": {"tokens": 1}}}),
        silences=(CatalogueSilences(maintained(story, "web")),),
    )
    progress = Progress(incident, 1, story.journal, story.clock)
    plan = await progress.recorded.plan()
    assert plan is not None
    before = await judged_now(story.parts, progress, plan)
    assert len(before.rules) == 2
    assert before.decision is Decision.ASK
    in_the_middle = await judged_now(story.parts, progress, plan, under_way=True)
    assert in_the_middle.decision is Decision.ALLOW


async def test_where_nobody_knows_of_silences_a_person_is_asked(story: Story) -> None:
    nowhere = AlertmanagerSilences("http://127.0.0.1:1", story.parts.catalogue)
    story.with_parts(silences=(CatalogueSilences(story.parts.catalogue), nowhere))
    incident = await told(story)
    assert incident.waiting_on is WaitingOn.APPROVAL
    (judged,) = await story.payloads(incident.id, "judged")
    assert judged["rules"] == ["ask: nobody knows whether web is silenced: no answer"]
