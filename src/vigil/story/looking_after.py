"""One look at what was proven fixed some time ago, put on record with what it was a cure of.

When there is one is the business of `aftercare.py`; what a row of looks says, of
`observe/aftercare.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vigil.domain.afterlook import Afterlook
from vigil.domain.alert import AlertStatus
from vigil.domain.catalogue import Service, Symptom
from vigil.domain.incident import Incident, Stage
from vigil.domain.plan import Plan
from vigil.domain.probe import ProbeRef
from vigil.observe import aftercare
from vigil.observe.watch import Watched, is_bad
from vigil.ports.journal import StageOutput
from vigil.story.parts import Parts
from vigil.story.recorded import AFTERLOOK, Recorded
from vigil.story.recurring import released_since
from vigil.story.telling import tell_afterlook
from vigil.verify.baseline import look
from vigil.verify.counting import SURE, Counting
from vigil.verify.starting import Starting


@dataclass(frozen=True)
class Cured:
    """One incident that was proven fixed, and what the catalogue says of its trouble."""

    incident: Incident
    service: Service
    symptom: Symptom
    ended: float
    """When it was closed, in seconds by a clock that cannot be set."""


async def look_after(parts: Parts, cured: Cured, plan: Plan, moment: int) -> Afterlook:
    """Look, and put it on record; ``moment`` is its number, from 1 on."""
    clock = parts.senses.clock
    release = await released_since(parts, cured.incident)
    end = moment == len(aftercare.moments(cured.service.watch_after_s))
    last = end or release is not None
    back, seen = (
        await _at_what_was_proven(parts, cured, plan, last=last)
        if release is None
        else (None, aftercare.replaced(release))
    )
    made = Afterlook(
        number=moment,
        last=last,
        at=clock.now(),
        after_s=clock.elapsed() - cured.ended,
        back=back,
        seen=seen,
    )
    await _keep(parts, cured.incident, made)
    return made


async def _at_what_was_proven(
    parts: Parts, cured: Cured, plan: Plan, *, last: bool
) -> tuple[bool | None, tuple[str, ...]]:
    """Whether it is back, and what was seen; in the end also what is gone."""
    back, seen = await _through_probes(parts, cured.symptom, plan)
    lost = await _lost(parts, cured, plan) if last and not back else ()
    return (True, lost) if lost else (back, seen)


async def _through_probes(
    parts: Parts, symptom: Symptom, plan: Plan
) -> tuple[bool | None, tuple[str, ...]]:
    """Whether it is back, and what was seen.

    What fails is looked at again, and is back when it failed so often in a row that it is no
    chance; what was only once not there is well.
    """
    watch, eyes = parts.catalogue.watch, parts.eyes
    refs: Sequence[ProbeRef] = tuple(dict.fromkeys((*plan.proving, *plan.of_the_cause)))
    times = max(watch.failures, aftercare.FEWEST)
    state = Watched(service=plan.service, symptom=plan.symptom)
    while True:
        results = (await look(refs, eyes)).results
        bad = is_bad(symptom, results, None)
        state, turned = state.seen(eyes.clock.now(), bad=bad, failures=times)
        if turned is AlertStatus.FIRING or not bad:
            break
        refs = tuple(each.ref for each in aftercare.failing(results))
        await eyes.clock.sleep(watch.interval_s)
    told = aftercare.failing(results) if bad else results
    return bad, aftercare.said(told, back=bad, times=times)


async def _lost(parts: Parts, cured: Cured, plan: Plan) -> tuple[str, ...]:
    """What was there before the plan acted and is gone at the end, counted several times."""
    incident = cured.incident
    before = await Recorded(parts.journal, incident.id, incident.attempt).baseline()
    if before is None:
        return ()
    starting = Starting(plan, parts.catalogue)
    counting = Counting(plan, before.inventory, starting, cured.ended)
    for times in range(1, SURE + 1):
        await counting.again(parts.eyes)
        if counting.whole:
            break
        if times < SURE:
            await parts.eyes.clock.sleep(parts.catalogue.watch.interval_s)
    return aftercare.taken_away(counting.lost)


async def _keep(parts: Parts, incident: Incident, made: Afterlook) -> None:
    """Nothing moves what is closed, so nothing refuses this."""
    await parts.journal.commit(
        incident=incident,
        expected=(incident.stage, incident.attempt),
        now=made.at,
        outputs=[
            StageOutput(
                incident=incident.id,
                attempt=incident.attempt,
                stage=Stage.VERIFYING,
                name=f"{AFTERLOOK}{made.number}",
                json_text=made.model_dump_json(),
            )
        ],
        notes=tell_afterlook(made),
    )
