"""A Redis server answers, and a list is not too long or a key not there."""

from typing import TYPE_CHECKING, assert_never

from vigil.domain.probe import RedisMeasure, RedisProbe
from vigil.integrations.probes.sight import Sight, failing, passing, unknown

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def look_at_redis(probe: RedisProbe) -> Sight:
    """Send PING, or the one command that measures, and nothing else."""
    try:
        # Only who has a redis probe needs the driver.
        from redis.asyncio import Redis  # noqa: PLC0415 - imported when chosen
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - imported when chosen
        from redis.backoff import NoBackoff  # noqa: PLC0415 - imported when chosen
        from redis.exceptions import (  # noqa: PLC0415 - imported when chosen
            AuthenticationError,
            RedisError,
            ResponseError,
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
        return await _measure(client, probe, place)
    except AuthenticationError as error:
        return unknown(f"{place} wants a password, which a redis probe does not have ({error}).")
    except (RedisError, OSError, ValueError) as error:
        asked = probe.measure.value.upper()
        if isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE"):
            return unknown(f"{place} has no list at '{probe.key}'; correct the probe's key.")
        return failing(f"{place} does not answer {asked}: {type(error).__name__} {error}.")
    finally:
        await client.aclose()


async def _measure(client: "Redis", probe: RedisProbe, place: str) -> Sight:
    match probe.measure:
        case RedisMeasure.PING:
            await client.ping()
            return passing(f"{place} answers PING.")
        case RedisMeasure.LENGTH:
            number = await client.llen(str(probe.key))
            told = f"The list '{probe.key}' of {place} has {number} entries"
        case RedisMeasure.EXISTS:
            number = await client.exists(str(probe.key))
            told = f"The key '{probe.key}' of {place} {'is' if number else 'is not'} there"
        case _:
            assert_never(probe.measure)
    if number <= probe.max:
        return passing(f"{told}, at most {probe.max:g} is fine.")
    return failing(f"{told}, more than {probe.max:g}.")
