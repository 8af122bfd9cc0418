"""Supervisor says RUNNING of every named process."""

from vigil.domain.probe import ProcessProbe
from vigil.integrations._clients.supervisor import NotAsked, states
from vigil.integrations.probes.sight import Sight, failing, passing, unknown


async def look_at_processes(probe: ProcessProbe) -> Sight:
    """Ask over the unix socket. A supervisor that cannot be asked says nothing of its processes."""
    try:
        found = await states(probe.supervisor, probe.timeout_s)
    except NotAsked as why:
        return unknown(str(why))
    strangers = [name for name in probe.names if name not in found]
    if strangers:
        return unknown(
            f"Supervisor does not know {', '.join(strangers)}; correct the probe's names."
        )
    seen = ", ".join(f"{name} is {found[name]}" for name in probe.names)
    running = sum(found[name] == "RUNNING" for name in probe.names)
    judge = passing if running == len(probe.names) else failing
    return judge(f"{seen}.", running)
