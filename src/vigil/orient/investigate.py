"""INVESTIGATING: confirm the symptom and look around, everything at once, none waiting for long."""

import asyncio
from collections.abc import Iterable

from vigil.domain.case import Investigation
from vigil.domain.errors import TemporaryError
from vigil.domain.evidence import Evidence, Finding
from vigil.orient.investigators import INVESTIGATORS
from vigil.orient.scene import Observation, Scene, saw

DEADLINE_S = 25.0
"""For one investigator; the confirmation of a healthy symptom takes ten of them."""


async def investigate(
    scene: Scene, only: Iterable[str] = tuple(INVESTIGATORS), *, prefix: str = ""
) -> Investigation:
    """What the named investigators see now; ``prefix`` tells a second look's evidence apart.

    One that fails or is late leaves the evidence that nobody looked, which is not the same as
    evidence that nothing is there.
    """
    asked = [name for name in INVESTIGATORS if name in set(only)]
    looks = await asyncio.gather(*(_look(name, scene, prefix) for name in asked))
    return Investigation(evidence=tuple(piece for look in looks for piece in look))


async def _look(name: str, scene: Scene, prefix: str) -> tuple[Evidence, ...]:
    observations: tuple[Observation, ...]
    try:
        async with asyncio.timeout(DEADLINE_S):
            observations = await INVESTIGATORS[name](scene)
    except TimeoutError:
        observations = (
            saw(Finding.BLIND, scene.incident.service, f"No answer within {DEADLINE_S:.0f} s."),
        )
    except TemporaryError as error:
        observations = (saw(Finding.BLIND, scene.incident.service, str(error)),)
    at = scene.senses.clock.now()
    return tuple(o.evidence(name, f"{prefix}{name}-{n}", at) for n, o in enumerate(observations, 1))
