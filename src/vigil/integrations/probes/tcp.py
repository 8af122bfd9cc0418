"""Something accepts connections."""

import asyncio
import time

from vigil.domain.probe import TcpProbe
from vigil.integrations.probes.sight import Sight, failing, milliseconds, passing, unknown


async def look_at_tcp(probe: TcpProbe) -> Sight:
    """Connect and hang up."""
    place = f"{probe.host}:{probe.port}"
    started = time.monotonic()
    try:
        _, writer = await asyncio.open_connection(probe.host, probe.port)
    except OSError as error:
        return failing(f"{place} does not accept connections: {error}.")
    except ValueError as error:  # a host name that no resolver takes
        return unknown(f"{place} cannot be asked: {error}; correct the probe's host.")
    writer.transport.abort()
    return passing(f"{place} accepts connections.", milliseconds(started))
