"""The baseline: how everything looked just before anything was done."""

import asyncio
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Self

from vigil.domain.catalogue import Catalogue
from vigil.domain.plan import Plan
from vigil.domain.probe import JourneyProbe, ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.value import Value
from vigil.ports.clock import Clock
from vigil.ports.probes import Probes

MOST_LOOKS = 7
AGAIN_S = 1.0
"""A symptom that comes and goes, as where one of two instances is broken, is looked for so often:
of seven looks that each find it half of the time, less than one in a hundred rows finds none."""

_WORSE = MappingProxyType(
    {ProbeOutcome.UNKNOWN: 0, ProbeOutcome.PASSING: 1, ProbeOutcome.FAILING: 2}
)
"""A look that saw nothing gives way to any that saw something."""


class Baseline(Value):
    """One look at each probe of the plan, in the plan's order; of several looks the worst."""

    results: tuple[ProbeResult, ...]
    comes_and_goes: tuple[ProbeRef, ...] = ()
    """Those that were seen both failing and passing."""

    def of(self, ref: ProbeRef) -> ProbeResult | None:
        """The look at one probe."""
        return next((r for r in self.results if r.ref == ref), None)

    def still_failing(self, refs: tuple[ProbeRef, ...]) -> bool:
        """At least one of these fails; only then can an action be proven to help."""
        return any(
            (look := self.of(ref)) is not None and look.outcome is ProbeOutcome.FAILING
            for ref in refs
        )

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
            and {before.outcome, other.outcome} == {ProbeOutcome.FAILING, ProbeOutcome.PASSING}
        )
        return self.model_copy(
            update={
                "results": tuple(_worst(before, again.of(before.ref)) for before in self.results),
                "comes_and_goes": tuple(dict.fromkeys((*self.comes_and_goes, *mixed))),
            }
        )


def journeys(plan: Plan, catalogue: Catalogue) -> tuple[ProbeRef, ...]:
    """The proving probes that are walks through pages: long, and they do things."""
    return tuple(r for r in plan.proving if isinstance(catalogue.probe(r), JourneyProbe))


async def look(refs: tuple[ProbeRef, ...], catalogue: Catalogue, probes: Probes) -> Baseline:
    """Look once at each probe, all at the same time."""
    results = await asyncio.gather(*(probes.run(ref, catalogue.probe(ref)) for ref in refs))
    return Baseline(results=tuple(results))


async def take_baseline(
    plan: Plan,
    catalogue: Catalogue,
    probes: Probes,
    *,
    clock: Clock,
    condition_holds: Callable[[], Awaitable[bool | None]],
) -> Baseline:
    """Everything that will be looked at afterwards, once.

    While nothing that could prove a cure fails, but the symptom's own condition holds, the proving
    probes are looked at again: one look that passes does not say that the symptom is gone. Nor does
    a neighbour that could not be looked at count as well: it is looked at again, too.
    """
    baseline = await look((*plan.proving, *plan.neighbours), catalogue, probes)
    walked = journeys(plan, catalogue)
    quick = tuple(ref for ref in plan.proving if ref not in walked)
    unseen = tuple(result.ref for result in baseline.unseen(plan.neighbours))
    for _ in range(MOST_LOOKS - 1):
        if baseline.still_failing(plan.proving) or await condition_holds() is not True:
            break
        await clock.sleep(AGAIN_S)
        baseline = baseline.or_worse(await look((*(quick or walked), *unseen), catalogue, probes))
    return baseline


def _worst(before: ProbeResult, again: ProbeResult | None) -> ProbeResult:
    worse = again is not None and _WORSE[again.outcome] > _WORSE[before.outcome]
    return again if again is not None and worse else before
