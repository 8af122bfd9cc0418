"""Whole incidents, from the first alert to their end, on a real record (about 8 s)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.hand_clock import START
from tests.support.shop import Shop, fails_now_and_then
from tests.support.story import PowerCut, Story
from tests.support.world import NEW, OLD, ScriptedProbes, catalogue

from vigil.domain.briefing import Briefing, Draft
from vigil.domain.catalogue import Autonomy
from vigil.domain.errors import SandboxUnavailable
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.plan import ActionStatus
from vigil.domain.proof import Outcome
from vigil.domain.run import RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer, Approval
from vigil.engine import Engine
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.ports.desk import Desk
from vigil.ports.inbox import SETTLE

SWITCHED_BACK = "release.switch sha256:11"
SWITCHED_FORTH = "release.switch sha256:22"
RESTARTED = ["process.restart web-1", "process.restart web-2"]


async def told(story: Story, name: str = "checkout-errors") -> Incident:
    """Hear the alert, let it run to where it stops, and look."""
    incident = await story.hear(name)
    await story.go_on()
    return await story.journal.incident(incident.id)


def stages(events: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(event["stage"], event["attempt"]) for event in events]


# --- healed ----------------------------------------------------------------------------------


async def test_a_bad_release_is_switched_back_and_proven(story: Story) -> None:
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.RESOLVED, Outcome.VERIFIED)
    assert story.shop.done == [SWITCHED_BACK, *RESTARTED]
    assert story.shop.release == OLD
    assert stages(await story.payloads(incident.id, "stage_entered")) == [
        ("INVESTIGATING", 1),
        ("HYPOTHESIS_RECEIVED", 1),
        ("CONTEXT_RETRIEVED", 1),
        ("SYNTHESIZING", 1),
        ("EXECUTING", 1),
        ("VERIFYING", 1),
        ("RESOLVED", 1),
    ]
    (proof,) = await story.payloads(incident.id, "proof")
    assert proof["outcome"] == "verified"
    assert await story.locks_are_free()


async def test_what_is_approved_executed_and_proven_is_one_plan(story: Story) -> None:
    incident = await told(story)
    (planned,) = await story.payloads(incident.id, "planned")
    (judged,) = await story.payloads(incident.id, "judged")
    assert planned["digest"] == judged["plan_digest"] == incident.plan_digest
    assert [f"{incident.plan_digest}:action-1"] == list(story.sandbox.ran)
    assert len(await story.payloads(incident.id, "reasoned")) == 5


async def test_the_lesson_is_kept_and_counts_for_this_kind_of_service(story: Story) -> None:
    await told(story)
    (best, *_) = await story.parts.memory.recall("release", 5)
    record = await story.parts.memory.record(best.runbook, "web-application")
    assert (best.runbook.id, record.trials, record.successes) == ("bad-release", 1, 1)


# --- left alone ------------------------------------------------------------------------------


async def test_a_healthy_shop_is_left_alone(story: Story) -> None:
    story.shop.release = OLD
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.RESOLVED, Outcome.FALSE_ALARM)
    assert story.sandbox.asked.total() == 0


async def test_in_observe_it_only_tells_what_it_would_have_done(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.OBSERVE))
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "would have been" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0


async def test_an_alert_that_maps_to_nothing_is_handed_over(story: Story) -> None:
    incident = await told(story, "DiskFull")
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOTHING_TO_CHECK)
    assert incident.symptom == "alert:DiskFull"


async def test_a_symptom_that_went_away_before_acting(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    story.shop.release = OLD  # somebody else was quicker
    await answer(story, incident, Answer.APPROVED)
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "no longer there" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


async def test_nothing_is_done_that_a_blind_probe_could_not_prove(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    probes = ScriptedProbes(story.clock, {"web/checkout": "?"})
    story.with_parts(senses=replace(story.parts.senses, probes=probes))
    await answer(story, incident, Answer.APPROVED)
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "nothing could have proven it: web/checkout: web/checkout says ?" in await story.ending(
        incident.id
    )
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


# --- people ----------------------------------------------------------------------------------


async def answer(story: Story, incident: Incident, given: Answer) -> None:
    assert incident.waiting_on is WaitingOn.APPROVAL
    assert incident.plan_digest is not None
    approval = Approval(
        plan_digest=incident.plan_digest, answer=given, by="Ada", at=story.clock.now()
    )
    assert (await story.journal.answer(incident.id, approval)).won
    await story.go_on()


async def test_it_waits_for_a_person_and_acts_when_told(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    assert incident.stage is Stage.SYNTHESIZING, "waiting is not a stage"
    assert story.sandbox.asked.total() == 0
    await answer(story, incident, Answer.APPROVED)
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


async def test_a_person_says_no(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    await answer(story, incident, Answer.REJECTED)
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "Ada said no" in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0


# --- not proven ------------------------------------------------------------------------------


async def rolled_back(story: Story) -> Incident:
    """The undo went through guard, gate, execute and verify like any other plan."""
    incident = await told(story)
    assert incident.stage is Stage.ESCALATED
    assert incident.attempt == 2
    assert story.shop.done == [SWITCHED_BACK, *RESTARTED, SWITCHED_FORTH, *RESTARTED]
    remedy, undo = await story.payloads(incident.id, "planned")
    assert (remedy["kind"], undo["kind"]) == ("remedy", "rollback")
    judged = await story.payloads(incident.id, "judged")
    assert [j["plan_digest"] for j in judged] == [remedy["digest"], undo["digest"]]
    assert stages(await story.payloads(incident.id, "stage_entered"))[4:] == [
        ("EXECUTING", 1),
        ("VERIFYING", 1),
        ("SYNTHESIZING", 2),
        ("EXECUTING", 2),
        ("VERIFYING", 2),
        ("ESCALATED", 2),
    ]
    ending = await story.ending(incident.id)
    assert ending.startswith(str(remedy["summary"])), "what was tried, not its undo"
    assert "has been undone" in ending
    assert await story.locks_are_free()
    return incident


async def test_not_fixed_is_undone_and_handed_over(story: Story) -> None:
    story.shop.checkout_fails = lambda _: True
    incident = await rolled_back(story)
    assert incident.outcome is Outcome.NOT_FIXED
    (best, *_) = await story.parts.memory.recall("release", 5)
    record = await story.parts.memory.record(best.runbook, "web-application")
    assert (record.trials, record.successes) == (1, 0), "the undo is no trial of the runbook"


async def test_regressed_is_undone_and_handed_over(story: Story) -> None:
    story.shop.catalogue_fails = lambda shop: shop.release == OLD
    incident = await rolled_back(story)
    assert incident.outcome is Outcome.REGRESSED
    assert story.shop.release == NEW


async def test_improved_but_unproven_is_held(story: Story) -> None:
    story.shop.checkout_fails = fails_now_and_then()
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert incident.attempt == 1
    assert story.shop.release == OLD
    assert "left as it is" in await story.ending(incident.id)
    assert await story.locks_are_free()


async def test_an_undo_that_may_not_run_is_told_as_such(story: Story) -> None:
    """Stopped between the remedy and its undo: what was done is in place, and a person is told."""
    story.shop.checkout_fails = lambda _: True

    def stop(_: RunOrder) -> None:
        story.switch.set(SwitchState(stopped=True, text="drill"))

    story.sandbox.before = stop
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    ending = await story.ending(incident.id)
    assert "Nothing was done" not in ending
    assert "the stop switch is on" in ending
    assert story.shop.done == [SWITCHED_BACK, *RESTARTED]


async def test_an_undo_is_never_told_as_the_cure_that_was_tried(story: Story) -> None:
    """What was undone is lost from the record before its undo has ended: Vigil says so."""
    story.shop.checkout_fails = lambda _: True

    def lose(_: RunOrder) -> None:
        if story.shop.release == OLD:
            with story.record.engine.begin() as connection:
                lost = text("DELETE FROM outputs WHERE attempt = 1 AND stage = 'VERIFYING'")
                assert connection.execute(lost).rowcount == 1
            story.sandbox.before = lambda _: None
            raise PowerCut

    story.sandbox.before = lose
    with pytest.raises(PowerCut):
        await told(story)
    await story.go_on()
    (incident,) = await story.journal.incidents()
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    assert "no record of what was undone" in await story.ending(incident.id)
    await story.leases_end()
    assert await story.locks_are_free()


async def test_an_action_that_did_not_succeed_is_undone(story: Story) -> None:
    story.sandbox.status = ActionStatus.TIMED_OUT
    story.shop.checkout_fails = lambda _: True
    incident = await told(story)
    assert incident.outcome is Outcome.NOT_FIXED
    assert "did not run to its end" in await story.ending(incident.id)


async def test_stopped_before_the_first_action(story: Story) -> None:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    yes = Approval(
        plan_digest=incident.plan_digest or "", answer=Answer.APPROVED, by="Ada", at=START
    )
    assert (await story.journal.answer(incident.id, yes)).won
    story.switch.set(SwitchState(stopped=True, text="drill"))
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert story.shop.done == []
    assert await story.locks_are_free()


# --- one and apart ---------------------------------------------------------------------------


async def test_one_fault_heard_of_twice_is_one_incident(story: Story) -> None:
    first = await story.hear("checkout-errors", "watch")
    second = await story.hear("CheckoutErrors", "alertmanager")
    assert first.id == second.id
    await story.go_on()
    assert len(await story.journal.incidents()) == 1
    assert len(story.sandbox.ran) == 1
    heard = await story.payloads(first.id, "alert_joined")
    assert [event["source"] for event in heard] == ["alertmanager"]


async def test_two_symptoms_of_one_service_stay_apart(story: Story) -> None:
    checkout = await story.hear("checkout-errors")
    catalogue_page = await story.hear("CatalogueErrors", "alertmanager")
    assert checkout.id != catalogue_page.id
    await story.go_on()
    ends = {i.id: i.outcome for i in await story.journal.incidents()}
    assert ends[checkout.id] is Outcome.VERIFIED
    assert ends[catalogue_page.id] is not Outcome.VERIFIED
    for incident_id in ends:
        texts = await story.payloads(incident_id, "evidence")
        probes = {e["data"].get("probe") for e in texts if isinstance(e["data"], dict)}
        other = "web/catalogue" if incident_id == checkout.id else "web/checkout"
        assert other not in probes


async def test_after_it_was_resolved_the_same_alert_is_new_trouble(story: Story) -> None:
    first = await told(story)
    story.shop.release = NEW
    again = await story.hear(since=500)
    assert first.id != again.id
    await story.go_on()
    assert (await story.journal.incident(again.id)).outcome is Outcome.VERIFIED
    assert len(story.sandbox.ran) == 2


async def test_an_alert_that_fires_on_after_the_cure_is_new_trouble_once_it_had_time_to_settle(
    story: Story,
) -> None:
    """The very same body, as a source repeats it for as long as its alert fires."""
    first = await told(story)
    story.shop.release = NEW
    assert (await story.hear()).id == first.id
    story.clock.advance(SETTLE.total_seconds() + 1)
    again = await story.hear()
    assert first.id != again.id
    assert (await story.hear()).id == again.id
    await story.go_on()
    assert (await story.journal.incident(again.id)).outcome is Outcome.VERIFIED
    assert len(story.sandbox.ran) == 2


# --- Vigil itself fails ----------------------------------------------------------------------


class Absurd:
    """Fulfils ``ports.reasoner.Reasoner`` and has a bug."""

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        raise ZeroDivisionError(f"a bug while thinking about {briefing.incident.id}")


def break_reasoner(story: Story) -> None:
    story.with_parts(reasoner=Absurd())


def break_sandbox(story: Story) -> None:
    def explode(_: RunOrder) -> None:
        raise ZeroDivisionError("a bug while running")

    story.sandbox.before = explode


def break_verification(story: Story) -> None:
    def explode(shop: Shop) -> bool:
        return bool(1 / (shop.release != OLD))

    story.shop.checkout_fails = explode


@pytest.mark.parametrize(
    ("broken", "outcome"),
    [
        (break_reasoner, Outcome.NOT_EXECUTED),
        # Nobody knows how far it came, and "not executed" would be a claim.
        (break_sandbox, Outcome.NOT_FIXED),
        (break_verification, Outcome.NOT_FIXED),
    ],
)
async def test_an_unexpected_error_ends_with_a_person_and_its_locks_come_free(
    story: Story, broken: Callable[[Story], None], outcome: Outcome
) -> None:
    broken(story)
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, outcome)
    ending = await story.ending(incident.id)
    assert "ZeroDivisionError" in ending
    assert "a bug while" not in ending, "a stranger's text may hold a secret"
    await story.leases_end()
    assert await story.locks_are_free()


async def test_without_a_safe_sandbox_nothing_is_executed(story: Story) -> None:
    def refuse(_: RunOrder) -> None:
        raise SandboxUnavailable("no user namespaces here; see vigil doctor")

    story.sandbox.before = refuse
    incident = await told(story)
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    assert "no user namespaces here" in await story.ending(incident.id)
    assert await story.locks_are_free()


async def test_what_is_under_way_goes_on_where_the_workflow_lost_its_history(
    story: Story, tmp_path: Path
) -> None:
    incident = await story.hear()
    (orient,) = await story.journal.due(10)
    await story.run(orient)
    for handed in await story.journal.due(10):
        await story.journal.mark(handed)
    workflow = DbosWorkflow(f"sqlite:///{tmp_path / 'a-new.sqlite'}")
    engine = Engine(story.parts, story.record.inbox, workflow, sources={})
    await engine.start()
    try:
        async with asyncio.timeout(30):
            while await story.journal.incidents(only_open=True):  # noqa: ASYNC110 - it says nothing
                await asyncio.sleep(0.05)
        ended = await story.journal.incident(incident.id)
        assert ended.outcome is Outcome.VERIFIED
    finally:
        await engine.stop()
    assert len(story.sandbox.ran) == 1


async def test_the_chain_of_events_is_whole_after_every_kind_of_end(story: Story) -> None:
    assert (await story.journal.checkpoint(START)) is None
    incident = await told(story)
    checkpoint = await story.journal.checkpoint(story.clock.now())
    assert checkpoint is not None
    events = await story.journal.events(incident.id)
    assert checkpoint.heads[0].hash == events[-1].hash
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
