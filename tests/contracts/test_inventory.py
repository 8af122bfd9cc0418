"""The promises of ``ports.inventory``, over real programs of the test: an HTTP server, supervisor,
PostgreSQL (about 10 s).
"""

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest
from tests.support.databases import PostgresServer
from tests.support.http_server import Answer, Request, Server, serving
from tests.support.programs import free_port, supervisor

from vigil.domain.catalogue import (
    Catalogue,
    Condition,
    MetricsSource,
    Processes,
    Service,
    Symptom,
    Telemetry,
)
from vigil.domain.errors import SettingsError
from vigil.domain.inventory import MOST_ITEMS, MOST_MARKS, Item
from vigil.domain.inventory_source import Canary, InventorySource
from vigil.domain.probe import HttpProbe, HttpStep, Probe, TcpProbe
from vigil.domain.window import Dates, Windows
from vigil.integrations.inventory import embedded
from vigil.integrations.inventory.embedded import EmbeddedInventories

PAGE = (
    b"<html><head><title>Shop</title></head><body><h1>Catalogue</h1><form action='/basket'>"
    b"<input name='sku'></form><a href='/orders/1'>1</a><p id='news'>%s</p></body></html>"
)
HTML = (("content-type", "text/html; charset=utf-8"),)


PATHS = {
    "/api": Answer(body=b'{"orders": [{"id": 1}]}', headers=(("content-type", "text/json"),)),
    "/moved": Answer(302, headers=(("location", "/elsewhere?token=secret"),)),
    "/slow": Answer(delay_s=30),
    "/huge": Answer(body=b"x" * 1_000_000, repeat=50),
    "/many": Answer(body=b"".join(b"<p id='%d'>" % n for n in range(5000)), headers=HTML),
}


def answered(request: Request) -> Answer:
    path = request.path.partition("?")[0]
    if path == "/":
        return Answer(body=PAGE % str(len(request.path)).encode(), headers=HTML)
    return PATHS.get(path, Answer(404, b"nothing here"))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(answered) as running:
        yield running


def one(service: Service) -> Catalogue:
    return Catalogue(version=1, services={"web": service})


async def taken(service: Service, written: Catalogue | None = None) -> dict[str, Item]:
    """What is counted of a service, by kind and name."""
    known = one(service)
    inventory = await EmbeddedInventories(known, lambda: written or known).take(["web", "nobody"])
    return {f"{item.kind} {item.name}": item for item in inventory.items}


def opening(*urls: str) -> Service:
    return Service(inventory=InventorySource(routes=urls))


# --- 1 ---------------------------------------------------------------------------------------


async def test_1_what_takes_too_long_is_unseen_and_holds_up_nobody(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PATIENCE_S", 1.0)
    began = time.monotonic()
    items = await taken(opening(server.url("/slow"), server.url("/")))
    assert time.monotonic() - began < 30, "far less than the server takes"
    assert items[f"route {server.url('/slow')}"].there is None
    assert items[f"route {server.url('/')}"].there is True


async def test_1_what_cannot_be_reached_is_told_and_never_raised() -> None:
    port = free_port()
    service = Service(
        processes=Processes(supervisor="/nowhere.sock", names=("web-1",)),
        inventory=InventorySource(
            routes=(f"http://127.0.0.1:{port}/", "http://no such host/x".replace(" ", "-")),
            rows={"orders": Canary(dsn=f"host=127.0.0.1 port={port}", query="select 1")},
        ),
    )
    items = await taken(service)
    there = {name: item.there for name, item in items.items()}
    assert there.pop("probe processes-running") is True
    assert there == {
        "instance web-1": None,
        f"endpoint 127.0.0.1:{port}": False,
        "endpoint no-such-host:80": False,
        f"route http://127.0.0.1:{port}/": False,
        "route http://no-such-host/x": False,
        "rows orders": None,
    }


async def test_1_a_catalogue_that_cannot_be_read_leaves_its_probes_unseen(server: Server) -> None:
    probe = TcpProbe(kind="tcp", host="127.0.0.1", port=server.port)

    def broken() -> Catalogue:
        raise SettingsError("somebody is writing it")

    inventory = await EmbeddedInventories(one(Service(probes={"up": probe})), broken).take(["web"])
    assert {str(i): i.there for i in inventory.items}["probe up of web"] is None


# --- 2 ---------------------------------------------------------------------------------------


async def test_2_processes_as_supervisor_knows_them() -> None:
    with supervisor() as socket:
        service = Service(processes=Processes(supervisor=socket, names=("steady", "nobody")))
        items = await taken(service)
        for _ in range(100):  # supervisor needs a second to call it RUNNING
            if items["instance steady"].there:
                break
            await asyncio.sleep(0.1)
            items = await taken(service)
        assert items["instance steady"].there is True
        assert items["instance nobody"].there is False


async def test_2_addresses_and_routes_of_probes_metrics_and_the_owner(server: Server) -> None:
    buy = HttpProbe(
        kind="http",
        steps=(
            HttpStep(url=server.url("/?sku=1")),
            HttpStep(method="POST", url=server.url("/basket")),
        ),
    )
    metrics = MetricsSource(url=server.url("/metrics"), instance="web-1")
    service = Service(
        probes={"buy": buy, "up": TcpProbe(kind="tcp", host="localhost", port=server.port)},
        telemetry=Telemetry(metrics=(metrics,)),
        inventory=InventorySource(routes=(server.url("/api"),)),
    )
    assert set(await taken(service)) == {
        f"endpoint 127.0.0.1:{server.port}",
        f"endpoint localhost:{server.port}",
        f"route {server.url('/api')}",
        f"route {server.url('/')}",
        "probe buy",
        "probe up",
    }


async def test_2_rows_are_counted(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table orders as select generate_series(1, 7) as id")
        rows = {
            "orders": Canary(dsn=url, query="select count(*) from orders"),
            "two": Canary(dsn=url, query="select id from orders"),
            "wrong": Canary(dsn=url, query="select nothing"),
        }
        service = Service(inventory=InventorySource(rows=rows))
        items = await taken(service)
        connection.execute("drop table orders")
        dropped = await taken(service)
    assert (items["rows orders"].there, items["rows orders"].count) == (True, 7)
    assert (items["rows two"].there, items["rows wrong"].there) == (None, None)
    assert dropped["rows orders"].there is False, "not merely unseen"
    assert dropped["rows wrong"].there is None


async def test_2_probes_as_the_file_has_them_now() -> None:
    before = Service(probes={"a": tcp(1), "b": tcp(2), "c": tcp(3)})
    after = one(Service(probes={"a": tcp(1), "b": tcp(99)}))
    then, now = await taken(before), await taken(before, after)
    assert then["probe a"].digest == now["probe a"].digest
    assert then["probe b"].digest != now["probe b"].digest
    assert now["probe c"].there is False


async def test_2_how_symptoms_are_watched_as_the_file_has_it_now() -> None:
    """A looser condition and maintenance that begins are both ways not to hear of it any more."""

    def late(above: float, maintenance: Windows = Windows()) -> Service:  # noqa: B008 - frozen
        condition = Condition(metric="requests", bad={"status": "5.."}, above=above)
        return Service(
            probes={"a": tcp(1)},
            symptoms={"late": Symptom(alerts=("Late",), probes=("a",), condition=condition)},
            maintenance=maintenance,
        )

    always = {"from": "2020-01-01", "until": "2099-12-31", "zone": "UTC"}
    now = Windows(dates=(Dates.model_validate(always),))
    then = (await taken(late(0.2)))["symptom late"]
    assert (await taken(late(0.2), one(late(0.2))))["symptom late"] == then
    for other in (late(0.9), late(0.2, now)):
        assert (await taken(late(0.2), one(other)))["symptom late"].digest != then.digest
    assert (await taken(late(0.2), one(Service())))["symptom late"].there is False


def tcp(port: int) -> TcpProbe:
    return TcpProbe(kind="tcp", host="127.0.0.1", port=port)


# --- 3 ---------------------------------------------------------------------------------------


async def test_3_it_asks_with_get_only(server: Server) -> None:
    await taken(opening(server.url("/"), server.url("/moved")))
    assert {request.method for request in server.requests} == {"GET"}
    assert {request.path for request in server.requests} == {"/", "/moved"}, "none is followed"


async def test_3_a_canary_query_cannot_write(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table orders (id int)")
        for query in (
            "insert into orders values (1) returning 1",
            "delete from orders returning 1",
            "select 1; drop table orders",
        ):
            rows = {"orders": Canary(dsn=url, query=query)}
            items = await taken(Service(inventory=InventorySource(rows=rows)))
            assert items["rows orders"].there is None
        counted = connection.execute("select count(*) from orders").fetchone()
    assert counted == (0,)


# --- 4 ---------------------------------------------------------------------------------------


async def test_4_marks_are_of_the_page_and_not_of_its_contents(server: Server) -> None:
    short, long = server.url("/?a"), server.url("/?much-longer")
    one_page, other = (
        (await taken(opening(short)))[f"route {server.url('/')}"],
        (await taken(opening(long)))[f"route {server.url('/')}"],
    )
    assert one_page.marks == other.marks
    assert {"title Shop", "h1 Catalogue", "form action /basket", "p id news"} <= one_page.marks
    assert one_page.digest != other.digest, "but the contents differ"


async def test_4_the_same_body_has_the_same_digest(server: Server) -> None:
    items = await taken(opening(server.url("/gone"), server.url("/away"), server.url("/api")))
    gone, away, api = (items[f"route {server.url(path)}"] for path in ("/gone", "/away", "/api"))
    assert gone.digest == away.digest != api.digest
    assert (gone.there, api.there) == (False, True)
    assert "/orders/0/id int" in api.marks


async def test_4_html_is_a_page_and_says_who_opens_it(server: Server) -> None:
    home = HttpProbe(kind="http", steps=(HttpStep(url=server.url("/?sku=1")),))
    service = Service(
        probes={"home": home, "again": home},
        inventory=InventorySource(routes=(server.url("/api"), server.url("/"))),
    )
    items = await taken(service)
    page, api = items[f"route {server.url('/')}"], items[f"route {server.url('/api')}"]
    assert (page.page, page.opened_by) == (True, frozenset({"home", "again"}))
    assert (api.page, api.opened_by) == (False, frozenset())


async def test_4_an_address_that_only_metrics_name_is_of_their_process(server: Server) -> None:
    alone = free_port()
    metrics = (
        MetricsSource(url=server.url("/metrics"), instance="web-1"),
        MetricsSource(url=f"http://127.0.0.1:{alone}/metrics", instance="web-2"),
    )
    service = Service(probes={"up": tcp(server.port)}, telemetry=Telemetry(metrics=metrics))
    items = await taken(service)
    assert items[f"endpoint 127.0.0.1:{server.port}"].instance is None, "a probe knocks there, too"
    assert items[f"endpoint 127.0.0.1:{alone}"].instance == "web-2"


# --- 5 ---------------------------------------------------------------------------------------


async def test_5_names_hold_no_credential(server: Server) -> None:
    url = server.url("/moved?token=secret").replace("//", "//ann:secret@")
    items = await taken(opening(url))
    assert "secret" not in str(items)
    assert items[f"route {server.url('/moved')}"].there is True


async def test_5_much_is_cut(server: Server) -> None:
    items = await taken(opening(server.url("/huge"), server.url("/many")))
    assert items[f"route {server.url('/huge')}"].there is True
    assert len(items[f"route {server.url('/many')}"].marks) == MOST_MARKS
    many: dict[str, Probe] = {f"p{n}": tcp(n + 1) for n in range(MOST_ITEMS + 50)}
    assert len(await taken(Service(probes=many))) <= MOST_ITEMS
