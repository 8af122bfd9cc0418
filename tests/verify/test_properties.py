"""What no row of looks can ever make verification say (about 10 s)."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.phases.values import executed, plan
from tests.support.hand_clock import START, HandClock
from tests.support.world import ScriptedInventories, ScriptedProbes, catalogue, eyes

from vigil.domain.inventory import Inventory, Item, Kind
from vigil.domain.proof import Outcome, Proof
from vigil.verify.baseline import CHANCE_LOOKS, take_baseline
from vigil.verify.verify import verify

CATALOGUE = catalogue()
PLAN = plan(CATALOGUE)
DONE = executed(PLAN)
CHECKOUT, NEIGHBOUR, OTHER = "web/checkout", "web/catalogue", "db/accepts"
BEFORE = CHANCE_LOOKS
LONG = 60
"""More looks than any verification has."""

rows = st.text(alphabet="FP?", min_size=1, max_size=LONG)
good_rows = st.lists(st.tuples(st.sampled_from("FP?"), st.integers(1, 30)), min_size=1).map(
    lambda runs: "".join(letter * times for letter, times in runs)
)
"""Rows as trouble makes them, in runs of one letter; half of those that are drawn letter by letter
never come near a proof."""
a_row = rows | good_rows
quick = settings(max_examples=60, deadline=None)


async def proven(
    after: Mapping[str, str],
    lost_from: int | None = None,
    jumps: Mapping[int, float] | None = None,
) -> Proof:
    """Of rows of looks since the plan acted; before it the symptom failed and all else passed.

    ``lost_from``: from this count on something is gone. ``jumps``: the wall clock is set so at the
    looks of these numbers.
    """
    clock = HandClock()
    scripts = {name: BEFORE * "P" + row for name, row in after.items() if name != CHECKOUT}
    row, looks = BEFORE * "F" + after[CHECKOUT], 0

    def checkout() -> str:
        nonlocal looks
        letter = row[min(looks, len(row) - 1)]
        clock.set_wall((jumps or {}).get(looks, 0.0))
        looks += 1
        return letter

    counts = 0

    def there() -> Inventory:
        nonlocal counts
        counts += 1
        gone = lost_from is not None and counts > lost_from + 2
        item = Item(kind=Kind.ROWS, service="web", name="orders", there=not gone, count=7)
        return Inventory(items=(item,))

    looking = eyes(
        CATALOGUE,
        ScriptedProbes(clock, {**scripts, CHECKOUT: checkout}),
        clock,
        inventories=ScriptedInventories(there),
    )
    baseline = await take_baseline(PLAN, looking, START)
    return await verify(PLAN, DONE, baseline, looking)


@quick
@given(symptom=a_row, neighbour=a_row, ends=st.sampled_from(["F", "?"]), other=a_row)
async def test_a_neighbour_that_fails_for_good_is_never_verified(
    symptom: str, neighbour: str, ends: str, other: str
) -> None:
    """It passed at every look before, and from some look on, before the proof could be, never."""
    row = neighbour[:5] + ends * LONG
    proof = await proven({CHECKOUT: symptom, NEIGHBOUR: row, OTHER: other})
    assert proof.outcome is not Outcome.VERIFIED


@quick
@given(symptom=a_row, other=a_row)
async def test_what_is_lost_for_good_is_never_verified(symptom: str, other: str) -> None:
    proof = await proven({CHECKOUT: symptom, OTHER: other}, lost_from=0)
    assert proof.outcome is not Outcome.VERIFIED


@quick
@given(symptom=good_rows, other=a_row, data=st.data())
async def test_worse_looks_never_make_it_verified(
    symptom: str, other: str, data: st.DataObject
) -> None:
    """Any of the looks at the symptom, turned into a failing one."""
    before = await proven({CHECKOUT: symptom, OTHER: other})
    places = data.draw(st.sets(st.integers(0, len(symptom) - 1), min_size=1))
    worse = "".join("F" if n in places else letter for n, letter in enumerate(symptom))
    after = await proven({CHECKOUT: worse, OTHER: other})
    if before.outcome is not Outcome.VERIFIED:
        assert after.outcome is not Outcome.VERIFIED


@quick
@given(
    symptom=good_rows,
    neighbour=a_row,
    jumps=st.dictionaries(st.integers(0, LONG), st.sampled_from([3600.0, -3600.0, 11.0, -86400.0])),
)
async def test_the_wall_clock_has_no_say(
    symptom: str, neighbour: str, jumps: dict[int, float]
) -> None:
    looks = {CHECKOUT: symptom, NEIGHBOUR: neighbour}
    still, set_ = await proven(looks), await proven(looks, jumps=jumps)
    assert (still.outcome, still.text, still.window_s) == (set_.outcome, set_.text, set_.window_s)
    assert [len(change.after) for change in still.probes] == [
        len(change.after) for change in set_.probes
    ]
