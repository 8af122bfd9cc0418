"""How long what a plan restarted may take to start, by what each service says (below 1 s)."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from tests.phases.values import RESTART, action, executed, plan
from tests.support.hand_clock import START, HandClock
from tests.support.world import ScriptedInventories, ScriptedProbes, catalogue, eyes
from tests.verify.thin import instance, rows

from vigil.domain.catalogue import (
    LONGEST_START_S,
    STARTS_WITHIN_S,
    Catalogue,
    Processes,
    Service,
)
from vigil.domain.inventory import Inventory
from vigil.domain.plan import Plan
from vigil.domain.proof import Outcome, Proof
from vigil.verify.baseline import take_baseline
from vigil.verify.starting import PATIENCE_S, SETTLES_S, Starting
from vigil.verify.undone import verify_undo
from vigil.verify.verify import INTERVAL_S, verify

CHECKOUT = "web/checkout"


def starting(**within_s: int) -> Catalogue:
    """The shop, of which these services take so long to start."""
    known = catalogue()
    services = {
        name: service.model_copy(update={"starts_within_s": within_s[name]})
        if name in within_s
        else service
        for name, service in known.services.items()
    }
    return known.model_copy(update={"services": services})


class House:
    """The shop, some of whose probes fail, and some of whose things are gone, for a while after the
    plan has acted.
    """

    def __init__(self, known: Catalogue, away_s: dict[str, float], gone_s: float = 0.0) -> None:
        self.clock = HandClock()
        self.acted = float("inf")
        self._gone_s = gone_s
        scripts = {name: self._away(seconds) for name, seconds in away_s.items()}
        probes = ScriptedProbes(self.clock, scripts | {CHECKOUT: self._checkout(away_s)})
        self.eyes = eyes(known, probes, self.clock, inventories=ScriptedInventories(self._there))

    def _away(self, seconds: float) -> Callable[[], str]:
        return lambda: "F" if 0 <= self._since < seconds else "P"

    def _checkout(self, away_s: dict[str, float]) -> Callable[[], str]:
        return lambda: "F" if self._since < away_s.get(CHECKOUT, 0.0) else "P"

    def _there(self) -> Inventory:
        there = not 0 <= self._since < self._gone_s
        return Inventory(items=(instance("web-1", there=there), rows(10)))

    @property
    def _since(self) -> float:
        return self.clock.elapsed() - self.acted

    async def proven(self, planned: Plan) -> tuple[Proof, float]:
        """The word, and how long it took."""
        baseline = await take_baseline(planned, self.eyes, START)
        self.acted = began = self.clock.elapsed()
        proof = await verify(planned, executed(planned), baseline, self.eyes)
        return proof, self.clock.elapsed() - began


async def word(
    known: Catalogue, away_s: dict[str, float], gone_s: float = 0.0, script: str | None = None
) -> tuple[Proof, float]:
    acts = action() if script is None else action(script, None)
    return await House(known, away_s, gone_s).proven(plan(known, acts))


@pytest.mark.parametrize("within_s", [STARTS_WITHIN_S, 150, LONGEST_START_S])
async def test_a_neighbour_is_away_for_as_long_as_its_service_takes_to_start(
    within_s: int,
) -> None:
    away = {"web/catalogue": within_s - 1.0}
    proof, seconds = await word(starting(web=within_s), away)
    assert proof.outcome is Outcome.VERIFIED, proof.text
    assert within_s <= seconds < within_s + SETTLES_S


@pytest.mark.parametrize("within_s", [10, STARTS_WITHIN_S, 150, LONGEST_START_S])
async def test_one_that_is_away_for_longer_has_got_worse_and_not_before(within_s: int) -> None:
    proof, seconds = await word(starting(web=within_s, db=10), {"web/catalogue": 1e9})
    assert proof.outcome is Outcome.REGRESSED, proof.text
    assert within_s <= seconds < within_s + INTERVAL_S


async def test_one_that_needs_no_time_gets_none() -> None:
    """But so many looks as tell it from chance."""
    proof, seconds = await word(starting(web=0, db=0), {"web/catalogue": 1e9})
    assert proof.outcome is Outcome.REGRESSED, proof.text
    assert seconds < 10


@pytest.mark.parametrize("within_s", [STARTS_WITHIN_S, 150])
async def test_so_may_a_process_be(within_s: int) -> None:
    proof, _ = await word(starting(web=within_s), {}, gone_s=within_s - 1.0)
    assert proof.outcome is Outcome.VERIFIED, proof.text
    proof, seconds = await word(starting(web=within_s), {}, gone_s=1e9)
    assert proof.outcome is Outcome.REGRESSED, proof.text
    assert within_s <= seconds < within_s + INTERVAL_S


async def test_a_symptom_may_stay_until_what_was_restarted_has_started() -> None:
    proof, _ = await word(starting(web=200), {CHECKOUT: 199.0})
    assert proof.outcome is Outcome.VERIFIED, proof.text
    proof, seconds = await word(starting(web=200), {CHECKOUT: 1e9})
    assert proof.outcome is Outcome.NOT_FIXED
    assert seconds >= 200 + SETTLES_S


async def test_a_neighbour_has_its_own_services_time_and_prolongs_nothing() -> None:
    """It is not held against a plan that does not act on it, nor waited for."""
    proof, seconds = await word(starting(db=300), {"db/accepts": 1e9})
    assert proof.outcome is Outcome.NOT_FIXED
    assert "db/accepts" in proof.text
    assert PATIENCE_S <= seconds < PATIENCE_S + 2 * INTERVAL_S


async def test_what_needs_a_service_that_was_restarted_is_away_as_long() -> None:
    known = starting(web=10)
    slow = Service(
        starts_within_s=180, processes=Processes(supervisor="/run/s.sock", names=("render-1",))
    )
    known = known.model_copy(update={"services": {**known.services, "render": slow}})
    restart = RESTART.replace("web-1", "render-1")
    proof, _ = await word(known, {"web/catalogue": 179.0}, script=restart)
    assert proof.outcome is Outcome.VERIFIED, proof.text
    proof, _ = await word(known, {"web/catalogue": 179.0}, script=RESTART)
    assert proof.outcome is not Outcome.VERIFIED, "that one is not touched"


async def test_an_undo_is_waited_for_as_long() -> None:
    known = starting(web=200)
    planned = plan(known)
    house = House(known, {"web/catalogue": 195.0})
    before = await take_baseline(planned, house.eyes, START)
    house.acted = house.clock.elapsed()
    proof = await verify_undo(planned, executed(planned), before, house.eyes)
    assert proof.outcome is Outcome.VERIFIED, proof.text


def test_a_service_that_left_the_catalogue_has_the_usual_time() -> None:
    known = starting(web=10)
    planned = plan(known).model_copy(update={"service": "gone"})
    assert Starting(planned, known).within_s("web") == STARTS_WITHIN_S
    assert Starting(planned, known).patience_s == PATIENCE_S


@pytest.mark.parametrize("within_s", [-1, LONGEST_START_S + 1])
def test_it_has_bounds(within_s: int) -> None:
    with pytest.raises(ValidationError, match="starts_within_s"):
        Service(starts_within_s=within_s)
