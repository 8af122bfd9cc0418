"""Count what a service consists of."""

from collections.abc import Sequence
from typing import Protocol

from vigil.domain.inventory import Inventory


class Inventories(Protocol):
    """Counts what is there, so that nothing can be taken away to look healthy.

    1. ``take`` always returns, within 15 seconds and a little, and never raises; what could not be
       looked at in time has ``there`` None, and nothing is left out because of it.
    2. It counts, for each service, the processes of the catalogue, the addresses that its probes
       and metrics name, the routes that its probes open or the owner lists, the rows of its canary
       queries, and its probes and how its symptoms are watched as the catalogue's file has it now.
    3. It changes nothing: it connects, asks for pages with GET, and reads with a read-only role.
    4. What two different pages of a route have in common, whatever their contents, is in ``marks``;
       two answers with the same body have the same ``digest``, and HTML is a ``page``. Of a route
       it is known which probes open it, of an address that only metrics name which process it is
       of.
    5. At most 500 items, 200 marks of a page, 1 MiB of each answer; names hold no credential.
    """

    async def take(self, services: Sequence[str]) -> Inventory:
        """Count once."""
        ...
