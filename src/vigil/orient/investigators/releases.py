"""What was put live shortly before it began?"""

from datetime import timedelta

from vigil.domain.evidence import Finding
from vigil.orient.scene import Observation, Scene, saw

RECENT = timedelta(minutes=30)
OWN_NAME = "vigil"
"""Whom the broker names in the release log; what it switched away from is not a way back."""


async def look_at_releases(scene: Scene) -> tuple[Observation, ...]:
    """The newest release within half an hour of the incident, and what it replaced."""
    name = scene.incident.service
    releases = await scene.senses.changes.releases(name, scene.incident.opened_at - RECENT)
    if releases is None:
        return (saw(Finding.BLIND, name, "No release log of this service can be read."),)
    if not releases:
        return (saw(Finding.NO_RELEASE_RECENT, name, "Nothing was released in the last 30 min."),)
    newest = releases[0]
    if newest.by == OWN_NAME:
        return (
            saw(
                Finding.NO_RELEASE_RECENT,
                name,
                f"Nobody released anything since Vigil itself switched back to {newest.release}.",
            ),
        )
    ago = (scene.incident.opened_at - newest.at).total_seconds()
    return (
        saw(
            Finding.RELEASE_RECENT,
            name,
            f"{newest.release} was released by {newest.by or 'somebody'} {ago:.0f} s before the "
            "incident was opened.",
            release=newest.release,
            digest=newest.digest,
            previous=newest.previous,
            at=newest.at.isoformat(),
        ),
    )
