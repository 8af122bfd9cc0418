"""Is it one of the services that this one needs?"""

import asyncio

from vigil.domain.evidence import Finding
from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult, SqlProbe
from vigil.orient.scene import Observation, Scene, saw


async def look_at_dependencies(scene: Scene) -> tuple[Observation, ...]:
    """Run every probe of every service that this one depends on."""
    service = scene.service
    if service is None or not service.depends_on:
        return ()
    refs = [
        ProbeRef(service=needed, probe=probe)
        for needed in service.depends_on
        for probe, spec in scene.catalogue.services[needed].all_probes.items()
        if not isinstance(spec, JourneyProbe)  # long, and it does things
    ]
    if not refs:
        return (saw(Finding.BLIND, scene.incident.service, "Its dependencies have no probes."),)
    results = await asyncio.gather(*(scene.probe(ref) for ref in refs))
    bad = [r for r in results if r.outcome is not ProbeOutcome.PASSING]
    if not bad:
        return (
            saw(
                Finding.DEPENDENCIES_PASSING,
                scene.incident.service,
                f"All {len(refs)} probes of {', '.join(service.depends_on)} pass.",
                probes=[str(ref) for ref in refs],
            ),
        )
    down = {
        r.ref.service
        for r in bad
        if r.outcome is ProbeOutcome.FAILING and not _means_lock(scene, r.ref)
    }
    return tuple(_observation(scene, result, down) for result in bad)


def _observation(scene: Scene, result: ProbeResult, down: set[str]) -> Observation:
    """A lock is a lock only where the rest of the database works; otherwise it is simply down."""
    ref = result.ref
    if result.outcome is ProbeOutcome.UNKNOWN:
        return saw(Finding.BLIND, ref.service, f"Probe {ref} could not look: {result.text}")
    locked = _means_lock(scene, ref) and ref.service not in down
    finding = Finding.DATABASE_LOCK if locked else Finding.DEPENDENCY_FAILING
    return saw(finding, ref.service, f"Probe {ref} fails: {result.text}", probe=str(ref))


def _means_lock(scene: Scene, ref: ProbeRef) -> bool:
    probe = scene.catalogue.probe(ref)
    return isinstance(probe, SqlProbe) and probe.means == "database_lock"
