"""The same on a real server of the test, through the product's own probes and inventory: only time
is the test's (about 10 s).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random

import pytest
from tests.phases.values import executed, plan
from tests.support.hand_clock import START, HandClock
from tests.support.http_server import Answer, Request, Server, serving
from tests.support.world import ScriptedTelemetry

from vigil.domain.catalogue import Catalogue, Service, Symptom
from vigil.domain.inventory_source import InventorySource
from vigil.domain.probe import HttpProbe, HttpStep, TcpProbe
from vigil.domain.probes.http import Expectation
from vigil.domain.proof import Outcome, Proof
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.inventory.embedded import EmbeddedInventories
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.verify.baseline import take_baseline
from vigil.verify.eyes import Eyes
from vigil.verify.verify import verify

SEEDS = 3
HTML = (("content-type", "text/html"),)
PAGE = "<html><title>{0}</title><h1>{0}</h1><form action='{0}'><input name='{0}'></form>{1}</html>"
SORRY = Answer(body=b"<html><title>Sorry</title><h1>We will be back</h1></html>", headers=HTML)
BROKEN = Answer(500, b"<html><h1>Internal Server Error</h1></html>", headers=HTML)
PATHS = ("/checkout", "/catalogue", "/about")


@dataclass
class Shop:
    """A real server, and what is wrong with each of its pages."""

    chance: Random
    broken: set[str] = field(default_factory=set)
    sorry: frozenset[str] = frozenset()
    written: dict[str, Service] = field(default_factory=dict)
    """What somebody has made of the catalogue's file."""

    def answer(self, request: Request) -> Answer:
        if request.path in self.sorry:
            return SORRY
        if request.path in self.broken or request.path not in PATHS:
            return BROKEN
        text = PAGE.format(request.path[1:], self.chance.random())
        return Answer(body=text.encode(), headers=HTML)


@pytest.fixture(params=range(SEEDS))
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Shop, Server, Server]]:
    """With a second door that a tcp probe knocks at."""
    playing = Shop(Random(f"{request.node.name}"), broken={"/checkout"})  # noqa: S311 - variety
    async with serving(playing.answer) as server, serving(playing.answer) as door:
        yield playing, server, door


LAX = Expectation()
"""A status of 200 is all that it asks for."""


def catalogue(server: Server, door: Server, expect: Expectation = LAX) -> Catalogue:
    checkout = HttpStep(url=server.url("/checkout"), expect=expect)
    web = Service(
        probes={
            "checkout": HttpProbe(kind="http", steps=(checkout,)),
            "catalogue": HttpProbe(kind="http", steps=(HttpStep(url=server.url("/catalogue")),)),
        },
        symptoms={"checkout-errors": Symptom(alerts=("CheckoutErrors",), probes=("checkout",))},
        inventory=InventorySource(routes=(server.url("/about"), door.url("/about"))),
    )
    db = Service(probes={"door": TcpProbe(kind="tcp", host="127.0.0.1", port=door.port)})
    return Catalogue(
        version=1, services={"web": web.model_copy(update={"depends_on": ("db",)}), "db": db}
    )


class Proving:
    """Before, the plan, and after."""

    def __init__(self, shop: Shop, server: Server, door: Server, expect: Expectation = LAX) -> None:
        self.known = catalogue(server, door, expect)
        self._shop = shop
        self.clock = HandClock()
        self.plan = plan(self.known)

    @property
    def eyes(self) -> Eyes:
        return Eyes(
            catalogue=self.known,
            probes=EmbeddedProbes(SystemClock()),
            telemetry=ScriptedTelemetry(self.clock),
            inventories=EmbeddedInventories(self.known, self._read),
            clock=self.clock,
        )

    def _read(self) -> Catalogue:
        services = {**self.known.services, **self._shop.written}
        return self.known.model_copy(update={"services": services})

    async def proof(self, act: Callable[[], None]) -> Proof:
        baseline = await take_baseline(self.plan, self.eyes, START)
        assert baseline.still_failing(self.plan.proving)
        act()
        return await verify(self.plan, executed(self.plan), baseline, self.eyes)


Given = tuple[Shop, Server, Server]


async def proven(given: Given, **after: object) -> Proof:
    """What becomes of the shop, by its fields."""

    def act() -> None:
        for name, value in after.items():
            setattr(given[0], name, value)

    return await Proving(*given).proof(act)


async def test_a_true_fix(shop: Given) -> None:
    assert (await proven(shop, broken=set())).outcome is Outcome.VERIFIED


async def test_it_breaks_a_neighbour(shop: Given) -> None:
    proof = await proven(shop, broken={"/catalogue"})
    assert proof.outcome is Outcome.REGRESSED
    assert "web/catalogue passed in 6 of 6 looks before" in proof.text


async def test_a_page_that_no_probe_opens_is_gone(shop: Given) -> None:
    proof = await proven(shop, broken={"/about"})
    assert proof.outcome is Outcome.REGRESSED
    assert "/about of web was there before and is gone" in proof.text


@pytest.mark.parametrize("before", [{"/checkout"}, set(PATHS)], ids=["one", "all"])
async def test_a_maintenance_page_in_place_of_what_was_broken(
    shop: Given, before: set[str]
) -> None:
    shop[0].broken = before
    proof = await proven(shop, sorry=frozenset(PATHS))
    assert proof.outcome is Outcome.REGRESSED
    assert "page" in proof.text


async def test_a_page_that_said_sorry_with_status_200_may_become_itself_again(
    shop: Given,
) -> None:
    """Its probe fails by what the page says, and so the inventory does not hold on to that page."""
    playing, server, door = shop
    playing.broken, playing.sorry = set(), frozenset({"/checkout"})
    proving = Proving(playing, server, door, Expectation(text="<h1>checkout"))
    proof = await proving.proof(lambda: setattr(playing, "sorry", frozenset()))
    assert proof.outcome is Outcome.VERIFIED


async def test_a_probe_is_taken_out_of_the_catalogues_file(shop: Given) -> None:
    web = catalogue(*shop[1:]).services["web"]
    left = web.model_copy(update={"probes": {"checkout": web.probes["checkout"]}})
    proof = await proven(shop, broken=set(), written={"web": left})
    assert proof.outcome is Outcome.REGRESSED
    assert "probe catalogue of web was there before and is gone" in proof.text
