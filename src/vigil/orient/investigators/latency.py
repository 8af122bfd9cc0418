"""Did it become slow, and was that with the newest release?"""

from collections.abc import Mapping
from datetime import timedelta

from vigil.domain.change import Release
from vigil.domain.evidence import Finding
from vigil.domain.telemetry import Latency
from vigil.orient.investigators.releases import recent_release
from vigil.orient.scene import Observation, Scene, saw

WINDOW = timedelta(seconds=15)
TIMES = 3.0
"""How many times as long as before counts as slow."""
LEAST_S = 0.2
"""Below this nobody notices, whatever the factor."""
FEWEST = 3
"""One slow request says nothing of a release: each begins with an empty cache."""


async def look_at_latency(scene: Scene) -> tuple[Observation, ...]:
    """Mean seconds per request, now and before; says nothing when it is not slower."""
    where = _where(scene)
    since = scene.senses.clock.now() - WINDOW
    of_symptom = await scene.senses.telemetry.latency(scene.incident.service, since, where)
    of_all = await scene.senses.telemetry.latency(scene.incident.service, since, {})
    slow = next((seen for seen in (of_symptom, of_all) if seen and _is_slow(seen)), None)
    if slow is None:
        return ()
    up = saw(
        Finding.LATENCY_UP,
        scene.incident.service,
        f"A request takes {slow.now_s:.2f} s on average, before it took {slow.before_s:.2f} s.",
        now_s=slow.now_s,
        before_s=slow.before_s,
    )
    # What was slow only for a moment, such as the first requests of a new process, is over.
    if slow is not of_symptom:
        return (up,)
    return (up, *await _around_release(scene, where))


async def _around_release(scene: Scene, where: Mapping[str, str]) -> tuple[Observation, ...]:
    release = await recent_release(scene)
    if release is None:
        return ()
    seen = await scene.senses.telemetry.latency(scene.incident.service, release.at, where)
    if seen is None or seen.requests < FEWEST or not _is_slow(seen):
        return ()
    return (_told(scene.incident.service, release, seen),)


def _told(name: str, release: Release, seen: Latency) -> Observation:
    just_before = seen.before_s if seen.just_before_s is None else seen.just_before_s
    since = seen.now_s >= TIMES * just_before
    finding = Finding.SLOWER_SINCE_RELEASE if since else Finding.SLOWER_BEFORE_RELEASE
    return saw(
        finding,
        name,
        f"A request takes {seen.now_s:.2f} s on average since {release.release} was released; "
        f"in the minute before it took {just_before:.2f} s.",
        release=release.release,
        requests=seen.requests,
        now_s=seen.now_s,
        before_s=just_before,
    )


def _is_slow(seen: Latency) -> bool:
    return seen.now_s >= max(LEAST_S, TIMES * seen.before_s)


def _where(scene: Scene) -> Mapping[str, str]:
    """The requests that the symptom is about."""
    symptom = scene.service.symptoms.get(scene.incident.symptom) if scene.service else None
    return symptom.condition.where if symptom and symptom.condition else {}
