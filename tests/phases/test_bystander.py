"""Whether a swarm may begin or go on, by all that shows how the service fares (below 1 s)."""

import pytest
from tests.support.hand_clock import HandClock
from tests.support.world import HandSwitch, ScriptedProbes, ScriptedTelemetry, catalogue

from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.journey import JourneyProbe
from vigil.domain.swarm import Stop, Stopped
from vigil.domain.switch import SwitchState
from vigil.verify.bystander import Bystander

WALK = JourneyProbe.model_validate({"steps": [{"open": "http://127.0.0.1:1/"}]})


def bystander(
    scripts: dict[str, str] | None = None,
    share: float | None = None,
    known: Catalogue | None = None,
    switch: HandSwitch | None = None,
) -> Bystander:
    clock = HandClock()
    return Bystander(
        service="web",
        catalogue=known or catalogue(),
        probes=ScriptedProbes(clock, scripts or {}),
        telemetry=ScriptedTelemetry(clock, bad=lambda: share),
        switch=switch or HandSwitch(),
    )


@pytest.mark.parametrize("share", [None, 0.0, 0.05])
async def test_all_is_well(share: float | None) -> None:
    assert await bystander(share=share).objection() is None


@pytest.mark.parametrize(
    ("ref", "letter", "words"),
    [
        ("web/checkout", "F", "probe web/checkout is failing"),
        ("web/catalogue", "F", "probe web/catalogue is failing"),
        ("web/checkout", "?", "probe web/checkout is unknown"),
        ("web/processes-running", "F", "probe web/processes-running is failing"),
        ("db/accepts", "F", "probe db/accepts is failing"),
    ],
)
async def test_a_probe_that_does_not_pass(ref: str, letter: str, words: str) -> None:
    stop = await bystander({ref: letter}).objection()
    assert stop is not None
    assert stop.why is Stopped.HURTS
    assert stop.text.startswith(words)


async def test_a_condition_that_holds() -> None:
    stop = await bystander(share=0.5).objection()
    assert stop is not None
    assert "50% of the requests are bad by the condition of 'checkout-errors'" in stop.text


async def test_the_stop_switch() -> None:
    switch = HandSwitch(SwitchState(stopped=True, by="Ada", text="release day"))
    stop = await bystander({"web/checkout": "F"}, switch=switch).objection()
    assert stop == Stop(why=Stopped.TOLD, text="Vigil is stopped by Ada (release day)")


async def test_a_service_of_which_nothing_can_be_seen() -> None:
    """A journey alone is too slow to tell in time."""
    known = Catalogue(version=1, services={"web": Service(probes={"customer": WALK})})
    stop = await bystander(known=known).objection()
    assert stop is not None
    assert "no quick probe" in stop.text


async def test_journeys_are_not_walked_meanwhile() -> None:
    web = Service(
        probes={**catalogue().services["web"].probes, "customer": WALK},
    )
    known = Catalogue(version=1, services={"web": web})
    assert await bystander({"web/customer": "F"}, known=known).objection() is None
