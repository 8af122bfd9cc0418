"""Something accepts connections."""

import asyncio
import time

from vigil.domain.probe import TcpProbe
from vigil.integrations.probes.sight import Sight, failing, milliseconds, passing, unknown

HOLD_S = 0.1
"""How long a connection has to last."""


async def look_at_tcp(probe: TcpProbe) -> Sight:
    """Connect, wait a moment for what the other side does, and hang up.

    A proxy takes every connection, and ends those at once for which nobody is behind it.
    """
    place = f"{probe.host}:{probe.port}"
    started = time.monotonic()
    try:
        reader, writer = await asyncio.open_connection(probe.host, probe.port)
    except OSError as error:
        return failing(f"{place} does not accept connections: {error}.")
    except ValueError as error:  # a host name that no resolver takes
        return unknown(f"{place} cannot be asked: {error}; correct the probe's host.")
    took_ms = milliseconds(started)
    try:
        if await _hung_up(reader, min(HOLD_S, probe.timeout_s / 2)):
            return failing(f"{place} accepts connections and hangs up at once.", took_ms)
    finally:
        writer.transport.abort()
    return passing(f"{place} accepts connections.", took_ms)


async def _hung_up(reader: asyncio.StreamReader, within_s: float) -> bool:
    """Silence is no end, and neither is a greeting."""
    try:
        async with asyncio.timeout(within_s):
            return not await reader.read(1)
    except TimeoutError:
        return False
    except OSError:
        return True
