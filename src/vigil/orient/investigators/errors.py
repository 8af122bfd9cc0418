"""What do the service's own logs complain of, whose fault does it look like, and since when?"""

from datetime import timedelta

from vigil.domain.change import Release
from vigil.domain.evidence import Finding
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.orient.investigators.releases import releases_of
from vigil.orient.scene import Observation, Scene, saw

BEFORE = timedelta(minutes=10)
FRESH = timedelta(minutes=1)
"""Errors that ended longer ago belong to an older trouble."""
FEWEST = 3
"""One error line is easily provoked, or forged, and one time-out of a busy dependency is no news:
neither tells what a release did."""


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
        of_origin = [g for g in groups if g.origin is origin and g.last_at >= opened - FRESH]
        enough = 1 if origin is ErrorOrigin.CODE else FEWEST
        if sum(group.count for group in of_origin) >= enough:
            found.append(_summary(finding, name, of_origin))
    releases = await releases_of(scene)
    code = [g for g in groups if g.origin is ErrorOrigin.CODE]
    came_with = _since_release(name, releases, code) if releases else None
    return (*found, came_with) if came_with else tuple(found)


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


def _since_release(
    name: str, releases: tuple[Release, ...], code: list[ErrorGroup]
) -> Observation | None:
    """Whether the main error came with the newest release or was there under the one before.

    What an older release logged says nothing: the same mistake may come back after it was undone.
    """
    newest, replaced = releases[0], releases[1].release if len(releases) > 1 else None
    live = (newest.release, replaced, None)
    of_these = [g for g in code if replaced is None or g.release in live]
    if not of_these:
        return None
    main = max(of_these, key=lambda group: group.count)
    same = [g for g in of_these if g.type == main.type]
    if sum(g.count for g in same) < FEWEST:
        return None
    older = [g for g in same if _was_there_before(g, newest, replaced)]
    if older:
        by = ", ".join(sorted({g.release for g in older if g.release}))
        return saw(
            Finding.ERRORS_BEFORE_RELEASE,
            name,
            f"{main.type} was logged before {newest.release} was released{by and f', by {by}'}.",
            type=main.type,
        )
    first = min(g.first_at for g in same)
    return saw(
        Finding.ERRORS_SINCE_RELEASE,
        name,
        f"{main.type} was first logged {(first - newest.at).total_seconds():.0f} s after "
        f"{newest.release} was released, and not by the release before.",
        type=main.type,
        release=newest.release,
        count=main.count,
    )


def _was_there_before(group: ErrorGroup, newest: Release, replaced: str | None) -> bool:
    if group.release is None:
        return group.first_at < newest.at
    if replaced is None:
        return group.release != newest.release
    return group.release == replaced
