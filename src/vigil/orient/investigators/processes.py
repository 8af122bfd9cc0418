"""Are its processes there?"""

from vigil.domain.evidence import Finding
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult, ProcessProbe
from vigil.orient.scene import Observation, Scene, saw

DEADLINE_S = 3.0
LOOKS = 3
AGAIN_S = 1.0
"""A process that a deployment has just started counts as starting for a moment, and is not down."""


async def look_at_processes(scene: Scene) -> tuple[Observation, ...]:
    """Ask the supervisor for each of the service's processes."""
    service, name = scene.service, scene.incident.service
    if service is None or service.processes is None:
        return ()
    found: list[Observation] = []
    for process in service.processes.names:
        result = await _settled(scene, process, service.processes.supervisor)
        if result.outcome is ProbeOutcome.FAILING:
            found.append(saw(Finding.PROCESS_DOWN, name, result.text, process=process))
        elif result.outcome is ProbeOutcome.UNKNOWN:
            found.append(saw(Finding.BLIND, name, result.text, process=process))
    if found:
        return tuple(found)
    names = service.processes.names
    many = f"All {len(names)} processes are" if len(names) > 1 else "Its one process is"
    return (
        saw(
            Finding.PROCESSES_UP,
            name,
            f"{many} running: {', '.join(names)}.",
            processes=list(names),
        ),
    )


async def _settled(scene: Scene, process: str, supervisor: str) -> ProbeResult:
    """What the supervisor says of it; a bad word counts when it says so each time."""
    ref = ProbeRef(service=scene.incident.service, probe=process)
    probe = ProcessProbe(
        kind="process", supervisor=supervisor, names=(process,), timeout_s=DEADLINE_S
    )
    result = await scene.senses.probes.run(ref, probe)
    for _ in range(LOOKS - 1):
        if result.outcome is not ProbeOutcome.FAILING:
            break
        await scene.senses.clock.sleep(AGAIN_S)
        result = await scene.senses.probes.run(ref, probe)
    return result
