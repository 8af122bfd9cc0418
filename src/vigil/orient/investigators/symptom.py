"""Is it true, and is it true now? The probes that map to the alert, and the source's condition."""

import asyncio

from vigil.domain.evidence import Finding
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.orient.scene import Observation, Scene, saw

LOOKS = 6
"""Of two instances one may be broken, and a look that meets the other one says nothing of it."""
WINDOW_S = 10.0
"""A healthy look must repeat over this long before anybody may speak of a false alarm."""


async def look_at_symptom(scene: Scene) -> tuple[Observation, ...]:
    """Failing at once is failing; passing counts only when it goes on passing."""
    incident = scene.incident
    refs = scene.catalogue.watched_probes(incident.service, incident.symptom)
    condition = await _condition(scene)
    if not refs:
        return (
            saw(
                Finding.SYMPTOM_UNKNOWN,
                incident.service,
                f"No probe of the catalogue maps to '{incident.symptom}', so nobody can say from "
                "the user's side whether it is true.",
            ),
            *condition,
        )
    results = await _looks(scene, refs)
    if any(r.outcome is ProbeOutcome.FAILING for r in results):
        return (*_each(results, incident.service), *condition)
    # The condition is asked again: at the first look it may still have counted an older trouble.
    return (*_each(results, incident.service), *await _condition(scene))


async def _looks(scene: Scene, refs: tuple[ProbeRef, ...]) -> tuple[ProbeResult, ...]:
    clock = scene.senses.clock
    started = clock.elapsed()
    results: tuple[ProbeResult, ...] = ()
    for look in range(LOOKS):
        if look:
            # At times that are fixed beforehand: slow probes do not stretch the window.
            at = started + look * WINDOW_S / (LOOKS - 1)
            await clock.sleep(max(at - clock.elapsed(), 0))
        results = tuple(await asyncio.gather(*(scene.probe(ref) for ref in refs)))
        if any(r.outcome is not ProbeOutcome.PASSING for r in results):
            break
    return results


def _each(results: tuple[ProbeResult, ...], component: str) -> tuple[Observation, ...]:
    finding = {
        ProbeOutcome.PASSING: Finding.SYMPTOM_PASSING,
        ProbeOutcome.FAILING: Finding.SYMPTOM_FAILING,
        ProbeOutcome.UNKNOWN: Finding.SYMPTOM_UNKNOWN,
    }
    return tuple(
        saw(
            finding[r.outcome],
            component,
            f"Probe {r.ref} is {r.outcome}: {r.text}",
            probe=str(r.ref),
            seconds=round(r.seconds, 3),
        )
        for r in results
    )


async def _condition(scene: Scene) -> tuple[Observation, ...]:
    service, name = scene.service, scene.incident.service
    symptom = service.symptoms.get(scene.incident.symptom) if service else None
    if symptom is None or symptom.condition is None:
        return (saw(Finding.CONDITION_UNKNOWN, name, "The catalogue gives no condition for this."),)
    ratio = await scene.senses.telemetry.bad_ratio(name, symptom.condition)
    holds = ratio.exceeds(symptom.condition.above) if ratio else None
    if ratio is None or holds is None:
        return (saw(Finding.CONDITION_UNKNOWN, name, "The metrics gave too little to judge by."),)
    return (
        saw(
            Finding.CONDITION_HOLDS if holds else Finding.CONDITION_CLEAR,
            name,
            f"{ratio.bad:.0f} of {ratio.total:.0f} requests of the last {ratio.window_s:.0f} s "
            f"were bad ({ratio.value:.0%}); the alert's condition is more than "
            f"{symptom.condition.above:.0%}.",
            bad=ratio.bad,
            total=ratio.total,
        ),
    )
