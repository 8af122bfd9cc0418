"""Houses in which the same runbook helps often, now and then, hardly ever, or no longer.

Everything of Vigil is real but the world: investigators, ranking, recall, the gate, proof and
lessons on a real record. A person agrees to each plan, so that also those run of which Vigil is not
sure. No house is told what the others learned, and none has the lab's record.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from benchmarks.calibrating.scoring import Run
from tests.support.shop import Shop, fails_now_and_then
from tests.support.story import Story, begin
from tests.support.world import NEW, OLD, ScriptedChanges, ScriptedTelemetry, catalogue

from vigil.domain.catalogue import Autonomy, Environment
from vigil.domain.change import Release
from vigil.domain.incident import HANDED_OVER, WaitingOn
from vigil.domain.proof import Outcome
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.domain.verdict import Answer, Approval

APART_S = HANDED_OVER.total_seconds() + 7200
"""Between two incidents. What a person has in hand takes up all that comes within that time, and
would be counted once more under the name of what came.
"""
RELEASED_S = 60.0
"""Before the incident."""
MOST_ANSWERS = 4


@dataclass(frozen=True)
class Scenario:
    """What is wrong behind the same signs: a release came, and now the checkout fails.

    ``fails`` says at each look whether it does; ``logged`` whether the log names the code.
    """

    name: str
    fails: Callable[[Shop], bool] | None = None
    catalogue_fails: Callable[[Shop], bool] = lambda _: False
    logged: bool = True


def _always(_: Shop) -> bool:
    return True


CURED = Scenario("the release, and going back cures it")
UNLOGGED = Scenario("the release, and no log says so", logged=False)
LOOK_ALIKE = Scenario("something else, just after a release", fails=_always)
SILENT = Scenario("something else, and no log says so", fails=_always, logged=False)
PARTLY = Scenario("the release and something else")
WORSE = Scenario("going back breaks a neighbour", catalogue_fails=lambda shop: shop.release == OLD)
MIXES: dict[str, dict[Scenario, int]] = {
    "easy": {CURED: 94, UNLOGGED: 4, LOOK_ALIKE: 2},
    "mixed": {CURED: 50, UNLOGGED: 15, LOOK_ALIKE: 15, SILENT: 10, PARTLY: 5, WORSE: 5},
    "hard": {CURED: 15, UNLOGGED: 10, LOOK_ALIKE: 35, SILENT: 20, PARTLY: 10, WORSE: 10},
}
"""How often each comes, in hundredths."""
TURNS = "turning"
"""Easy for half of its time, and from then on only what it has never seen."""
NEVER_SEEN = {SILENT: 30, PARTLY: 20, WORSE: 20, LOOK_ALIKE: 30}


@dataclass
class Lived:
    """One incident of a house: the run, or None where there was no plan to carry out."""

    mix: str
    scenario: str
    run: Run | None


def drawn(mix: str, incidents: int, chance: Random) -> list[Scenario]:
    """What happens in a house, in its order."""
    if mix != TURNS:
        return _of(MIXES[mix], incidents, chance)
    half = incidents // 2
    easy = {each: MIXES["easy"][each] for each in (CURED, UNLOGGED)}
    return [*_of(easy, half, chance), *_of(NEVER_SEEN, incidents - half, chance)]


def _of(shares: dict[Scenario, int], incidents: int, chance: Random) -> list[Scenario]:
    return chance.choices([*shares], weights=[*shares.values()], k=incidents)


async def live(house: str, mix: str, incidents: int, chance: Random) -> list[Lived]:
    """One house from its first incident on."""
    with tempfile.TemporaryDirectory() as folder:
        story = await begin(Path(folder))
        story.with_parts(catalogue=catalogue(Autonomy.APPROVE, Environment.PRODUCTION))
        try:
            return await _all(story, house, mix, drawn(mix, incidents, chance))
        finally:
            story.record.engine.dispose()


async def _all(story: Story, house: str, mix: str, scenarios: Sequence[Scenario]) -> list[Lived]:
    lived: list[Lived] = []
    before: list[Run] = []
    for scenario in scenarios:
        found = await _one(story, scenario, len(lived))
        if found is not None:
            # What anybody could say who only counts: how often it was proven here so far.
            counted = (sum(run.proven for run in before) + 1) / (len(before) + 2)
            seen = any(run.scenario == scenario.name for run in before)
            confidence, proven = found
            before.append(Run(confidence, proven, scenario.name, house, counted, seen))
        lived.append(Lived(mix, scenario.name, before[-1] if found is not None else None))
    return lived


async def _one(story: Story, scenario: Scenario, number: int) -> tuple[int, bool] | None:
    story.clock.advance(APART_S)
    _break(story, scenario)
    known = {each.id for each in await story.journal.incidents()}
    incident = await story.hear(since=APART_S * (number + 1))
    if incident.id in known:
        raise RuntimeError(f"it was taken for incident {incident.id}, which was counted before")
    await story.go_on()
    for _ in range(MOST_ANSWERS):
        incident = await story.journal.incident(incident.id)
        if incident.waiting_on is not WaitingOn.APPROVAL:
            break
        given = Approval(
            plan_digest=incident.plan_digest or "",
            answer=Answer.APPROVED,
            by="Ada",
            at=story.clock.now(),
        )
        await story.journal.answer(incident.id, given)
        await story.go_on()
    return await _found(story, incident.id)


async def _found(story: Story, incident: str) -> tuple[int, bool] | None:
    """What was said of the first plan, and what its proof found."""
    judged = await story.payloads(incident, "judged")
    proofs = await story.payloads(incident, "proof")
    if not judged or not proofs:
        return None
    return int(str(judged[0]["confidence"])), proofs[0]["outcome"] == Outcome.VERIFIED


def _break(story: Story, scenario: Scenario) -> None:
    """A release a minute ago, and what came with it."""
    shop, now = story.shop, story.clock.now()
    released = now - timedelta(seconds=RELEASED_S)
    shop.release = NEW
    usual: Callable[[Shop], bool] = lambda shop: shop.release == NEW  # noqa: E731 - beside the others
    shop.checkout_fails = fails_now_and_then() if scenario is PARTLY else scenario.fails or usual
    shop.catalogue_fails = scenario.catalogue_fails
    old = Release(at=released - timedelta(days=1), service="web", release="r1", digest=OLD, by="ci")
    new = Release(at=released, service="web", release="r2", digest=NEW, previous=OLD, by="ci")
    errors = ErrorGroup(
        type="TypeError",
        origin=ErrorOrigin.CODE,
        release="r2",
        count=9,
        first_at=released + timedelta(seconds=2),
        last_at=now,
        instances=("web-1", "web-2"),
        sample="unsupported operand",
    )
    logged = scenario.logged
    telemetry = ScriptedTelemetry(
        story.clock,
        bad=lambda: 0.6 if shop.checkout_fails(shop) else 0.0,
        errors=lambda: (errors,) if logged and shop.release == NEW else (),
    )
    changes = ScriptedChanges((new, old))
    story.with_parts(senses=replace(story.parts.senses, changes=changes, telemetry=telemetry))


def houses(each: int) -> Iterator[str]:
    """The mix of each house, all mixes equally often."""
    for _ in range(each):
        yield from (*MIXES, TURNS)
