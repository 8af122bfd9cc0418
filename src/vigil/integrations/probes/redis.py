"""A Redis server answers PING."""

from vigil.domain.probe import RedisProbe
from vigil.integrations.probes.sight import Sight, failing, passing, unknown


async def look_at_redis(probe: RedisProbe) -> Sight:
    """Send PING and nothing else."""
    try:
        # Only who has a redis probe needs the driver.
        from redis.asyncio import Redis  # noqa: PLC0415 - imported when chosen
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - imported when chosen
        from redis.backoff import NoBackoff  # noqa: PLC0415 - imported when chosen
        from redis.exceptions import (  # noqa: PLC0415 - imported when chosen
            AuthenticationError,
            RedisError,
        )
    except ImportError:
        return unknown("The redis driver is not installed; install the package 'redis'.")
    place = f"Redis at {probe.host}:{probe.port}"
    client = Redis(
        host=probe.host,
        port=probe.port,
        socket_timeout=probe.timeout_s,
        socket_connect_timeout=probe.timeout_s,
        # The watcher counts failures; a second try here would hide the first.
        retry=Retry(NoBackoff(), 0),
        # RESP 2 and no names: no HELLO, no CLIENT SETINFO, which old servers refuse.
        protocol=2,
        driver_info=None,
    )
    try:
        await client.ping()
    except AuthenticationError as error:
        return unknown(f"{place} wants a password, which a redis probe does not have ({error}).")
    except (RedisError, OSError, ValueError) as error:
        return failing(f"{place} does not answer PING: {type(error).__name__} {error}.")
    finally:
        await client.aclose()
    return passing(f"{place} answers PING.")
