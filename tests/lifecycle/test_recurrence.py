"""What was proven fixed and comes back in its time counts against its cure (about 8 s)."""

import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from tests.support.hand_clock import START
from tests.support.record import erase_payloads
from tests.support.story import PowerCut, Story, begin
from tests.support.world import NEW, ScriptedChanges, ScriptedProbes, ScriptedTelemetry, watching

from vigil.decisions import Decisions
from vigil.domain.alert import AlertStatus
from vigil.domain.change import Release
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.recurrence import Recurrence

WATCHED_S = 900
SURE = {"auto_confidence": 0, "auto_context_match": 0}
RULES = Policy.model_validate(
    {
        **SURE,
        "rules": [
            {
                "id": "going-back",
                "when": {"services": ["web"]},
                "then": "allow",
                "because": "Releases are kept for going back.",
            }
        ],
    }
)


async def broken_again(story: Story, after_s: float = 0.0) -> Incident:
    """So long after the last thing that happened somebody hears of it."""
    story.clock.advance(after_s)
    story.shop.release = NEW
    incident = await story.hear(since=(story.clock.now() - START).total_seconds())
    await story.go_on()
    return await story.journal.incident(incident.id)


async def cured(story: Story) -> Incident:
    story.with_parts(policy=RULES, catalogue=watching(WATCHED_S))
    first = await broken_again(story)
    assert first.outcome is Outcome.VERIFIED
    return first


async def record(story: Story) -> tuple[int, int]:
    """Trials and successes of the runbook here."""
    (best, *_) = await story.parts.memory.recall("release", 5)
    counted = await story.parts.memory.record(best.runbook, "web-application")
    return counted.trials, counted.successes


async def back(story: Story, incident: Incident) -> Recurrence | None:
    """What its timeline says that it is a recurrence of."""
    told = await story.payloads(incident.id, "came_back")
    assert len(told) <= 1
    for payload in told:
        return Recurrence.model_validate({k: v for k, v in payload.items() if k != "text"})
    return None


async def rules_of(story: Story, incident: Incident) -> str:
    (judged,) = await story.payloads(incident.id, "judged")
    assert isinstance(judged["rules"], list)
    return "\n".join(judged["rules"])


async def test_it_is_told_on_both_timelines_and_counts_against_the_cure(story: Story) -> None:
    first = await cured(story)
    assert await record(story) == (1, 1)
    proof = await story.payloads(first.id, "proof")

    second = await broken_again(story, 300)
    assert second.waiting_on is WaitingOn.APPROVAL, "the same plan is not done unasked again"
    recurrence = await back(story, second)
    assert recurrence is not None
    assert (recurrence.former, recurrence.attempt) == (first.id, 1)
    assert recurrence.after_s == pytest.approx(300, abs=1)
    (recurred,) = await story.payloads(first.id, "recurred")
    assert recurred["incident"] == second.id
    assert str(recurred["text"]).startswith(f"It came back after 5 min, as incident {second.id}")
    assert await story.payloads(first.id, "proof") == proof
    assert (await story.journal.incident(first.id)).outcome is Outcome.VERIFIED

    assert await record(story) == (1, 0)
    assert recurrence.record is not None
    assert (recurrence.record.trials, recurrence.record.successes) == (1, 0)
    (told,) = await story.payloads(second.id, "came_back")
    assert "(proven 0 of 1 times here now), which is not used again" in str(told["text"])

    assert [each.id for each in await Decisions(story.parts).breakers()] == [
        "rule:going-back",
        f"runbook:{recurrence.runbook}",
    ]
    said = await rules_of(story, second)
    assert f"the same trouble came back 5 min after runbook '{recurrence.runbook}'" in said
    for whose in ("rule 'going-back'", f"runbook '{recurrence.runbook}'"):
        assert (
            f"the last plan of {whose} held only until what it had cured in incident {first.id} "
            f"came back as incident {second.id}; its breaker is tripped"
        ) in said
    (reasons,) = [r for r in await story.payloads(second.id, "reasoned") if r["step"] == "runbook"]
    assert f"and back as incident {second.id}" in str(reasons["text"])


async def test_what_comes_after_its_time_is_new_trouble_and_counts_against_nothing(
    story: Story,
) -> None:
    first = await cured(story)
    second = await broken_again(story, WATCHED_S + 1)
    assert second.outcome is Outcome.VERIFIED
    assert await back(story, second) is None
    assert await story.payloads(first.id, "recurred") == []
    assert await record(story) == (2, 2)
    assert await Decisions(story.parts).breakers() == ()


async def test_the_last_second_of_its_time_is_within_it(story: Story) -> None:
    await cured(story)
    assert await back(story, await broken_again(story, WATCHED_S)) is not None


async def test_without_rules_the_same_runbook_is_asked_about_all_the_same(story: Story) -> None:
    story.with_parts(policy=Policy.model_validate(SURE), catalogue=watching(WATCHED_S))
    first = await broken_again(story)
    second = await broken_again(story, 60)
    assert second.waiting_on is WaitingOn.APPROVAL
    assert await rules_of(story, second) == (
        "ask: the same trouble came back 60 s after runbook 'bad-release' was proven to have cured "
        f"it in incident {first.id}"
    )


async def test_twice_in_a_row_each_counts_against_the_one_before_it(story: Story) -> None:
    first = await cured(story)
    second = await story.approve(await broken_again(story, 60))
    assert second.outcome is Outcome.VERIFIED
    assert await record(story) == (2, 1)
    third = await broken_again(story, 60)
    recurrence = await back(story, third)
    assert recurrence is not None
    assert recurrence.former == second.id
    assert await record(story) == (2, 0)
    assert len(await story.payloads(first.id, "recurred")) == 1
    assert third.waiting_on is WaitingOn.APPROVAL


async def test_a_source_that_only_says_it_again_is_no_recurrence(story: Story) -> None:
    first = await cured(story)
    story.clock.advance(30)
    again = await story.hear(source="pagerduty", since=1)
    await story.go_on()
    assert (await story.journal.incident(again.id)).outcome is Outcome.FALSE_ALARM
    assert await back(story, again) is None
    assert await story.payloads(first.id, "recurred") == []
    assert await record(story) == (1, 1)
    assert await back(story, await broken_again(story, 60)) is not None


async def test_nor_is_one_that_counts_what_was_before_the_cure(story: Story) -> None:
    """Without a condition nobody can call it a false alarm, and what proved the cure passes."""
    first = await cured(story)
    nothing = ScriptedTelemetry(story.clock)
    story.with_parts(senses=replace(story.parts.senses, telemetry=nothing))
    story.clock.advance(90)
    again = await story.hear(source="alertmanager", since=1)
    await story.go_on()
    assert (await story.journal.incident(again.id)).outcome is Outcome.NOTHING_TO_CHECK
    assert await story.payloads(first.id, "recurred") == []
    assert await record(story) == (1, 1)


async def test_what_nobody_can_look_at_is_not_taken_for_healthy(story: Story) -> None:
    first = await cured(story)
    blind = ScriptedProbes(story.clock, {"web/checkout": "?"})
    nothing = ScriptedTelemetry(story.clock)
    story.with_parts(senses=replace(story.parts.senses, probes=blind, telemetry=nothing))
    story.clock.advance(90)
    again = await story.hear(source="alertmanager", since=1)
    await story.go_on()
    assert (await story.journal.incident(again.id)).outcome is Outcome.NOTHING_TO_CHECK
    assert len(await story.payloads(first.id, "recurred")) == 1


@pytest.mark.parametrize(("by", "counts"), [("Ada", False), ("vigil", True)])
async def test_what_somebody_released_since_then_is_another_thing(
    story: Story, by: str, counts: bool
) -> None:
    await cured(story)
    release = Release(at=story.clock.now(), service="web", release="r3", digest=NEW, by=by)
    known = (release, *story.shop.releases())
    story.with_parts(senses=replace(story.parts.senses, changes=ScriptedChanges(known)))
    assert (await back(story, await broken_again(story, 60)) is not None) is counts
    assert await record(story) == (1, 0 if counts else 1)


async def test_another_symptom_is_another_trouble(story: Story) -> None:
    await cured(story)
    story.shop.catalogue_fails = lambda _: True
    other = await story.hear("catalogue-errors", since=1)
    await story.go_on()
    assert await back(story, other) is None
    assert await record(story) == (1, 1)


async def test_what_was_not_proven_cannot_come_back(story: Story) -> None:
    story.with_parts(policy=RULES, catalogue=watching(WATCHED_S))
    story.shop.checkout_fails = lambda _: True
    first = await broken_again(story)
    assert (first.stage, first.outcome) == (Stage.ESCALATED, Outcome.NOT_FIXED)
    await story.hear(status=AlertStatus.RESOLVED, since=1)
    assert await back(story, await broken_again(story, 60)) is None


@pytest.mark.parametrize("watched_s", [0, WATCHED_S])
async def test_whoever_wants_none_of_it_says_so(story: Story, watched_s: int) -> None:
    story.with_parts(policy=RULES, catalogue=watching(watched_s))
    await broken_again(story)
    assert (await back(story, await broken_again(story, 60)) is None) is (watched_s == 0)


@pytest.mark.parametrize("set_by_s", [-WATCHED_S / 2, WATCHED_S / 2])
async def test_a_clock_that_was_set_a_little_in_between_changes_nothing(
    story: Story, set_by_s: float
) -> None:
    await cured(story)
    story.clock.set_wall(set_by_s)
    recurrence = await back(story, await broken_again(story, 60))
    assert recurrence is not None
    assert recurrence.after_s >= 0


async def test_a_breaker_that_it_tripped_is_reset_like_any_other(story: Story) -> None:
    first = await cured(story)
    second = await broken_again(story, 60)
    for each in await Decisions(story.parts).breakers():
        assert each.incident == first.id
        assert (await Decisions(story.parts).reset(each.id, first.id, "Ada", "mended")).won
    assert await Decisions(story.parts).breakers() == ()
    assert second.waiting_on is WaitingOn.APPROVAL


async def test_what_is_erased_of_the_former_one_does_not_stop_the_new_one(story: Story) -> None:
    first = await cured(story)
    erase_payloads(story.record, first.id, story.clock.now())
    second = await broken_again(story, 60)
    recurrence = await back(story, second)
    assert recurrence is not None
    assert (recurrence.runbook, recurrence.record) == ("bad-release", None)
    assert await record(story) == (1, 0)
    assert second.waiting_on is WaitingOn.APPROVAL


async def test_killed_at_any_instant_it_is_counted_and_told_once(
    story: Story, tmp_path: Path
) -> None:
    """Before and after each write of the segment in which it is found to be back."""
    await cured(story)
    story.clock.advance(60)
    await story.hear(since=999)
    story.record.engine.dispose()
    ends = set()
    for instant in count():
        folder = tmp_path / f"killed-{instant}"
        shutil.copytree(tmp_path, folder, ignore=shutil.ignore_patterns("killed-*"))
        ends.add(await killed_at(folder, instant))
        if not (folder / "was-killed").exists():
            break
    assert instant > 10
    assert len(ends) == 1


async def killed_at(folder: Path, instant: int) -> tuple[object, ...]:
    """How it stands when a second run has ended what the first one did not."""
    story = await begin(folder)
    try:
        story.clock.advance(200)
        story.with_parts(policy=RULES, catalogue=watching(WATCHED_S))
        (orient,) = await story.journal.due(10)
        story.fuse.left = instant
        try:
            await story.run(orient)
        except PowerCut:
            (folder / "was-killed").touch()
        story.fuse.left = None
        await story.go_on()
        second, first = await story.journal.incidents()
        return (
            await record(story),
            tuple(await story.told(first.id)),
            tuple(await story.told(second.id)),
            second.waiting_on,
        )
    finally:
        story.record.engine.dispose()


async def test_nothing_of_the_former_plan_is_undone_by_itself(story: Story) -> None:
    await cured(story)
    done = list(story.shop.done)
    await broken_again(story, 60)
    assert story.shop.done == done
