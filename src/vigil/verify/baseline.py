"""The baseline: how everything looked just before anything was done."""

import asyncio

from vigil.domain.catalogue import Catalogue
from vigil.domain.plan import Plan
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.value import Value
from vigil.ports.probes import Probes


class Baseline(Value):
    """One look at each probe of the plan, in the plan's order."""

    results: tuple[ProbeResult, ...]

    def of(self, ref: ProbeRef) -> ProbeResult | None:
        """The look at one probe."""
        return next((r for r in self.results if r.ref == ref), None)

    def still_failing(self, refs: tuple[ProbeRef, ...]) -> bool:
        """At least one of these fails; only then can an action be proven to help."""
        return any(
            (look := self.of(ref)) is not None and look.outcome is ProbeOutcome.FAILING
            for ref in refs
        )


async def look(refs: tuple[ProbeRef, ...], catalogue: Catalogue, probes: Probes) -> Baseline:
    """Look once at each probe, all at the same time."""
    results = await asyncio.gather(*(probes.run(ref, catalogue.probe(ref)) for ref in refs))
    return Baseline(results=tuple(results))


async def take_baseline(plan: Plan, catalogue: Catalogue, probes: Probes) -> Baseline:
    """Everything that will be looked at afterwards."""
    return await look((*plan.proving, *plan.neighbours), catalogue, probes)
