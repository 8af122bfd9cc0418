"""Did it become slow, and was that with the newest release (below 1 s)."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from tests.phases.test_orient import release
from tests.phases.values import incident
from tests.support.hand_clock import START, HandClock
from tests.support.world import (
    ScriptedChanges,
    ScriptedInventories,
    ScriptedProbes,
    ScriptedSessions,
    ScriptedTelemetry,
    catalogue,
)

from vigil.domain.catalogue import Catalogue, Condition
from vigil.domain.change import Release
from vigil.domain.telemetry import Latency
from vigil.domain.value import Instant
from vigil.orient.investigate import investigate
from vigil.orient.scene import Scene, Senses

RELEASED = START - timedelta(seconds=40)
CHECKOUT = {"route": "/checkout"}


def about_checkout() -> Catalogue:
    known = catalogue()
    web = known.services["web"]
    condition = Condition(metric="requests", where=CHECKOUT, bad={"status": "5.."}, above=0.2)
    symptom = web.symptoms["checkout-errors"].model_copy(update={"condition": condition})
    symptoms = {**web.symptoms, "checkout-errors": symptom}
    services = {**known.services, "web": web.model_copy(update={"symptoms": symptoms})}
    return known.model_copy(update={"services": services})


def takes(
    now_s: float, before_s: float = 0.02, just_before_s: float | None = 0.02, requests: float = 9
) -> Callable[[Instant, Mapping[str, str]], Latency]:
    """The same for every moment and every request."""
    return lambda since, _: Latency(
        now_s=now_s,
        before_s=before_s,
        just_before_s=just_before_s,
        requests=requests,
        since=since,
        at=START,
    )


async def look(
    slow: Callable[[Instant, Mapping[str, str]], Latency | None],
    released: tuple[Release, ...] = (release(40),),
) -> list[str]:
    clock = HandClock()
    senses = Senses(
        probes=ScriptedProbes(clock, {}),
        telemetry=ScriptedTelemetry(clock, slow=slow),
        changes=ScriptedChanges(released),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    scene = Scene(incident(), about_checkout(), senses)
    return [e.finding.value for e in (await investigate(scene, ("latency",))).evidence]


@pytest.mark.parametrize(
    ("slow", "findings"),
    [
        pytest.param(takes(2.0), ["latency_up", "slower_since_release"], id="since the release"),
        pytest.param(takes(0.03), [], id="not slow"),
        pytest.param(takes(0.15), [], id="not slow enough for anybody to notice"),
        pytest.param(takes(2.0, before_s=1.0), [], id="always somewhat slow"),
        pytest.param(takes(2.0, requests=2), ["latency_up"], id="two requests are too few"),
        pytest.param(
            takes(2.0, just_before_s=1.5),
            ["latency_up", "slower_before_release"],
            id="slow in the minute before it as well",
        ),
        pytest.param(
            takes(2.0, just_before_s=None),
            ["latency_up", "slower_since_release"],
            id="no request in the minute before it",
        ),
        pytest.param(lambda *_: None, [], id="nobody knows"),
    ],
)
async def test_what_is_found(
    slow: Callable[[Instant, Mapping[str, str]], Latency | None], findings: list[str]
) -> None:
    assert await look(slow) == findings


@pytest.mark.parametrize(
    "released",
    [(), (release(3600),), (release(40, by="vigil"),)],
    ids=["none", "long ago", "Vigil's own switch"],
)
async def test_without_a_recent_release_it_is_only_slow(released: tuple[Release, ...]) -> None:
    assert await look(takes(2.0), released) == ["latency_up"]


async def test_the_release_is_measured_by_the_symptoms_own_requests() -> None:
    asked: list[tuple[Instant, Mapping[str, str]]] = []

    def slow(since: Instant, where: Mapping[str, str]) -> Latency:
        asked.append((since, where))
        return takes(2.0)(since, where)

    await look(slow)
    assert (RELEASED, CHECKOUT) in asked
    assert all(since == START - timedelta(seconds=15) for since, _ in asked if since != RELEASED)


async def test_other_requests_that_are_slow_say_nothing_of_the_release() -> None:
    def slow(since: Instant, where: Mapping[str, str]) -> Latency | None:
        return takes(2.0)(since, where) if where != CHECKOUT else takes(0.02)(since, where)

    assert await look(slow) == ["latency_up"]


async def test_a_cold_start_that_is_over_is_no_slowness() -> None:
    def slow(since: Instant, where: Mapping[str, str]) -> Latency:
        return takes(1.0 if since == RELEASED else 0.02)(since, where)

    assert await look(slow) == []
