"""What was deployed or reconfigured, by whom, when."""

from typing import Protocol

from vigil.domain.change import Release
from vigil.domain.value import Instant


class Changes(Protocol):
    """The history of a service's releases.

    1. ``None`` means that nothing is known of this service's releases; ``()`` that there were none.
    2. Newest first, at most 50, and only this service's.
    3. Broken lines are skipped, the others still count.
    """

    async def releases(self, service: str, since: Instant) -> tuple[Release, ...] | None:
        """Releases since a moment."""
        ...
