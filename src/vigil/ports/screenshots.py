"""Keep the pictures that journeys took, as evidence."""

from typing import Protocol

from vigil.domain.value import Sha256


class Screenshots(Protocol):
    """Pictures by the digest of their content, so that the record can name them.

    1. ``keep`` gives the digest under which ``read`` finds the very same bytes, also after a
       restart; what is not a PNG, or too long, is not kept.
    2. The room is bounded: beyond it the oldest go first, and ``read`` of one that is gone, or was
       changed on the disk, is None.
    3. ``keep`` never raises: a picture that cannot be kept (no room on the disk) is None, as no
       proof may fail for want of one.
    """

    async def keep(self, picture: bytes) -> Sha256 | None:
        """Keep one."""
        ...

    async def read(self, digest: Sha256) -> bytes | None:
        """One picture."""
        ...
