"""What do the service's own logs complain of, whose fault does it look like, and since when?"""

from datetime import timedelta

from vigil.domain.change import Release
from vigil.domain.evidence import Finding
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.orient.scene import Observation, Scene, saw

BEFORE = timedelta(minutes=10)


async def look_at_errors(scene: Scene) -> tuple[Observation, ...]:
    """Groups of errors by origin, and whether the code's own began with the newest release."""
    name, opened = scene.incident.service, scene.incident.opened_at
    groups = await scene.senses.telemetry.log_errors(name, opened - BEFORE)
    if groups is None:
        return (saw(Finding.BLIND, name, "No log of this service can be read."),)
    found: list[Observation] = []
    for origin, finding in (
        (ErrorOrigin.CODE, Finding.CODE_ERRORS),
        (ErrorOrigin.DEPENDENCY, Finding.DEPENDENCY_ERRORS),
    ):
        of_origin = [g for g in groups if g.origin is origin]
        if of_origin:
            found.append(_summary(finding, name, of_origin))
    releases = await scene.senses.changes.releases(name, opened - BEFORE)
    code = [g for g in groups if g.origin is ErrorOrigin.CODE]
    if releases and code:
        found.append(_since_release(name, releases[0], code))
    return tuple(found)


def _summary(finding: Finding, name: str, groups: list[ErrorGroup]) -> Observation:
    most = groups[0]
    where = f" at {most.frame}" if most.frame else ""
    return saw(
        finding,
        name,
        f"{sum(g.count for g in groups)} errors in the log, most often {most.type}{where}: "
        f"{most.sample}",
        types=[*(g.type for g in groups[:5])],
        count=sum(g.count for g in groups),
        instances=[*sorted({i for g in groups for i in g.instances})],
    )


def _since_release(name: str, release: Release, code: list[ErrorGroup]) -> Observation:
    """Errors count as new with a release only if the main one never came before it."""
    main = max(code, key=lambda group: group.count)
    same = [g for g in code if g.type == main.type]
    first = min(g.first_at for g in same)
    others = sorted({g.release for g in same if g.release} - {release.release})
    if first < release.at or others:
        return saw(
            Finding.ERRORS_BEFORE_RELEASE,
            name,
            f"{main.type} was logged before {release.release} was released"
            + (f", by {', '.join(others)}." if others else "."),
            type=main.type,
        )
    return saw(
        Finding.ERRORS_SINCE_RELEASE,
        name,
        f"{main.type} was first logged {(first - release.at).total_seconds():.0f} s after "
        f"{release.release} was released, and not once before.",
        type=main.type,
        release=release.release,
        count=main.count,
    )
