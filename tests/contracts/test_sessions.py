"""The promises of ``ports.sessions``: a real PostgreSQL with sessions that wait for each other."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from tests.support.programs import free_port, postgres, wait_until

from vigil.domain.catalogue import Catalogue
from vigil.domain.telemetry import BlockingSession
from vigil.integrations.sessions.embedded import PostgresSessions


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL with a table, whose superuser may watch every session."""
    with postgres() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("create table stock (sku int primary key, held int)")
            connection.execute("insert into stock select n, 0 from generate_series(1, 9) as n")
            connection.execute("create role blinkered login password 's3cr3t-of-the-test'")
            connection.execute("grant update, select on stock to blinkered")
        yield dsn


class Crowd:
    """Sessions that the test holds open; those that wait do so in threads of their own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._open: list[psycopg.Connection] = []
        self._threads: list[threading.Thread] = []

    def join(self, name: str) -> psycopg.Connection:
        connection = psycopg.connect(self._dsn, application_name=name)
        self._open.append(connection)
        return connection

    def hold(self, sku: int, name: str = "backfill") -> psycopg.Connection:
        """Somebody who took a row and does no more."""
        connection = self.join(name)
        connection.execute("update stock set held = 1 where sku = %s", [sku])
        return connection

    def wait(self, sku: int, taking: int | None = None, name: str = "shop-1") -> None:
        """Somebody who waits for a row, perhaps with another one in hand."""
        connection = self.join(name) if taking is None else self.hold(taking, name)
        self._run(connection, "update stock set held = 2 where sku = %s", [sku])

    def work(self, connection: psycopg.Connection) -> None:
        """Somebody whose query takes long."""
        self._run(connection, "select pg_sleep(60)", [])

    def _run(self, connection: psycopg.Connection, query: str, values: list[int]) -> None:
        def run() -> None:
            with suppress(psycopg.Error):
                connection.execute(query.encode(), values)

        thread = threading.Thread(target=run)
        thread.start()
        self._threads.append(thread)

    def until(self, waiting: int) -> None:
        """So many wait for a lock, as the server sees it."""
        query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        with psycopg.connect(self._dsn, autocommit=True) as watching:
            wait_until(lambda: watching.execute(query).fetchone() == (waiting,), "the waiting")

    def disperse(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as last:
            last.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where backend_type = 'client backend' and pid <> pg_backend_pid()"
            )
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()


@pytest.fixture
def crowd(database: str) -> Iterator[Crowd]:
    crowd = Crowd(database)
    yield crowd
    crowd.disperse()


async def blocking(dsn: str) -> tuple[BlockingSession, ...] | None:
    sessions = {"on": "db", "dsn": dsn, "role": "tester"}
    shop = {"depends_on": ["db"], "telemetry": {"sessions": sessions}}
    catalogue = Catalogue.model_validate({"version": 1, "services": {"shop": shop, "db": {}}})
    started = time.monotonic()
    found = await PostgresSessions(catalogue).holding_up("shop")
    assert time.monotonic() - started < 30
    return found


async def test_1_nobody_blocks(database: str, crowd: Crowd) -> None:
    assert await blocking(database) == ()
    crowd.hold(1)
    assert await blocking(database) == (), "who holds up nobody is left alone"


async def test_2_who_blocks_is_described(database: str, crowd: Crowd) -> None:
    leaked = crowd.hold(1)
    crowd.wait(1)
    crowd.until(waiting=1)
    await asyncio.sleep(0.3)
    found = await blocking(database)
    assert found is not None
    (one,) = found
    began = leaked.execute(
        "select extract(epoch from xact_start)::numeric from pg_stat_activity"
        " where pid = pg_backend_pid()"
    ).fetchone()
    assert began is not None
    assert one.id == f"{leaked.info.backend_pid}.{int(began[0] * 1_000_000)}"
    assert (one.role, one.application, one.idle_in_transaction) == ("tester", "backfill", True)
    assert one.holds_up == 1
    assert 0.3 <= one.seconds <= one.transaction_s < 20


async def test_2_only_the_first_of_a_queue_blocks_and_counts_all_behind(
    database: str, crowd: Crowd
) -> None:
    crowd.hold(1, "first")
    crowd.wait(1, taking=2, name="second")
    crowd.until(waiting=1)
    crowd.wait(2, name="third")
    crowd.wait(1, name="fourth")
    crowd.hold(5, "elsewhere")
    crowd.wait(5)
    crowd.until(waiting=4)
    found = await blocking(database)
    assert found is not None
    assert [(s.application, s.holds_up) for s in found] == [("first", 3), ("elsewhere", 1)]


async def test_2_who_is_at_work_is_not_idle(database: str, crowd: Crowd) -> None:
    busy = crowd.hold(1, "report")
    crowd.work(busy)
    crowd.wait(1)
    crowd.until(waiting=1)
    found = await blocking(database)
    assert found is not None
    assert [(s.application, s.idle_in_transaction) for s in found] == [("report", False)]


async def test_2_and_3_at_most_20_and_names_are_cleaned_and_cut(
    database: str, crowd: Crowd
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("insert into stock select n, 0 from generate_series(10, 40) as n")
    for sku in range(10, 31):
        crowd.hold(sku, "password=hunter2" if sku == 10 else f"holder-{sku}")
        crowd.wait(sku)
    crowd.wait(30)
    crowd.until(waiting=22)
    found = await blocking(database)
    assert found is not None
    assert len(found) == 20
    assert (found[0].application, found[0].holds_up) == ("holder-30", 2)
    assert not any("hunter2" in session.application for session in found)


async def test_3_takes_no_lock_that_anybody_could_wait_for(database: str, crowd: Crowd) -> None:
    """Even a table that is locked whole, and the catalogue's own, do not hold it up."""
    owner = crowd.join("owner")
    owner.execute("lock table stock in access exclusive mode")
    crowd.wait(1)
    crowd.until(waiting=1)
    found = await blocking(database)
    assert found is not None
    assert [s.application for s in found] == ["owner"]


async def test_1_sessions_are_none_where_they_cannot_be_watched(
    database: str, crowd: Crowd
) -> None:
    crowd.hold(1)
    crowd.wait(1)
    crowd.until(waiting=1)
    blinkered = database.replace("user=tester", "user=blinkered")
    wrong = database.replace("s3cr3t-of-the-test", "wr0ng")
    for dsn in (blinkered, wrong, "no dsn at all", f"host=127.0.0.1 port={free_port()}"):
        assert await blocking(dsn) is None


async def test_1_sessions_are_none_in_time_where_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert await blocking(f"host=127.0.0.1 port={port} user=nobody password=hunter2") is None


async def test_1_none_where_nobody_said_where_to_look() -> None:
    catalogue = Catalogue.model_validate({"version": 1, "services": {"shop": {}}})
    assert await PostgresSessions(catalogue).holding_up("shop") is None
    assert await PostgresSessions(catalogue).holding_up("nobody") is None
