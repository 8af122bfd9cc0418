"""Killed at every instant before and after each write of the record, and started again.

Whatever the instant, the incident ends the same, its timeline tells the same, and nothing is done
twice (about 30 s: more than a hundred deaths).
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from tests.support.databases import PostgresServer
from tests.support.story import PowerCut, Story, begin

from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import WaitingOn
from vigil.domain.run import RunOrder
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.integrations._clients.database import write
from vigil.integrations.journal.decisions import cancel

pytestmark = [pytest.mark.takes(60), pytest.mark.timeout(300)]

MOST_INSTANTS = 200
Setting = Callable[[Story], None]


@dataclass(frozen=True)
class End:
    """How a story ended, in everything that must not depend on who was killed when."""

    stage: str
    outcome: str | None
    attempt: int
    told: tuple[str, ...]
    done_to_the_shop: tuple[str, ...]
    trials: tuple[int, int]
    killed: bool


def healed(_: Story) -> None:
    """The cure works."""


def not_fixed(story: Story) -> None:
    """The cure does not help and is undone."""
    story.shop.checkout_fails = lambda _: True


def cancelled(story: Story) -> None:
    """The cure does not help, and a person takes over while it runs: it is not undone."""
    story.shop.checkout_fails = lambda _: True

    def take_over(order: RunOrder) -> None:
        cancellation = Cancellation(by="Ada", at=story.clock.now())
        keys, incident = story.record.keys, order.plan.incident
        write(story.record.engine, lambda c: cancel(c, keys, incident, cancellation))

    story.sandbox.before = take_over


async def people_and_segments(story: Story) -> None:
    """Everything that is due, and a person who says yes whenever asked."""
    while True:
        await story.go_on()
        (incident,) = await story.journal.incidents()
        if incident.waiting_on is not WaitingOn.APPROVAL:
            return
        assert incident.plan_digest is not None
        yes = Approval(
            plan_digest=incident.plan_digest,
            answer=Answer.APPROVED,
            by="Ada",
            at=story.clock.now(),
        )
        await story.journal.answer(incident.id, yes)


async def play(
    directory: Path,
    setting: Setting,
    autonomy: Autonomy,
    cut_at: int | None,
    url: str | None = None,
) -> End:
    """Once from the alert to the end; ``cut_at`` counts the instants to the power cut."""
    story = await begin(directory, autonomy=autonomy, url=url)
    setting(story)
    incident_id = (await story.hear()).id
    story.fuse.left, killed = cut_at, False
    try:
        await people_and_segments(story)
    except PowerCut:
        killed = True
        # The next process may be handed again whatever its predecessor had been handed.
        for segment in tuple(story.handed_out):
            await story.run(segment)
        await people_and_segments(story)
    story.fuse.left = None
    for segment in tuple(story.handed_out):
        await story.run(segment)
    assert story.sandbox.ran.total() == len(story.sandbox.ran), "no run was done twice"
    if killed:
        await story.leases_end()
    assert await story.locks_are_free()
    incident = await story.journal.incident(incident_id)
    (best, *_) = await story.parts.memory.recall("release", 5)
    record = await story.parts.memory.record(best.runbook, "web-application")
    end = End(
        stage=incident.stage,
        outcome=incident.outcome,
        attempt=incident.attempt,
        told=tuple(await story.told(incident_id)),
        done_to_the_shop=tuple(story.shop.done),
        trials=(record.trials, record.successes),
        killed=killed,
    )
    story.record.engine.dispose()
    return end


@pytest.mark.parametrize(
    ("setting", "autonomy", "expected", "apart_from"),
    [
        (healed, Autonomy.AUTO, ("RESOLVED", "verified", 1, 3), 0),
        # Up to these instants the others are the same story as the first.
        (not_fixed, Autonomy.AUTO, ("ESCALATED", "not_fixed", 2, 6), 34),
        (healed, Autonomy.APPROVE, ("RESOLVED", "verified", 1, 3), 18),
        (cancelled, Autonomy.AUTO, ("ESCALATED", "not_fixed", 1, 3), 26),
    ],
    ids=["healed", "undone", "approved", "cancelled"],
)
async def test_killed_at_every_instant_it_ends_the_same(
    tmp_path: Path,
    setting: Setting,
    autonomy: Autonomy,
    expected: tuple[str, str, int, int],
    apart_from: int,
) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (await begin(fresh)).record.engine.dispose()  # migrated once, copied for each death
    deaths = 0

    async def once(cut_at: int | None) -> End:
        place = tmp_path / "one"
        shutil.copytree(fresh, place)
        try:
            return await play(place, setting, autonomy, cut_at)
        finally:
            shutil.rmtree(place)

    whole = await once(None)
    calls = len(whole.done_to_the_shop)
    assert (whole.stage, whole.outcome, whole.attempt, calls) == expected
    for cut_at in count(apart_from):
        assert cut_at < MOST_INSTANTS, "the power is never cut"
        end = await once(cut_at)
        assert replace(end, killed=False) == whole, f"killed at instant {cut_at}"
        if not end.killed:
            break
        deaths += 1
    assert deaths + apart_from >= 40, "two for each write of the shortest story"


@pytest.mark.parametrize(
    ("setting", "autonomy"),
    [(healed, Autonomy.APPROVE), (not_fixed, Autonomy.AUTO)],
    ids=["approved", "undone"],
)
async def test_on_postgres_it_ends_as_on_sqlite(
    tmp_path: Path, postgres_server: PostgresServer, setting: Setting, autonomy: Autonomy
) -> None:
    """Whole, and killed at some of the instants."""
    whole = await play(tmp_path, setting, autonomy, None)
    for cut_at in (None, 7, 18, 29, 37):
        with postgres_server.record() as url:
            end = await play(tmp_path, setting, autonomy, cut_at, url)
        assert replace(end, killed=False) == whole, f"killed at instant {cut_at}"
        assert end.killed == (cut_at is not None)
