"""What was put live shortly before it began?"""

from datetime import timedelta

from vigil.domain.change import Release
from vigil.domain.evidence import Finding
from vigil.orient.scene import Observation, Scene, saw

RECENT = timedelta(minutes=30)
HISTORY = timedelta(days=90)
"""Far enough back to find the release that the newest one replaced."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""A line further in the future than this was not written by a clock that can be believed."""
OWN_NAME = "vigil"
"""Whom the broker names in the release log; what it switched away from is not a way back."""


async def look_at_releases(scene: Scene) -> tuple[Observation, ...]:
    """The newest release within half an hour of the incident, and what it replaced."""
    name, opened = scene.incident.service, scene.incident.opened_at
    releases = await releases_of(scene)
    if releases is None:
        return (saw(Finding.BLIND, name, "No release log of this service can be read."),)
    if not releases or releases[0].at < opened - RECENT:
        text = "Nothing was released in the 30 min before the incident."
        return (saw(Finding.NO_RELEASE_RECENT, name, text),)
    newest = releases[0]
    if newest.by == OWN_NAME:
        text = f"Nobody released anything since Vigil itself switched back to {newest.release}."
        return (saw(Finding.NO_RELEASE_RECENT, name, text),)
    ago = (opened - newest.at).total_seconds()
    return (
        saw(
            Finding.RELEASE_RECENT,
            name,
            f"{newest.release} was released by {newest.by or 'somebody'} {abs(ago):.0f} s "
            f"{'before' if ago >= 0 else 'after'} the incident was opened.",
            release=newest.release,
            digest=newest.digest,
            previous=_replaced(releases),
            at=newest.at.isoformat(),
        ),
    )


async def releases_of(scene: Scene) -> tuple[Release, ...] | None:
    """What the log says of this service, newest first, lines from the future left out."""
    now = scene.senses.clock.now()
    found = await scene.senses.changes.releases(
        scene.incident.service, scene.incident.opened_at - HISTORY
    )
    if found is None:
        return None
    return tuple(release for release in found if release.at <= now + CLOCKS_DIFFER)


def _replaced(releases: tuple[Release, ...]) -> str | None:
    """The digest that the newest release replaced, if two lines of the log agree on it.

    One line alone does not choose what is switched back to: a single forged or mistaken word could
    otherwise send a service to any release that is still on the disk.
    """
    newest = releases[0]
    before = releases[1].digest if len(releases) > 1 else None
    return newest.previous if newest.previous == before else None
