"""How quick pages usually are: they are measured now and then, while all is well.

A page that is slower after a cure than it was before the trouble can only be told by somebody who
has looked before. What is seen is remembered by whoever looks (``ports/figures.py``).
"""

from vigil.domain.probe import PerformanceProbe, ProbeRef
from vigil.story.parts import Parts

EVERY_S = 300.0
MOST_OPEN = 500
"""Newest open incidents that are asked for."""


async def measure_forever(parts: Parts) -> None:
    """Measure every page of the catalogue, again and again until cancelled."""
    while True:
        await measure(parts)
        await parts.senses.clock.sleep(EVERY_S)


async def measure(parts: Parts) -> None:
    """Measure once, one page after the other.

    A service that is in trouble, or needs one that is, is left alone: what it shows now is not
    usual, and it has enough to do.
    """
    incidents = await parts.journal.incidents(MOST_OPEN, only_open=True)
    troubled = {incident.service for incident in incidents}
    for name, service in parts.catalogue.services.items():
        if troubled.isdisjoint((name, *service.depends_on)):
            for probe, spec in service.probes.items():
                if isinstance(spec, PerformanceProbe):
                    await parts.senses.probes.run(ProbeRef(service=name, probe=probe), spec)
