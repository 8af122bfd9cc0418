"""Does it get its work done?"""

from math import ceil

from vigil.domain.catalogue import RUNNING, Work
from vigil.domain.evidence import Finding
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.telemetry import Growth
from vigil.orient.scene import Observation, Scene, saw

EVERY_S = 2.5
LOOK_ON_S = 10.0
"""How long it is looked at: silence has to last, and the window behind it moves on with it."""


async def look_at_progress(scene: Scene) -> tuple[Observation, ...]:
    """Whether work waits too long and whether any is finished, unless somebody paused it."""
    work = scene.service.work if scene.service else None
    if work is None:
        return ()
    paused, unseen = await _paused(scene, work)
    return paused or (*unseen, await _progress(scene, work))


async def _progress(scene: Scene, work: Work) -> Observation:
    """Look for a while: what was finished before it stopped moves out of the window meanwhile.

    Silence counts when it lasts: one scrape that failed says nothing.
    """
    every = max(EVERY_S, scene.catalogue.watch.interval_s)
    seen = await _look(scene, work)
    for _ in range(ceil(LOOK_ON_S / every)):
        if not (seen.data.get("silent") or seen.data.get("finished")):
            break
        before = seen
        await scene.senses.clock.sleep(every)
        seen = await _look(scene, work)
        if seen.finding is before.finding is Finding.NO_PROGRESS:
            break
    return seen


async def _look(scene: Scene, work: Work) -> Observation:
    backlog = await _run(scene, work.backlog)
    window_s = max(work.longest_s, 2 * scene.catalogue.watch.interval_s)
    grown = await scene.senses.telemetry.growth(scene.incident.service, work.done, window_s)
    return await _judge(scene, work, backlog, grown)


async def _paused(
    scene: Scene, work: Work
) -> tuple[tuple[Observation, ...], tuple[Observation, ...]]:
    """That it is paused; or that nobody could look whether it is."""
    if work.paused is None:
        return (), ()
    name = scene.incident.service
    result = await _run(scene, work.paused)
    if result.outcome is ProbeOutcome.PASSING:
        return (), ()
    if result.outcome is ProbeOutcome.UNKNOWN:
        text = f"Whether somebody paused it is not known: {result.text}"
        return (), (saw(Finding.BLIND, name, text, probe=str(result.ref)),)
    text = f"Probe {result.ref}, which fails while the work is paused, fails: {result.text}"
    return (saw(Finding.WORK_PAUSED, name, text, probe=str(result.ref)),), ()


async def _judge(
    scene: Scene, work: Work, backlog: ProbeResult, grown: Growth | None
) -> Observation:
    name = scene.incident.service
    if backlog.outcome is ProbeOutcome.PASSING:
        return saw(Finding.PROGRESS, name, f"No work waits too long: {backlog.text}")
    if backlog.outcome is ProbeOutcome.UNKNOWN:
        return saw(Finding.BLIND, name, f"How long work waits is not known: {backlog.text}")
    if grown is None:
        text = f"Work waits too long, and the counter {work.done} gave too little to judge by."
        return saw(Finding.BLIND, name, text)
    if grown.by > 0:
        return saw(
            Finding.PROGRESS,
            name,
            f"{grown.by:.0f} pieces of work were finished in {grown.window_s:.0f} s, although "
            f"some waits too long: {backlog.text}",
            finished=grown.by,
        )
    if grown.silent and not await _running(scene):
        text = f"The metrics of {', '.join(grown.silent)} give no answer, nor do its processes run."
        return saw(Finding.BLIND, name, text)
    silence = f" The metrics of {', '.join(grown.silent)} give no answer." if grown.silent else ""
    return saw(
        Finding.NO_PROGRESS,
        name,
        f"Work waits too long, and none was finished in {grown.window_s:.0f} s.{silence} "
        f"{backlog.text}",
        counter=work.done,
        silent=list(grown.silent),
    )


async def _running(scene: Scene) -> bool:
    """Whether the supervisor says so of all processes; nobody says so where there is none."""
    service = scene.service
    if service is None or RUNNING not in service.all_probes:
        return False
    return (await _run(scene, RUNNING)).outcome is ProbeOutcome.PASSING


async def _run(scene: Scene, probe: str) -> ProbeResult:
    return await scene.probe(ProbeRef(service=scene.incident.service, probe=probe))
