"""A silence: people want a service left alone for a while."""

from vigil.domain.value import Instant, Value


class Silence(Value):
    """Who wants that, why, and until when, as far as it is known."""

    service: str
    """The one that is silenced: the one that was asked about, or one that it needs."""
    because: str
    by: str = ""
    until: Instant | None = None
