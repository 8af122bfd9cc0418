"""A queue in Redis is not too long, and does not only grow."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vigil.domain.probe import QueueProbe
from vigil.integrations.probes.measured import judged
from vigil.integrations.probes.redis_server import NotThat, ask_redis
from vigil.integrations.probes.sight import Sight, failing

if TYPE_CHECKING:
    from redis.asyncio import Redis

LOOKS = 5
"""Over the time in which it has to drain."""


async def look_at_queue(probe: QueueProbe) -> Sight:
    """Count its entries; again and again, where it has to drain."""

    async def count(client: "Redis", place: str) -> Sight:
        depths = [await _depth(client, probe)]
        if probe.drains_s is not None:
            for _ in range(LOOKS - 1):
                await asyncio.sleep(probe.drains_s / (LOOKS - 1))
                depths.append(await _depth(client, probe))
        told = f"The queue '{probe.key}' of {place} has {depths[-1]} entries"
        if probe.drains_s is not None and _only_grows(depths):
            row = ", ".join(map(str, depths))
            return failing(f"{told} and only grew in {probe.drains_s:g} s ({row}).", depths[-1])
        return judged(told, depths[-1], most=probe.max)

    return await ask_redis(probe, "how long its queue is", count)


def _only_grows(depths: Sequence[int]) -> bool:
    """Nobody took anything out between any two looks that was not more than made up for."""
    return depths[-1] > depths[0] and all(one <= next_ for one, next_ in pairwise(depths))


async def _depth(client: "Redis", probe: QueueProbe) -> int:
    said = await client.type(probe.key)
    kind = said.decode() if isinstance(said, bytes) else str(said)
    if kind == "none" and probe.group is None:
        return 0  # Redis keeps no empty list; a stream that has a group it does keep.
    if kind == "stream" and probe.group is not None:
        return _unconfirmed(await client.xinfo_groups(probe.key), probe)
    counts: Mapping[str, Callable[[str], Awaitable[Any]]] = {
        "list": client.llen,
        "stream": client.xlen,
        "zset": client.zcard,
        "set": client.scard,
    }
    if kind not in counts or probe.group is not None:
        instead = "" if kind == "none" else f", but a {kind}"
        raise NotThat(f"{'stream' if probe.group else 'queue'} at '{probe.key}'{instead}")
    return int(await counts[kind](probe.key))


def _unconfirmed(groups: Sequence[Mapping[str, Any]], probe: QueueProbe) -> int:
    """What a group has not read yet, and what it has read and not confirmed."""
    for group in groups:
        if group.get("name") == str(probe.group).encode():
            lag, pending = group.get("lag"), group.get("pending")
            if isinstance(lag, int) and isinstance(pending, int):
                return lag + pending
            raise NotThat(f"count of what '{probe.group}' has not read (Redis 7 keeps one)")
    raise NotThat(f"group '{probe.group}' at '{probe.key}'")
