"""Somebody sets the clock by an hour, forwards or backwards, in the middle of an incident.

Whatever the moment, the incident ends as it would have, nothing is done twice, its locks are given
back, and the timeline can be verified although its times do not rise. Only a script that is at work
is cut short by it: see ``test_clock_jumps_while_acting.py``.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.story import PowerCut, Story, begin

from vigil.cli.public_key import signature_check
from vigil.domain.audit import verify_export
from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import WaitingOn
from vigil.domain.verdict import Answer, Approval
from vigil.integrations.journal import export_lines

HOUR_S = 3600.0

both_ways = pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forwards", "backwards"])


async def assert_healed(story: Story, incident_id: str) -> None:
    incident = await story.journal.incident(incident_id)
    assert (incident.stage, incident.outcome, incident.attempt) == ("RESOLVED", "verified", 1)
    assert set(story.sandbox.ran.values()) == {1}
    assert await story.locks_are_free()
    record = story.record
    lines = [line.encode() for line in export_lines(record.engine, record.keys, story.clock.now())]
    key = record.keys.public_key
    report = verify_export(lines, signature_check(key), public_key=key)
    assert report.verified, report.problems


@both_ways
@pytest.mark.parametrize("look", [1, 4])
async def test_while_it_is_proven(tmp_path: Path, jump_s: float, look: int) -> None:
    story = await begin(tmp_path)
    seen = 0

    def passes_and_jumps() -> str:
        nonlocal seen
        seen += bool(story.sandbox.ran)
        if seen == look:
            story.clock.set_wall(jump_s)
        return story.shop.catalogue()

    story.probes._scripts = {**story.probes._scripts, "web/catalogue": passes_and_jumps}
    incident = await story.hear()
    await story.go_on()
    assert seen >= look, "it did jump"
    await assert_healed(story, incident.id)


@both_ways
async def test_while_a_person_thinks(tmp_path: Path, jump_s: float) -> None:
    story = await begin(tmp_path, autonomy=Autonomy.APPROVE)
    incident = await story.hear()
    await story.go_on()
    story.clock.set_wall(jump_s)
    await story.go_on()
    waiting = await story.journal.incident(incident.id)
    assert waiting.waiting_on is WaitingOn.APPROVAL
    now = story.clock.now()
    yes = Approval(plan_digest=str(waiting.plan_digest), answer=Answer.APPROVED, by="Ada", at=now)
    assert (await story.journal.answer(incident.id, yes)).won
    await story.go_on()
    await assert_healed(story, incident.id)


@both_ways
@pytest.mark.parametrize("writes", [8, 12, 18, 24, 32])
async def test_while_it_is_dead(tmp_path: Path, jump_s: float, writes: int) -> None:
    """Killed at one of many instants; the clock of the machine that goes on is another one.

    One that is set back before the cause is found makes the release to blame a line from the
    future, which nobody believes: then a person is asked.
    """
    story = await begin(tmp_path)
    incident = await story.hear()
    story.fuse.left = writes
    knew = True
    try:
        await story.go_on()
    except PowerCut:
        knew = "runbooks" in await story.told(incident.id)
        story.clock.set_wall(jump_s)
        # The lease of the dead one may be over for one who looks at the clock, or not for hours.
        for segment in tuple(story.handed_out):
            await story.run(segment)
        await story.go_on()
    story.fuse.left = None
    if knew or jump_s > 0:
        await assert_healed(story, incident.id)
    else:
        ended = await story.journal.incident(incident.id)
        assert (ended.stage, ended.outcome) == ("ESCALATED", "not_executed")
        assert story.sandbox.ran == {}


async def test_a_question_expires_by_the_clock_and_by_nothing_else(tmp_path: Path) -> None:
    """What the documentation says of `approval_expires_after_s`: an hour less is an hour less."""
    story = await begin(tmp_path, autonomy=Autonomy.APPROVE)
    incident = await story.hear()
    await story.go_on()
    asked = await story.journal.incident(incident.id)
    assert asked.expires_at is not None
    left = asked.expires_at - story.clock.now()
    story.clock.set_wall(HOUR_S)
    assert asked.expires_at - story.clock.now() == left - timedelta(seconds=HOUR_S)
    assert await story.journal.overdue(story.clock.now(), 10) == ()
    story.clock.set_wall(left.total_seconds() - HOUR_S)
    overdue = await story.journal.overdue(story.clock.now() + timedelta(seconds=1), 10)
    assert [each.id for each in overdue] == [incident.id]
