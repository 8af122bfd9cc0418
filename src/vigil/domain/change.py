"""A change that somebody made to a service."""

from vigil.domain.value import Instant, Sha256, Value

OWN_NAME = "vigil"
"""Whom Vigil names as the author of its own switches and answers; what it switched away from is
not a way back."""


class Release(Value):
    """One line of a release log: what was put live, when, by whom, instead of what."""

    at: Instant
    service: str
    release: str
    digest: Sha256
    previous: Sha256 | None = None
    by: str = ""
    note: str = ""
