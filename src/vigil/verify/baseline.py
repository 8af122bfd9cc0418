"""The baseline: how everything looked just before anything was done."""

import asyncio
from collections.abc import Sequence
from types import MappingProxyType
from typing import Self

from vigil.domain.catalogue import Catalogue
from vigil.domain.inventory import Inventory
from vigil.domain.plan import Plan
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.taken_away import compared
from vigil.domain.telemetry import FEWEST_REQUESTS, Usual
from vigil.domain.value import Instant, Value
from vigil.verify.counting import count
from vigil.verify.eyes import Eyes
from vigil.verify.metric import condition_holds, counted, usually

MOST_LOOKS = 7
AGAIN_S = 1.0
"""A symptom that comes and goes, as where one of two instances is broken, is looked for so often:
of seven looks that each find it half of the time, less than one in a hundred rows finds none."""

CHANCE_LOOKS = 6
"""At each quick probe, to know what is chance with it."""
LAST_LOOKS = 1
"""So many of them are taken right before acting, when all that takes long is over."""
CHANCE_EVERY_S = 0.3
CHANCE_S = 3.0
"""Where nothing but failing looks at a probe took so long together, there is no further one: what
hangs would hold up the cure by its deadline each time. It has to pass more often afterwards."""

FAILING, PASSING = ProbeOutcome.FAILING, ProbeOutcome.PASSING

_WORSE = MappingProxyType({ProbeOutcome.UNKNOWN: 0, PASSING: 1, FAILING: 2})
"""A look that saw nothing gives way to any that saw something."""


class Baseline(Value):
    """One look at each probe of the plan, in the plan's order; of several looks the worst."""

    results: tuple[ProbeResult, ...]
    comes_and_goes: tuple[ProbeRef, ...] = ()
    """Those that were seen both failing and passing."""
    again: tuple[ProbeResult, ...] = ()
    """Further looks, to know what is chance with each of them."""
    inventory: Inventory = Inventory()
    """What was there at two counts, the same way."""
    usual: Usual | None = None
    """How the symptom's requests fared before the trouble; None when nobody remembers."""
    bad: float | None = None
    """Their bad share now, 0 to 1."""

    def of(self, ref: ProbeRef) -> ProbeResult | None:
        """The look at one probe."""
        return next((r for r in self.results if r.ref == ref), None)

    def looks_at(self, ref: ProbeRef) -> tuple[ProbeResult, ...]:
        """Every look at one probe, oldest first."""
        return tuple(result for result in (*self.results, *self.again) if result.ref == ref)

    def outcomes(self, ref: ProbeRef) -> frozenset[ProbeOutcome]:
        """Everything that looks at one probe saw."""
        return frozenset(look.outcome for look in self.looks_at(ref))

    def still_failing(self, refs: tuple[ProbeRef, ...]) -> bool:
        """At least one of these fails; only then can an action be proven to help."""
        return any((look := self.of(ref)) is not None and look.fails for ref in refs)

    def unseen(self, refs: tuple[ProbeRef, ...]) -> tuple[ProbeResult, ...]:
        """The looks at these that saw nothing: what cannot be seen now proves nothing later."""
        looks = (self.of(ref) for ref in refs)
        return tuple(r for r in looks if r is not None and r.outcome is ProbeOutcome.UNKNOWN)

    def or_worse(self, again: "Baseline") -> Self:
        """With the looks of another row of looks that were worse."""
        mixed = (
            before.ref
            for before in self.results
            if (other := again.of(before.ref)) is not None
            and {before.outcome, other.outcome} == {FAILING, PASSING}
        )
        return self.model_copy(
            update={
                "results": tuple(_worst(before, again.of(before.ref)) for before in self.results),
                "comes_and_goes": tuple(dict.fromkeys((*self.comes_and_goes, *mixed))),
            }
        )


def journeys(plan: Plan, catalogue: Catalogue) -> tuple[ProbeRef, ...]:
    """The proving probes that take long or do things, such as walks through pages."""
    return tuple(ref for ref in plan.proving if catalogue.has(ref) and catalogue.probe(ref).long)


def quick_ones(plan: Plan, catalogue: Catalogue) -> tuple[ProbeRef, ...]:
    """All other probes of the plan."""
    walked = journeys(plan, catalogue)
    return tuple(ref for ref in (*plan.proving, *plan.neighbours) if ref not in walked)


async def look(refs: Sequence[ProbeRef], eyes: Eyes) -> Baseline:
    """Look once at each probe, all at the same time; then, one by one, at what has to be alone."""
    alone = alone_among(refs, eyes.catalogue)
    together = [ref for ref in refs if ref not in alone]
    seen = await asyncio.gather(*(_look_at(ref, eyes) for ref in together))
    measured = [await _look_at(ref, eyes) for ref in alone]
    return _in_order(refs, (*seen, *measured))


def alone_among(refs: Sequence[ProbeRef], catalogue: Catalogue) -> tuple[ProbeRef, ...]:
    """Those in which everything would show that goes on at the same time."""
    return tuple(ref for ref in refs if catalogue.has(ref) and catalogue.probe(ref).alone)


def _in_order(refs: Sequence[ProbeRef], seen: Sequence[ProbeResult]) -> Baseline:
    looks = {result.ref: result for result in seen}
    return Baseline(results=tuple(looks[ref] for ref in refs))


async def _look_at(ref: ProbeRef, eyes: Eyes) -> ProbeResult:
    if eyes.catalogue.has(ref):
        return await eyes.probes.run(ref, eyes.catalogue.probe(ref))
    text = "This probe is not in the catalogue any more, so nobody can look."
    at = eyes.clock.now()
    return ProbeResult(ref=ref, outcome=ProbeOutcome.UNKNOWN, text=text, seconds=0, at=at)


async def glance(plan: Plan, eyes: Eyes) -> Baseline:
    """How everything looks while a person is asked; nothing is walked that would do things."""
    refs = quick_ones(plan, eyes.catalogue)
    seen, inventory = await asyncio.gather(look(refs, eyes), count(plan, eyes))
    # What comes and goes by itself must not look like news when the answer has come.
    return seen.model_copy(update={"inventory": inventory.steady(await count(plan, eyes))})


def changed(plan: Plan, then: Baseline, now: Baseline) -> str | None:
    """What got worse without Vigil between two looks, as a sentence: the plan was not made for it.

    The symptom itself is left out: whether it is still there is asked for on its own.
    """
    lost = compared(then.inventory, now.inventory, plan).lost
    if lost:
        return lost[0].text
    for ref in plan.neighbours:
        before, looks = then.of(ref), now.looks_at(ref)
        passed = before is not None and before.passes
        if passed and looks and all(look.fails for look in looks):
            return f"{ref} passed when the plan was made, and fails now: {looks[-1].text}"
    return None


async def take_baseline(plan: Plan, eyes: Eyes, opened_at: Instant) -> Baseline:
    """Everything that will be looked at afterwards, and how it usually is.

    While nothing that could prove a cure fails, but the symptom's own condition holds, the proving
    probes are looked at again: one look that passes does not say that the symptom is gone. Nor does
    a neighbour that could not be looked at count as well: it is looked at again, too. All that
    is quick is looked at a few times more, to know what is chance with it, and it is counted once
    more what is there: what comes and goes by itself is no loss later.
    """
    refs = (*plan.proving, *plan.neighbours)
    baseline, inventory, usual = await asyncio.gather(
        _first_looks(plan, eyes), count(plan, eyes), usually(plan, eyes, opened_at)
    )
    measured = await look(alone_among(refs, eyes.catalogue), eyes)
    results = _in_order(refs, (*baseline.results, *measured.results)).results
    baseline = baseline.model_copy(update={"results": results})
    walked = journeys(plan, eyes.catalogue)
    quick = tuple(ref for ref in plan.proving if ref not in walked)
    unseen = tuple(result.ref for result in baseline.unseen(plan.neighbours))
    for _ in range(MOST_LOOKS - 1):
        if baseline.still_failing(plan.proving) or await condition_holds(plan, eyes) is not True:
            break
        await eyes.clock.sleep(AGAIN_S)
        baseline = baseline.or_worse(await look((*(quick or walked), *unseen), eyes))
    ratio = await counted(plan, eyes)
    bad = ratio.value if ratio and ratio.total >= FEWEST_REQUESTS else None
    known = {"inventory": inventory, "usual": usual, "bad": bad}
    baseline = baseline.model_copy(update=known)
    if not baseline.still_failing(plan.proving):
        return baseline  # Nothing is left to cure: nothing is done, nor compared with this.
    return await _by_chance(baseline, plan, eyes)


async def _first_looks(plan: Plan, eyes: Eyes) -> Baseline:
    """One look at each probe but those that have to be alone.

    Whoever waits for a cure does not wait for walks and then for looks: where a quick one shows
    at once that there is something to cure, all but the last of the further looks at the quick ones
    are taken while the journeys are walked. Of each probe there is one look at a time.
    """
    known = eyes.catalogue
    walked = [ref for ref in journeys(plan, known) if not known.probe(ref).alone]
    walks, seen = await asyncio.gather(look(walked, eyes), _quick_looks(plan, eyes))
    return seen.model_copy(update={"results": (*seen.results, *walks.results)})


async def _quick_looks(plan: Plan, eyes: Eyes) -> Baseline:
    refs = quick_ones(plan, eyes.catalogue)
    seen = await look(refs, eyes)
    if not seen.still_failing(plan.proving):
        return seen
    return await _further_looks(refs, seen, CHANCE_LOOKS - LAST_LOOKS, eyes)


async def _by_chance(baseline: Baseline, plan: Plan, eyes: Eyes) -> Baseline:
    """With further looks, and without what is not the same at a second count."""
    refs = quick_ones(plan, eyes.catalogue)
    seen, recounted = await asyncio.gather(
        _further_looks(refs, baseline, CHANCE_LOOKS, eyes), count(plan, eyes)
    )
    everything = (*plan.proving, *plan.neighbours)
    failing = {(ref.service, ref.probe) for ref in everything if FAILING in seen.outcomes(ref)}
    mixed = (ref for ref in plan.proving if {FAILING, PASSING} <= seen.outcomes(ref))
    inventory = baseline.inventory.steady(recounted).without_looks_of(failing)
    both = tuple(dict.fromkeys((*baseline.comes_and_goes, *mixed)))
    return seen.model_copy(update={"inventory": inventory, "comes_and_goes": both})


async def _further_looks(
    refs: Sequence[ProbeRef], seen: Baseline, until: int, eyes: Eyes
) -> Baseline:
    """Until there are so many looks at each, but for what fails slowly."""
    while wanted := [ref for ref in refs if _is_wanted(seen.looks_at(ref), until)]:
        await eyes.clock.sleep(CHANCE_EVERY_S)
        row = await look(wanted, eyes)
        seen = seen.model_copy(update={"again": (*seen.again, *row.results)})
    return seen


def _is_wanted(looks: Sequence[ProbeResult], until: int) -> bool:
    return len(looks) < until and not _fails_slowly(looks)


def _fails_slowly(looks: Sequence[ProbeResult]) -> bool:
    fails = all(look.outcome is FAILING for look in looks)
    return fails and sum(look.seconds for look in looks) >= CHANCE_S


def _worst(before: ProbeResult, again: ProbeResult | None) -> ProbeResult:
    worse = again is not None and _WORSE[again.outcome] > _WORSE[before.outcome]
    return again if again is not None and worse else before
