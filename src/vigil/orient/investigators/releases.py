"""What was put live shortly before it began?"""

from datetime import timedelta

from vigil.domain.change import OWN_NAME, Release
from vigil.domain.evidence import Finding
from vigil.domain.value import Instant
from vigil.orient.scene import Observation, Scene, saw

RECENT = timedelta(minutes=30)
JUST_BEFORE = timedelta(minutes=2)
"""A release that broke everything is noticed within this, as every request meets it."""
HISTORY = timedelta(days=90)
"""Far enough back to find the release that the newest one replaced."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""A line further in the future than this was not written by a clock that can be believed."""


async def look_at_releases(scene: Scene) -> tuple[Observation, ...]:
    """The newest release within half an hour of the incident, and what it replaced."""
    name, opened = scene.incident.service, scene.incident.opened_at
    releases = await releases_of(scene)
    if releases is None:
        return (saw(Finding.BLIND, name, "No release log of this service can be read."),)
    newest = _recent(releases, opened)
    if newest is None:
        text = "Nothing was released in the 30 min before the incident."
        if releases and releases[0].at >= opened - RECENT:
            switched_to = releases[0].release
            text = f"Nobody released anything since Vigil itself switched back to {switched_to}."
        return (saw(Finding.NO_RELEASE_RECENT, name, text),)
    ago = opened - newest.at
    told = saw(
        Finding.RELEASE_RECENT,
        name,
        f"{newest.release} was released by {newest.by or 'somebody'} "
        f"{abs(ago.total_seconds()):.0f} s {'before' if ago >= timedelta() else 'after'} the "
        "incident was opened.",
        release=newest.release,
        digest=newest.digest,
        previous=_replaced(releases),
        at=newest.at.isoformat(),
    )
    if not timedelta() <= ago <= JUST_BEFORE:
        return (told,)
    minutes = JUST_BEFORE.total_seconds() / 60
    text = f"That was within the {minutes:.0f} min before the incident was opened."
    return (told, saw(Finding.RELEASE_JUST_BEFORE, name, text, release=newest.release))


async def recent_release(scene: Scene) -> Release | None:
    """The release that may be to blame: the newest one, unless it is old or Vigil's own switch."""
    return _recent(await releases_of(scene) or (), scene.incident.opened_at)


async def releases_of(scene: Scene) -> tuple[Release, ...] | None:
    """What the log says of this service, newest first, lines from the future left out."""
    now = scene.senses.clock.now()
    found = await scene.senses.changes.releases(
        scene.incident.service, scene.incident.opened_at - HISTORY
    )
    if found is None:
        return None
    return tuple(release for release in found if release.at <= now + CLOCKS_DIFFER)


def _recent(releases: tuple[Release, ...], opened: Instant) -> Release | None:
    if not releases or releases[0].at < opened - RECENT or releases[0].by == OWN_NAME:
        return None
    return releases[0]


def _replaced(releases: tuple[Release, ...]) -> str | None:
    """The digest that the newest release replaced, if two lines of the log agree on it.

    One line alone does not choose what is switched back to: a single forged or mistaken word could
    otherwise send a service to any release that is still on the disk.
    """
    newest = releases[0]
    before = releases[1].digest if len(releases) > 1 else None
    return newest.previous if newest.previous == before else None
