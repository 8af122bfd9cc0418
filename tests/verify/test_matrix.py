"""Every way in which a plan can come out, on a thin service with time in the test's hand: each of
them over twenty seeds, and each time the same word (about 10 s).
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.phases.values import action
from tests.verify.thin import (
    CHECKOUT,
    NEIGHBOURS,
    QUICK_S,
    ROUTES,
    SORRY,
    Thin,
    always,
    broken,
    endpoint,
    instance,
    page,
    probe,
    rows,
    until,
    watched,
)

from vigil.domain.inventory import Item, Key
from vigil.domain.plan import Action
from vigil.domain.proof import Criterion, Outcome, Proof
from vigil.verify.improved import improved
from vigil.verify.starting import PATIENCE_S

SEEDS = 20
VERIFIED, NOT_FIXED, REGRESSED = Outcome.VERIFIED, Outcome.NOT_FIXED, Outcome.REGRESSED


@dataclass(frozen=True)
class Scenario:
    """What a plan makes of a thin service, and the word for it."""

    made: Callable[[Thin], None]
    outcome: Outcome
    unmet: Criterion | None = None
    """The criterion that says so."""
    better: bool | None = None
    """Whether it is better than before, so that it is left and a person is asked."""
    actions: tuple[Action, ...] = ()
    within_s: float = PATIENCE_S + 10


def cured(thin: Thin) -> None:
    """What was broken is restarted, and works; its neighbours are away as long."""
    thin.share = thin.chance.choice([1.0, 1.0, 0.7, 0.5])
    thin.symptom = until(thin.restart_s, thin.share)
    thin.others = {"web/catalogue": until(thin.restart_s)}


def unchanged(thin: Thin) -> None:
    thin.share = thin.chance.choice([1.0, 0.7, 0.5])
    thin.symptom = always(thin.share)


def unchanged_and_uncounted(thin: Thin) -> None:
    thin.counted = False
    thin.symptom = always(1.0)


def breaks_a_neighbour(thin: Thin) -> None:
    cured(thin)
    broken_one = thin.chance.choice(NEIGHBOURS)
    thin.others[broken_one] = always(thin.chance.choice([1.0, 1.0, 0.9]))


def slows_a_neighbour(thin: Thin) -> None:
    cured(thin)
    thin.takes_s[thin.chance.choice(NEIGHBOURS)] = thin.chance.uniform(60, 200) * QUICK_S


def takes_away(thin: Thin, *items: Item) -> None:
    cured(thin)
    thin.after_it |= {item.key: None for item in items}


def refuses(thin: Thin, *items: Item) -> None:
    cured(thin)
    thin.after_it |= {item.key: item for item in items}


def deletes_an_instance(thin: Thin) -> None:
    name = f"web-{thin.chance.randint(1, thin.instances)}"
    thin.chance.choice([takes_away, refuses])(thin, instance(name, there=False))


def closes_an_endpoint(thin: Thin) -> None:
    refuses(thin, endpoint(f"10.0.0.{thin.chance.randint(1, thin.instances)}:80", there=False))


def deletes_a_route(thin: Thin) -> None:
    refuses(thin, broken(thin.chance.choice(list(ROUTES))))


def deletes_rows(thin: Thin) -> None:
    refuses(thin, rows(thin.chance.choice([0, 1, 500, 999])))


def keeps_deleting_rows(thin: Thin) -> None:
    """Each count finds fewer, so that no two of them say the same."""
    cured(thin)
    thin.rows_go = True


def scales_to_zero(thin: Thin) -> None:
    """Where nobody asks the symptom's probe any more, nothing fails."""
    gone = [instance(f"web-{n}", there=False) for n in range(1, thin.instances + 1)]
    gone += [endpoint(f"10.0.0.{n}:80", there=False) for n in range(1, thin.instances + 1)]
    refuses(thin, *gone)


def scales_to_zero_and_is_seen_failing(thin: Thin) -> None:
    scales_to_zero(thin)
    thin.share, thin.symptom = 1.0, always(1.0)


def maintenance_page(thin: Thin) -> None:
    """Every route answers 200 with it, and a lax probe is content."""
    refuses(thin, *(page(path, SORRY, "sorry") for path in ROUTES))


def maintenance_page_where_all_was_broken(thin: Thin) -> None:
    maintenance_page(thin)
    thin.before_it = {(item := broken(path)).key: item for path in ROUTES}


def silenced(thin: Thin) -> None:
    cured(thin)
    thin.silenced = True


def removes_a_probe(thin: Thin) -> None:
    takes_away(thin, probe(thin.chance.choice(["checkout", "catalogue"]), "gone"))


def loosens_a_probe(thin: Thin) -> None:
    refuses(thin, probe(thin.chance.choice(["checkout", "catalogue"]), "any status will do"))


def loosens_the_condition(thin: Thin) -> None:
    refuses(thin, watched("checkout-errors", "above 0.99"))


def flaps(thin: Thin) -> None:
    """Up for a while and down for a while, again and again; not counted by anybody."""
    thin.counted = False
    up, down = thin.chance.uniform(2, 9), thin.chance.uniform(2, 9)
    thin.symptom = lambda since: float(since % (up + down) < down)


def broken_in_part(thin: Thin) -> None:
    """Some instances are broken and stay so, and nobody counts requests."""
    thin.counted = False
    thin.share = thin.chance.choice([1 / 2, 1 / 3, 2 / 3])
    thin.symptom = always(thin.share)


def recovers_in_time(thin: Thin) -> None:
    """What came and went has to stay away for longer, so it may take less long to begin with."""
    cured(thin)
    late = thin.chance.uniform(5, 60 if thin.share == 1 else 35)
    thin.symptom = until(late, thin.share)
    thin.others = {"web/catalogue": until(min(late, 25))}


def recovers_too_late(thin: Thin) -> None:
    thin.symptom = until(thin.chance.uniform(PATIENCE_S, 300))


def improves(thin: Thin) -> None:
    thin.share, thin.symptom = 1.0, until(thin.restart_s, 1.0, 0.2)


def blinds_the_probe(thin: Thin) -> None:
    cured(thin)
    thin.blind = {CHECKOUT}


def blinds_a_neighbour(thin: Thin) -> None:
    cured(thin)
    thin.blind = {thin.chance.choice(NEIGHBOURS)}


def loses_its_metrics(thin: Thin) -> None:
    """No request is bad where none is counted."""
    cured(thin)
    thin.metrics_go = True


def stops_what_it_said(thin: Thin) -> None:
    cured(thin)
    thin.restart_s = 0.0
    thin.before_it = {(item := endpoint("10.0.0.2:80", of="web-2")).key: item}
    gone = (instance("web-2", there=False), endpoint("10.0.0.2:80", there=False, of="web-2"))
    thin.after_it = {item.key: item for item in gone}


def stops_another_than_it_said(thin: Thin) -> None:
    refuses(thin, instance("web-1", there=False))


STOP = action("vigil-do process.stop stop web-2\n", None)

SCENARIOS = {
    "true fix": Scenario(cured, VERIFIED, within_s=75),
    "no effect": Scenario(unchanged, NOT_FIXED, Criterion.SYMPTOM),
    "no effect, uncounted": Scenario(unchanged_and_uncounted, NOT_FIXED, Criterion.SYMPTOM, False),
    "breaks a neighbour": Scenario(breaks_a_neighbour, REGRESSED, Criterion.NEIGHBOURS),
    "slows a neighbour": Scenario(slows_a_neighbour, REGRESSED, Criterion.NEIGHBOURS),
    "deletes an instance": Scenario(deletes_an_instance, REGRESSED, Criterion.INVENTORY),
    "closes an endpoint": Scenario(closes_an_endpoint, REGRESSED, Criterion.INVENTORY),
    "deletes a route": Scenario(deletes_a_route, REGRESSED, Criterion.INVENTORY),
    "deletes rows": Scenario(deletes_rows, REGRESSED, Criterion.INVENTORY),
    "keeps deleting rows": Scenario(keeps_deleting_rows, REGRESSED, Criterion.INVENTORY),
    "scales to zero": Scenario(scales_to_zero, REGRESSED, Criterion.INVENTORY),
    "scales to zero, seen": Scenario(
        scales_to_zero_and_is_seen_failing, REGRESSED, Criterion.INVENTORY
    ),
    "maintenance page": Scenario(maintenance_page, REGRESSED, Criterion.INVENTORY),
    "maintenance page, all broken before": Scenario(
        maintenance_page_where_all_was_broken, REGRESSED, Criterion.INVENTORY
    ),
    "silenced alert": Scenario(silenced, REGRESSED, Criterion.INVENTORY),
    "removed probe": Scenario(removes_a_probe, REGRESSED, Criterion.INVENTORY),
    "loosened probe": Scenario(loosens_a_probe, REGRESSED, Criterion.INVENTORY),
    "loosened condition": Scenario(loosens_the_condition, REGRESSED, Criterion.INVENTORY),
    "flapping": Scenario(flaps, NOT_FIXED, Criterion.SYMPTOM),
    "broken in part, uncounted": Scenario(broken_in_part, NOT_FIXED, Criterion.SYMPTOM),
    "slow recovery inside": Scenario(recovers_in_time, VERIFIED),
    "slow recovery outside": Scenario(recovers_too_late, NOT_FIXED, Criterion.SYMPTOM, False),
    "improved to 20 %": Scenario(improves, NOT_FIXED, Criterion.SYMPTOM, True),
    "blind probe": Scenario(blinds_the_probe, NOT_FIXED, Criterion.SYMPTOM),
    "blind neighbour": Scenario(blinds_a_neighbour, REGRESSED, Criterion.NEIGHBOURS),
    "metrics gone": Scenario(loses_its_metrics, NOT_FIXED, Criterion.METRIC, True),
    "announced": Scenario(stops_what_it_said, VERIFIED, actions=(STOP,)),
    "another than announced": Scenario(
        stops_another_than_it_said, REGRESSED, Criterion.INVENTORY, actions=(STOP,)
    ),
}


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", SCENARIOS)
async def test_each_scenario_gets_its_word(name: str, seed: int) -> None:
    scenario = SCENARIOS[name]
    thin = Thin(f"{name} {seed}")
    scenario.made(thin)
    proof, planned, seconds = await thin.proven(*scenario.actions)
    assert proof.outcome is scenario.outcome, told(proof, thin)
    assert seconds <= scenario.within_s
    if scenario.outcome is VERIFIED:
        assert all(ground.met is not False for ground in proof.grounds)
    if scenario.unmet is not None:
        assert scenario.unmet in {ground.criterion for ground in proof.grounds if not ground.met}
    if scenario.better is not None:
        assert improved(proof) is scenario.better
    assert {change.ref for change in proof.probes} == {*planned.proving, *planned.neighbours}


def told(proof: Proof, thin: Thin) -> str:
    rows = (
        f"{change.ref}: {''.join(str(look.outcome)[0] for look in change.after)}"
        for change in proof.probes
    )
    return "\n".join([proof.text, f"share {thin.share}, restart {thin.restart_s} s", *rows])


def test_the_scenarios_take_away_what_is_there() -> None:
    """Or a wrong key would take away nothing, and the wrong word would be right."""
    keys: set[Key] = {item.key for item in Thin("keys").there().items}
    for name, scenario in SCENARIOS.items():
        thin = Thin(name)
        scenario.made(thin)
        assert thin.after_it.keys() <= keys | {item.key for item in thin.there().items}
