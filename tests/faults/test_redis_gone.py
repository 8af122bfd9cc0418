"""Redis is killed while an incident acts and comes back; then it hangs while another one acts.

Both end right, once, as if nothing had happened: no step of theirs waits for Redis. A console on
another machine knows that it hears nothing, and hears again by itself.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager

import pytest
from tests.support.buses import (
    BreakableRedis,
    breakable_redis,
    heard_until,
    kept_going,
    next_word,
    redis_bus,
)
from tests.support.plant.owner import running_plant
from tests.support.plant.works import Fault
from tests.support.reckoning import Round, reckon
from tests.support.siege import Besieged
from tests.support.sights import Outside
from tests.support.vigils import Vigils, at_work, until

from vigil.domain.identity import sha256_hex
from vigil.domain.news import Gap, News
from vigil.integrations.journal import load_keys

Words = AsyncGenerator[News | Gap, None]

pytestmark = [pytest.mark.lab, pytest.mark.takes(25)]

PROVEN_S = 30.0


@contextmanager
def beside(redis: BreakableRedis) -> Iterator[Besieged]:
    """A Vigil that uses this Redis."""
    with running_plant(services=2, hubs=0) as plant:
        plant.layout.write_configuration(looks_every_s=0.3)
        vigils = Vigils(plant.layout, within=("env", f"REDIS_URL={redis.url()}"))
        with at_work(vigils):
            outside = Outside(vigils.state, None)
            try:
                yield Besieged(plant, vigils, outside)
            finally:
                outside.close()


def installation(place: Besieged) -> str:
    """What those call themselves that share its record."""
    key = load_keys(place.vigils.state / "keys").public_key
    return sha256_hex(key.encode())[:16]


def bus_is(place: Besieged, *, well: bool) -> Callable[[], bool]:
    """Whether that is what /ready says; without its bus a Vigil is ready all the same."""

    def said() -> bool:
        status, told = place.vigils.client.status("/ready")
        assert status == 200
        (bus,) = (part for part in told["parts"] if part["part"] == "bus")
        return bool(bus["ok"]) is well

    return said


async def comes_true(reached: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait for it while others of this event loop go on."""
    await asyncio.to_thread(until, reached, what, seconds)


async def hears_of(words: Words, incident: str) -> None:
    """A word of it comes; a proof takes its time, and nothing is said meanwhile."""
    async with asyncio.timeout(PROVEN_S):
        async for word in words:
            if isinstance(word, News) and word.incident == incident:
                return


def incident_of(place: Besieged, service: str) -> str:
    (found,) = (told.id for told in place.outside.told() if told.service == service)
    return found


@contextmanager
def killed(redis: BreakableRedis) -> Iterator[None]:
    """It hangs up on everybody, and forgets everything."""
    redis.kill()
    yield
    redis.start()


def acts(place: Besieged, service: str) -> bool:
    seen = place.outside.look().incidents
    return (service, "EXECUTING") in {(one.service, one.place) for one in seen}


async def acts_without(
    away: AbstractContextManager[None], place: Besieged, service: str, words: Words
) -> None:
    """This service is cured while Redis is away, and consoles elsewhere are told that it was."""
    place.plant.break_({service: Fault.RELEASE})
    await comes_true(lambda: acts(place, service), "an incident that acts")
    with away:
        since = time.time()
        await heard_until(words, lambda word: word == Gap(all_heard=False))
        await comes_true(bus_is(place, well=False), "a word about it at /ready")
        await comes_true(lambda: service not in place.plant.complaints(), "the cure")
        assert place.plant.done(service)[-1].at > since, "it acted meanwhile"
    await heard_until(words, lambda word: word == Gap(all_heard=True))


async def test_what_acts_ends_right_and_consoles_elsewhere_hear_again() -> None:
    with breakable_redis() as redis, beside(redis) as place:
        elsewhere = redis_bus(redis.url(), installation(place))
        one, other = place.plant.layout.names
        async with kept_going(elsewhere), aclosing(elsewhere.listen()) as words:
            assert await next_word(words) == Gap(all_heard=True)
            await acts_without(killed(redis), place, one, words)
            await comes_true(bus_is(place, well=True), "its Redis")
            await acts_without(redis.frozen(), place, other, words)
            await hears_of(words, incident_of(place, other))
        await comes_true(lambda: all(told.closed for told in place.outside.told()), "the end")
        await comes_true(bus_is(place, well=True), "its Redis once more")
        done = Round(dict.fromkeys((one, other), Fault.RELEASE.value))
        reckon(done, place.plant, place.outside, set())
        assert done.wrong == []
