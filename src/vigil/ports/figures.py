"""Remember how quick pages were when they were well."""

from typing import Protocol

from vigil.domain.figures import Figure
from vigil.domain.probe import ProbeRef
from vigil.domain.value import Instant, Sha256


class Figures(Protocol):
    """The newest figures of each probe, by its place and the digest of what it looks for.

    1. ``known`` gives what ``keep`` was given, oldest first, also after a restart.
    2. A probe that looks for something else than before has no figures, and neither has one whose
       figures are all older than ``FORGOTTEN``. Of the others there are at most ``MOST_KEPT``.
    3. Neither raises: what cannot be read is not known, and what cannot be kept is lost. A figure
       is what a look is compared with; no look may fail for want of one.
    """

    async def known(self, ref: ProbeRef, spec: Sha256, now: Instant) -> tuple[Figure, ...]:
        """What is remembered."""
        ...

    async def keep(self, ref: ProbeRef, spec: Sha256, figure: Figure) -> None:
        """Remember one more."""
        ...
