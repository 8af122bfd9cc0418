"""Are its processes there?"""

from vigil.domain.evidence import Finding
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProcessProbe
from vigil.orient.scene import Observation, Scene, saw

DEADLINE_S = 3.0


async def look_at_processes(scene: Scene) -> tuple[Observation, ...]:
    """Ask the supervisor for each of the service's processes."""
    service, name = scene.service, scene.incident.service
    if service is None or service.processes is None:
        return ()
    found: list[Observation] = []
    for process in service.processes.names:
        result = await scene.senses.probes.run(
            ProbeRef(service=name, probe=process),
            ProcessProbe(
                kind="process",
                supervisor=service.processes.supervisor,
                names=(process,),
                timeout_s=DEADLINE_S,
            ),
        )
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
