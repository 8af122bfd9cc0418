"""What an incident leaves behind, and what the next one makes of it (about 6 s)."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from tests.phases.values import RESTART, SWITCH_BACK, SWITCH_FORTH
from tests.support.story import Story, measured_runbooks, teach
from tests.support.world import NEW, OLD, catalogue

from vigil.domain.alert import AlertStatus
from vigil.domain.briefing import Briefing, Draft
from vigil.domain.catalogue import Autonomy
from vigil.domain.errors import SandboxUnavailable
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.lesson import Lesson
from vigil.domain.plan import ActionStatus
from vigil.domain.proof import Outcome
from vigil.domain.run import RunOrder
from vigil.domain.runbook import Record, Step
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.ports.desk import Desk
from vigil.ports.memory import Occurrence

BARELY = Record(trials=36, successes=36, commit="0" * 40, measured_on="2026-03-01")
"""A record that lets Vigil act by itself, and that one failure makes too thin."""


async def told(story: Story, name: str = "checkout-errors", since: float = 0.0) -> Incident:
    incident = await story.hear(name, since=since)
    await story.go_on()
    return await story.journal.incident(incident.id)


async def answered(story: Story, incident: Incident, answer: Answer) -> Incident:
    assert incident.plan_digest is not None
    given = Approval(
        plan_digest=incident.plan_digest, answer=answer, by="Ada", at=story.clock.now()
    )
    assert (await story.journal.answer(incident.id, given)).won
    await story.go_on()
    return await story.journal.incident(incident.id)


async def kept(story: Story, incident: Incident, failure_type: str) -> tuple[Lesson, ...]:
    """What somebody with the same trouble would recall."""
    asked = Occurrence(
        incident="another",
        service=incident.service,
        symptom=incident.symptom,
        failure_type=failure_type,
    )
    return await story.parts.memory.like(asked, 10)


async def record(story: Story) -> tuple[int, int]:
    (best, *_) = await story.parts.memory.recall("release", 5)
    counted = await story.parts.memory.record(best.runbook, "web-application")
    return counted.trials, counted.successes


# --- the next time ---------------------------------------------------------------------------


async def test_the_second_occurrence_cites_the_first(story: Story) -> None:
    first = await told(story)
    story.shop.release = NEW
    second = await told(story, since=500)
    assert second.outcome is Outcome.VERIFIED

    (before,) = await story.payloads(first.id, "runbooks")
    (after,) = await story.payloads(second.id, "runbooks")
    assert before["past"] == []
    assert isinstance(after["past"], list)
    (past,) = (Lesson.model_validate(each) for each in after["past"])
    assert (past.incident, past.outcome) == (first.id, Outcome.VERIFIED)
    assert past.hypothesis
    assert past.actions

    reasons = {r["step"]: r["text"] for r in await story.payloads(second.id, "reasoned")}
    assert f"Seen before: incident {first.id} on 2026-03-01, proven in" in str(reasons["runbook"])
    reasons = {r["step"]: r["text"] for r in await story.payloads(first.id, "reasoned")}
    assert "Nothing like it was seen here before" in str(reasons["runbook"])


async def test_each_success_is_counted_and_told_when_it_closes(story: Story) -> None:
    for number, since in enumerate((0, 500)):
        story.shop.release = NEW
        incident = await told(story, since=since)
        (learned,) = await story.payloads(incident.id, "learned")
        before, after = learned["before"], learned["after"]
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        assert (before["trials"], before["successes"]) == (number, number)
        assert (after["trials"], after["successes"]) == (number + 1, number + 1)
        assert after["confidence"] >= before["confidence"] >= 90
        (judged,) = await story.payloads(incident.id, "judged")
        assert judged["confidence"] == before["confidence"]
        assert (await story.told(incident.id))[-3:] == ["stage_entered", "learned", "closed"]


async def test_after_a_failure_a_person_is_asked(story: Story) -> None:
    """Healed, then not fixed, then asked: one failure is more than this record can bear."""
    barely = [book.model_copy(update={"lab_record": BARELY}) for book in measured_runbooks()]
    await story.parts.memory.ingest("shipped", barely)
    first = await told(story)
    assert first.outcome is Outcome.VERIFIED

    story.shop.release = NEW
    heals = story.shop.checkout_fails
    story.shop.checkout_fails = lambda _: True
    second = await told(story, since=500)
    assert (second.stage, second.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    (learned,) = await story.payloads(second.id, "learned")
    before, after = learned["before"], learned["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (after["trials"], after["successes"]) == (2, 1)
    assert before["confidence"] >= 90 > after["confidence"]
    assert f"confidence {after['confidence']} next" in str(learned["text"])

    await story.hear(since=500, status=AlertStatus.RESOLVED)
    story.shop.checkout_fails = heals
    third = await told(story, since=900)
    assert third.waiting_on is WaitingOn.APPROVAL
    (judged,) = await story.payloads(third.id, "judged")
    assert judged["rules"] == [f"ask: confidence {judged['confidence']} is below 90"]
    (recalled,) = await story.payloads(third.id, "runbooks")
    assert isinstance(recalled["past"], list)
    past = [Lesson.model_validate(each) for each in recalled["past"]]
    assert [lesson.incident for lesson in past] == [second.id, first.id]
    assert isinstance(recalled["matches"], list)
    assert isinstance(recalled["matches"][0], dict)
    assert recalled["matches"][0]["confidence"] == judged["confidence"]
    (runbook,) = [r for r in await story.payloads(third.id, "reasoned") if r["step"] == "runbook"]
    assert f"Seen before: incident {second.id}" in str(runbook["text"])
    assert "not fixed by" in str(runbook["text"])


IN_TWO = (
    Step(title="back", script=SWITCH_BACK, verbs=("release.switch",), undo=SWITCH_FORTH),
    Step(title="again", script=RESTART, verbs=("process.restart",), no_undo="it is running again"),
)


def stop_after_the_first(story: Story) -> None:
    def stop(_: RunOrder) -> None:
        story.switch.set(SwitchState(stopped=True, by="Ada", text="hands off"))

    story.sandbox.before = stop
    # Half of the plan heals nothing.
    story.shop.checkout_fails = lambda _: True


def cancel_after_the_first(story: Story) -> None:
    def cancel(order: RunOrder) -> None:
        given = Cancellation(by="Ada", at=story.clock.now())
        cancelled = threading.Thread(
            target=lambda: asyncio.run(story.journal.cancel(order.plan.incident, given))
        )
        cancelled.start()
        cancelled.join()

    story.sandbox.before = cancel
    story.shop.checkout_fails = lambda _: True


def lease_ends(story: Story) -> None:
    story.sandbox.status = ActionStatus.FAILED
    story.sandbox.interrupted = True


@pytest.mark.parametrize("cut", [stop_after_the_first, cancel_after_the_first, lease_ends])
async def test_a_plan_that_was_kept_from_its_end_is_no_trial_of_its_runbook(
    story: Story, cut: Callable[[Story], None]
) -> None:
    await teach(story, *IN_TWO)
    cut(story)
    incident = await told(story)
    assert incident.outcome is Outcome.NOT_FIXED
    assert "process.restart web-1" not in story.shop.done
    (learned,) = await story.payloads(incident.id, "learned")
    assert (learned["before"], learned["after"]) == (None, None)
    assert "did not come to its end by itself" in str(learned["text"])
    lesson = Lesson.model_validate(learned["lesson"])
    assert (lesson.outcome, lesson.runbook) == (Outcome.NOT_FIXED, None)
    assert len(lesson.actions) == 1, "what was done is told"
    assert await record(story) == (0, 0)


# --- every end leaves a lesson ---------------------------------------------------------------


class Absurd:
    """Fulfils ``ports.reasoner.Reasoner`` and has a bug."""

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        raise ZeroDivisionError(f"a bug while thinking about {briefing.incident.id}")


async def healthy(story: Story) -> Incident:
    story.shop.release = OLD
    return await told(story)


async def unmapped(story: Story) -> Incident:
    return await told(story, "DiskFull")


async def observed(story: Story) -> Incident:
    story.with_parts(catalogue=catalogue(Autonomy.OBSERVE))
    return await told(story)


async def refused(story: Story) -> Incident:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    return await answered(story, await told(story), Answer.REJECTED)


async def went_away(story: Story) -> Incident:
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    incident = await told(story)
    story.shop.release = OLD
    return await answered(story, incident, Answer.APPROVED)


async def without_a_runbook(story: Story) -> Incident:
    await story.parts.memory.ingest("shipped", [])
    return await told(story)


async def no_sandbox(story: Story) -> Incident:
    def refuse(_: RunOrder) -> None:
        raise SandboxUnavailable("no user namespaces here")

    story.sandbox.before = refuse
    return await told(story)


async def broken(story: Story) -> Incident:
    story.with_parts(reasoner=Absurd())
    return await told(story)


async def broken_half_way(story: Story) -> Incident:
    def explode(_: RunOrder) -> None:
        raise ZeroDivisionError

    story.sandbox.before = explode
    return await told(story)


@pytest.mark.parametrize(
    ("play", "failure_type", "outcome", "runbook"),
    [
        (healthy, "nothing_wrong", Outcome.FALSE_ALARM, None),
        (unmapped, None, Outcome.NOTHING_TO_CHECK, None),
        (observed, "bad_release", Outcome.NOT_EXECUTED, "bad-release"),
        (refused, "bad_release", Outcome.NOT_EXECUTED, "bad-release"),
        (went_away, "bad_release", Outcome.NOT_EXECUTED, "bad-release"),
        (without_a_runbook, "bad_release", Outcome.NOT_EXECUTED, None),
        (no_sandbox, "bad_release", Outcome.NOT_EXECUTED, "bad-release"),
        (broken, "bad_release", Outcome.NOT_EXECUTED, None),
        # Nobody looked at what it did, so it is no trial of the runbook and does not name it.
        (broken_half_way, "bad_release", Outcome.NOT_FIXED, None),
    ],
)
async def test_every_end_leaves_a_lesson_and_only_a_trial_counts(
    story: Story,
    play: Callable[[Story], Awaitable[Incident]],
    failure_type: str | None,
    outcome: Outcome,
    runbook: str | None,
) -> None:
    before = await record(story)
    incident = await play(story)
    assert incident.closed_at is not None
    (learned,) = await story.payloads(incident.id, "learned")
    assert learned["before"] is None
    assert learned["after"] is None
    lesson = Lesson.model_validate(learned["lesson"])
    assert lesson.failure_type == failure_type or failure_type is None
    assert (lesson.outcome, lesson.runbook, lesson.actions) == (outcome, runbook, ())
    assert lesson.proof
    assert (await kept(story, incident, lesson.failure_type)) == (lesson,)
    if runbook:
        assert await record(story) == before == (0, 0)
