"""What was deployed or reconfigured, by whom, when."""

from collections.abc import Mapping
from typing import Protocol

from vigil.domain.change import Release
from vigil.domain.value import Instant


class Changes(Protocol):
    """The history of a service's releases.

    1. ``None`` means that nothing is known of this service's releases; ``()`` that there were none.
    2. Newest first, at most 50, and only this service's.
    3. Broken lines are skipped, the others still count.
    4. ``configuration`` gives the same for the same content and another for any other content,
       whether a file is there at all included; a file that cannot be read is told from one that
       can. It ends within a few seconds whatever it finds, and keeps nothing of what it read.
    """

    async def releases(self, service: str, since: Instant) -> tuple[Release, ...] | None:
        """Releases since a moment."""
        ...

    async def configuration(self, service: str) -> Mapping[str, str] | None:
        """A digest of each configuration file that the catalogue names; None: no answer in time."""
        ...
