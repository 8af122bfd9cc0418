"""What is looked at together before and after acting, and what alone: looks take time here, and the
time is counted (below 1 s).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from tests.phases.test_verify_journeys import BUY, CHECKOUT, with_journey
from tests.phases.values import executed, plan
from tests.support.counted_time import CountedClock, counted
from tests.support.hand_clock import START, HandClock
from tests.support.world import LETTERS, ScriptedInventories, ScriptedTelemetry

from vigil.domain.catalogue import Catalogue
from vigil.domain.inventory import Inventory
from vigil.domain.probe import PerformanceProbe, Probe, ProbeRef, ProbeResult
from vigil.domain.proof import Outcome, Proof
from vigil.verify.baseline import (
    CHANCE_EVERY_S,
    CHANCE_LOOKS,
    LAST_LOOKS,
    Baseline,
    journeys,
    look,
    quick_ones,
    take_baseline,
)
from vigil.verify.eyes import Eyes
from vigil.verify.verify import verify

QUICK_S, WALK_S, MEASURED_S = 0.05, 5.0, 2.0
SPEED = "web/speed"


@dataclass(frozen=True)
class Look:
    """When it began and ended."""

    name: str
    began: float
    ended: float

    def meets(self, other: "Look") -> bool:
        """They are under way at the same time, for however short a while."""
        return self.began < other.ended and other.began < self.ended


@dataclass
class TimedProbes:
    """Fulfils ``ports.probes.Probes``: looks take as long as the test says."""

    takes_s: Mapping[str, float]
    failing: set[str]
    clock: CountedClock = field(default_factory=CountedClock)
    looks: list[Look] = field(default_factory=list)

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:
        began, name = self.clock.elapsed(), str(ref)
        await self.clock.sleep(self.takes_s.get(name, QUICK_S))
        self.looks.append(Look(name, began, self.clock.elapsed()))
        return ProbeResult(
            ref=ref,
            outcome=LETTERS["F" if name in self.failing else "P"],
            text=f"{name} was looked at",
            seconds=self.clock.elapsed() - began,
            at=self.clock.now(),
        )

    def of(self, name: str) -> list[Look]:
        return [each for each in self.looks if each.name == name]


def measured(known: Catalogue) -> Catalogue:
    """A cure of it is also proven by how quick two pages are."""
    web = known.services["web"]
    symptom = web.symptoms["checkout-errors"]
    probe = PerformanceProbe(kind="performance", url="http://127.0.0.1:1/", p95_ms=500)
    proving = {"prove_with": (*symptom.prove_with, "speed", "speed-of-pages")}
    changed = web.model_copy(
        update={
            "probes": {**web.probes, "speed": probe, "speed-of-pages": probe},
            "symptoms": {**web.symptoms, "checkout-errors": symptom.model_copy(update=proving)},
        }
    )
    return known.model_copy(update={"services": {**known.services, "web": changed}})


@dataclass
class House:
    """The shop in trouble."""

    known: Catalogue = field(default_factory=with_journey)
    takes_s: Mapping[str, float] = field(default_factory=dict)
    failing: set[str] = field(default_factory=lambda: {CHECKOUT, BUY})
    count_s: float = 0.0
    """How long it takes to count what is there."""

    def __post_init__(self) -> None:
        usual = {BUY: WALK_S, SPEED: MEASURED_S, "web/speed-of-pages": MEASURED_S}
        self.probes = TimedProbes(usual | dict(self.takes_s), self.failing)
        self.plan = plan(self.known)
        self.counts: list[Look] = []

    @property
    def eyes(self) -> Eyes:
        return Eyes(
            catalogue=self.known,
            probes=self.probes,
            telemetry=ScriptedTelemetry(HandClock()),
            inventories=SlowInventories(self),
            clock=self.probes.clock,
        )

    async def baseline(self) -> tuple[Baseline, float]:
        """And how long it took."""
        baseline = await take_baseline(self.plan, self.eyes, START)
        return baseline, self.probes.clock.elapsed()

    async def proven(self) -> Proof:
        """By a cure that works at once."""
        baseline, _ = await self.baseline()
        self.probes.failing.clear()
        return await verify(self.plan, executed(self.plan), baseline, self.eyes)


class SlowInventories(ScriptedInventories):
    """Counting is looking, too."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    async def take(self, services: object) -> Inventory:
        clock = self._house.probes.clock
        began = clock.elapsed()
        await clock.sleep(self._house.count_s)
        self._house.counts.append(Look("count", began, clock.elapsed()))
        return Inventory()


ONE_MORE_S = CHANCE_EVERY_S + QUICK_S


def test_the_quick_ones_do_not_wait_for_the_walk() -> None:
    house = House()
    baseline, seconds = counted(house.baseline())
    assert seconds == pytest.approx(WALK_S + LAST_LOOKS * ONE_MORE_S)
    assert {len(baseline.looks_at(ref)) for ref in quick_ones(house.plan, house.known)} == {
        CHANCE_LOOKS
    }, "no fewer looks for that"
    assert [len(baseline.looks_at(ref)) for ref in journeys(house.plan, house.known)] == [1]


def test_the_last_look_is_taken_when_the_walk_is_over() -> None:
    """Minutes may pass with long walks; what is acted on is how it looks now."""
    house = House()
    counted(house.baseline())
    (walk,) = house.probes.of(BUY)
    for ref in quick_ones(house.plan, house.known):
        *former, last = house.probes.of(str(ref))
        assert last.began >= walk.ended
        assert all(each.ended < walk.ended for each in former)


def test_what_looks_slowly_does_not_wait_for_the_walk_either() -> None:
    house = House(takes_s={"db/accepts": 0.7})
    _, seconds = counted(house.baseline())
    assert seconds == pytest.approx(WALK_S + CHANCE_EVERY_S + 0.7)


@pytest.mark.parametrize("slow", [{}, {"db/accepts": 0.7}, {CHECKOUT: 2.0, "db/accepts": 1.0}])
def test_no_more_looks_at_once_than_there_are_probes(slow: dict[str, float]) -> None:
    """Of each probe one at a time: whoever is in trouble is not asked harder than before."""
    house = House(takes_s=slow)
    counted(house.baseline())
    for name in {each.name for each in house.probes.looks}:
        looks = house.probes.of(name)
        assert all(one.ended <= other.began for one, other in pairwise(looks))


def test_a_walk_that_alone_sees_it_is_waited_for() -> None:
    """Before it, nobody knows that there is anything to cure."""
    house = House(failing={BUY})
    baseline, seconds = counted(house.baseline())
    assert baseline.still_failing(house.plan.proving)
    assert seconds == pytest.approx(WALK_S + (CHANCE_LOOKS - 1) * ONE_MORE_S)
    assert len(house.probes.of(CHECKOUT)) == CHANCE_LOOKS


def test_where_nothing_fails_there_are_no_further_looks() -> None:
    house = House(failing=set())
    counted(house.baseline())
    assert set(Counter(each.name for each in house.probes.looks).values()) == {1}


def test_it_is_counted_once_more_when_all_that_takes_long_is_over() -> None:
    house = House(count_s=0.2)
    counted(house.baseline())
    (walk,) = house.probes.of(BUY)
    first, second = house.counts
    assert first.began == 0
    assert second.began >= walk.ended


def test_what_measures_how_quick_pages_are_is_alone() -> None:
    house = House(known=measured(with_journey()), count_s=0.2)
    proof = counted(house.proven())
    assert proof.outcome is Outcome.VERIFIED, proof.text
    speed = [each for each in house.probes.looks if each.name.startswith(SPEED)]
    assert len(speed) == 2 * 3, "each of two before, and twice after"
    others = [*house.probes.looks, *house.counts]
    for one in speed:
        assert [other for other in others if other is not one and one.meets(other)] == []


def test_looks_come_in_the_order_that_was_asked_for() -> None:
    house = House(known=measured(with_journey()))
    refs = (*house.plan.proving, *house.plan.neighbours)
    assert len(journeys(house.plan, house.known)) == 3
    seen = counted(look(refs, house.eyes))
    assert [result.ref for result in seen.results] == list(refs)
    assert [result.ref for result in counted(house.baseline())[0].results] == list(refs)
