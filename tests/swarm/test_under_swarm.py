"""A cure that has to bear real browsers, over a thin real server (about 4 s)."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.phases.values import executed, plan
from tests.support.browsers import children
from tests.support.hand_clock import START, HandClock
from tests.support.http_server import Answer, Request, Server, serving
from tests.support.swarms import Notebook
from tests.support.world import HandSwitch, ScriptedTelemetry, catalogue, eyes

from vigil.domain.catalogue import Catalogue
from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import HttpProbe
from vigil.domain.proof import Outcome, Proof
from vigil.domain.swarm import SwarmWish
from vigil.integrations._clients.lightpanda import NotStarted, binary
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.swarm.embedded import LightpandaSwarm
from vigil.verify.baseline import take_baseline
from vigil.verify.bearing import Bearing, Sending
from vigil.verify.bystander import Bystander
from vigil.verify.verify import verify

HTML = (("content-type", "text/html"),)
FORM = b"<h1>Checkout</h1><form method=post action=/pay><input id=name name=name><button>x</button>"
WISH = SwarmWish(journey="customer", sessions=10, rate=20)
ENOUGH = 5


def _browser() -> str | None:
    try:
        return str(binary())
    except NotStarted:
        return None


pytestmark = pytest.mark.skipif(_browser() is None, reason="no Lightpanda is installed")


class Shop:
    """Broken until it is cured; where it bears little, an order too many gets an error."""

    def __init__(self) -> None:
        self.cured = False
        self.bears_little = False
        self.orders = 0

    def answer(self, request: Request) -> Answer:
        if not self.cured:
            return Answer(503)
        if request.path == "/pay":
            self.orders += 1
            return Answer(303, headers=(("location", "/order"),))
        if request.path == "/order" and self.bears_little and self.orders > ENOUGH:
            return Answer(503, b"<h1>We are rather busy</h1>", HTML)
        return Answer(200, b"<h1>Order K-17</h1>" if request.path == "/order" else FORM, HTML)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest_asyncio.fixture
async def site(shop: Shop) -> AsyncIterator[Server]:
    async with serving(shop.answer) as server:
        yield server


def known(site: Server) -> Catalogue:
    """The small world's `web`, which is really served, and asks for a swarm."""
    look = HttpProbe.model_validate({"kind": "http", "steps": [{"url": site.url("/form")}]})
    steps = [
        {"open": site.url("/form")},
        {"fill": {"#name": "Ann"}},
        {"click": "button"},
        {"expect": {"text": "Order"}},
    ]
    journey = JourneyProbe.model_validate({"steps": steps})
    probes = {"checkout": look, "catalogue": look, "customer": journey}
    web = (
        catalogue()
        .services["web"]
        .model_copy(update={"probes": probes, "swarm": WISH, "depends_on": (), "processes": None})
    )
    return Catalogue(version=1, services={"web": web})


async def proven(shop: Shop, site: Server) -> Proof:
    """Nobody waits for the clock of the verification; probes and browsers are real."""
    services, clock, probes = known(site), HandClock(), EmbeddedProbes(SystemClock())
    seen, planned = eyes(services, probes, clock), plan(services)
    baseline = await take_baseline(planned, seen, START)
    shop.cured = True
    bystander = Bystander("web", services, probes, ScriptedTelemetry(clock), HandSwitch())
    journey = services.services["web"].probes["customer"]
    assert isinstance(journey, JourneyProbe)
    sending = Sending(LightpandaSwarm(), bystander, Notebook(), clock, 500)
    bearing = Bearing(WISH, journey, sending)
    return await verify(planned, executed(planned), baseline, seen, bearing)


async def test_ten_users_get_through_and_it_is_verified(shop: Shop, site: Server) -> None:
    before = children()
    proof = await proven(shop, site)
    assert proof.outcome is Outcome.VERIFIED, proof.text
    assert proof.grounds[-1].text.startswith("10 of 10 users, 20 a second, got through customer")
    assert shop.orders == 10
    assert children() == before


async def test_what_only_single_users_get_through_is_not(shop: Shop, site: Server) -> None:
    shop.bears_little = True
    proof = await proven(shop, site)
    assert proof.outcome is Outcome.NOT_FIXED
    assert proof.grounds[-1].met is False
    assert "We are rather busy" in proof.text
    assert not proof.interrupted
