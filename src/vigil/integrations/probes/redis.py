"""A Redis server answers, and a list is not too long or a key not there."""

from typing import TYPE_CHECKING, assert_never

from vigil.domain.probe import RedisMeasure, RedisProbe
from vigil.integrations.probes.measured import judged
from vigil.integrations.probes.redis_server import NotThat, ask_redis
from vigil.integrations.probes.sight import Sight, passing

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def look_at_redis(probe: RedisProbe) -> Sight:
    """Send PING, or the one command that measures, and nothing else."""

    async def measure(client: "Redis", place: str) -> Sight:
        key = str(probe.key)
        match probe.measure:
            case RedisMeasure.PING:
                await client.ping()
                return passing(f"{place} answers PING.")
            case RedisMeasure.LENGTH:
                number = await _length(client, key)
                told = f"The list '{key}' of {place} has {number} entries"
            case RedisMeasure.EXISTS:
                number = await client.exists(key)
                told = f"The key '{key}' of {place} {'is' if number else 'is not'} there"
            case _:
                assert_never(probe.measure)
        return judged(told, number, most=probe.max)

    return await ask_redis(probe, probe.measure.value.upper(), measure)


async def _length(client: "Redis", key: str) -> int:
    from redis.exceptions import ResponseError  # noqa: PLC0415 - imported when chosen

    try:
        return int(await client.llen(key))
    except ResponseError as error:
        if str(error).startswith("WRONGTYPE"):
            raise NotThat(f"list at '{key}'") from None
        raise
