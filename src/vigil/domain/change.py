"""A change that somebody made to a service."""

from vigil.domain.value import Instant, Sha256, Value


class Release(Value):
    """One line of a release log: what was put live, when, by whom, instead of what."""

    at: Instant
    service: str
    release: str
    digest: Sha256
    previous: Sha256 | None = None
    by: str = ""
    note: str = ""
