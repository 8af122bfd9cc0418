"""Did it become slow?"""

from vigil.domain.evidence import Finding
from vigil.orient.scene import Observation, Scene, saw

WINDOW_S = 15.0
TIMES = 3.0
"""How many times as long as before counts as slow."""
LEAST_S = 0.2
"""Below this nobody notices, whatever the factor."""


async def look_at_latency(scene: Scene) -> tuple[Observation, ...]:
    """Mean seconds per request, now and before; says nothing when it is not slower."""
    name = scene.incident.service
    latency = await scene.senses.telemetry.latency(name, WINDOW_S)
    if latency is None:
        return ()
    if latency.now_s < max(LEAST_S, TIMES * latency.before_s):
        return ()
    return (
        saw(
            Finding.LATENCY_UP,
            name,
            f"A request takes {latency.now_s:.2f} s on average, before it took "
            f"{latency.before_s:.2f} s.",
            now_s=latency.now_s,
            before_s=latency.before_s,
        ),
    )
