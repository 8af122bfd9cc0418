"""Ask a Redis server, and say what came of it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from vigil.domain.probes.redis import InRedis
from vigil.integrations._clients.secret_file import NoSecret, secret_in
from vigil.integrations.probes.sight import Sight, failing, unknown

if TYPE_CHECKING:
    from redis.asyncio import Redis

Ask = Callable[["Redis", str], Awaitable[Sight]]
"""Is given a client, and how sentences call the server."""


class NotThat(Exception):
    """The key holds something of another kind; says what was expected."""


async def ask_redis(probe: InRedis, asked: str, ask: Ask) -> Sight:
    """What ``ask`` sees, or why nobody could; ``asked`` names the question."""
    try:
        # Only who has such a probe needs the driver.
        from redis.exceptions import RedisError  # noqa: PLC0415 - imported when chosen
    except ImportError:
        return unknown("The redis driver is not installed; install the package 'redis'.")
    place = f"Redis at {probe.host}:{probe.port}"
    try:
        client = _client(probe)
    except NoSecret as why:
        return unknown(f"{place} cannot be asked: the password file {why}.")
    try:
        return await ask(client, place)
    except NotThat as why:
        return unknown(f"{place} has no {why}; correct the probe's key.")
    except (RedisError, OSError, ValueError) as error:
        return _translated(error, place, asked)
    finally:
        await client.aclose()


def _client(probe: InRedis) -> "Redis":
    from redis.asyncio import Redis  # noqa: PLC0415 - imported when chosen
    from redis.asyncio.retry import Retry  # noqa: PLC0415 - imported when chosen
    from redis.backoff import NoBackoff  # noqa: PLC0415 - imported when chosen

    return Redis(
        host=probe.host,
        port=probe.port,
        db=probe.db,
        password=None if probe.password_file is None else secret_in(probe.password_file),
        socket_timeout=probe.timeout_s,
        socket_connect_timeout=probe.timeout_s,
        # The watcher counts failures; a second try here would hide the first.
        retry=Retry(NoBackoff(), 0),
        # RESP 2 and no names: no HELLO, no CLIENT SETINFO, which old servers refuse.
        protocol=2,
        driver_info=None,
    )


def _translated(error: Exception, place: str, asked: str) -> Sight:
    from redis.exceptions import (  # noqa: PLC0415 - imported when chosen
        AuthenticationError,
        NoPermissionError,
    )

    if isinstance(error, AuthenticationError):
        return unknown(f"{place} wants a password ({error}); name a file with it, password_file.")
    if isinstance(error, NoPermissionError):
        return unknown(f"{place} does not let the probe ask {asked}: {error}.")
    return failing(f"{place} does not answer {asked}: {type(error).__name__} {error}.")
