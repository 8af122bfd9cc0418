"""What PostgreSQL does that SQLite does not: conflicts, broken connections, rules of its own."""

import asyncio
import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, insert, text
from tests.support.databases import PostgresServer, url_of
from tests.support.programs import Cluster, free_port, postgres_cluster
from tests.support.record import Record, alert, at, open_record, opened, receive

from vigil.bootstrap import check_database
from vigil.cli.public_key import signature_check
from vigil.domain.audit import verify_export
from vigil.domain.errors import NotFound, PortUnavailable, SettingsError
from vigil.domain.incident import Incident, Stage
from vigil.integrations._clients.database import (
    exclusively,
    migrate,
    open_engine,
    read,
    try_exclusively,
    write,
)
from vigil.integrations._clients.database.inspection import inspect
from vigil.integrations._clients.database.postgres import RECORD
from vigil.integrations._clients.database.transaction import TRIES
from vigil.integrations.journal import export_lines
from vigil.integrations.journal.tables import executions
from vigil.ports.journal import Note, Proviso
from vigil.settings import Settings

SOON = "?options=-c%20deadlock_timeout%3D10ms"


@pytest.fixture
def engine(empty_postgres_url: str) -> Iterator[Engine]:
    """Two rows that transactions can fight over."""
    made = open_engine(empty_postgres_url + SOON)
    write(made, _two_rows)
    yield made
    made.dispose()


def _two_rows(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL)"))
    connection.execute(text("INSERT INTO t VALUES (1, 0), (2, 0)"))


ADD = text("UPDATE t SET n = n + 1 WHERE id = :id")
PID = text("SELECT pg_backend_pid()")


def numbers(engine: Engine) -> list[int]:
    query = text("SELECT n FROM t ORDER BY id")
    return list(read(engine, lambda c: c.execute(query).scalars().all()))


def end_session(url: str, pid: int) -> None:
    """As a restart of the server would."""
    with psycopg.connect(url.partition("?")[0]) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def url_of_engine(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_of_two_that_wait_for_each_other_both_get_done(engine: Engine) -> None:
    both_have_one = threading.Barrier(2)
    tries = count()

    def add(first: int, second: int) -> None:
        met: list[bool] = []

        def work(connection: Connection) -> None:
            next(tries)
            connection.execute(ADD, {"id": first})
            if not met:
                met.append(True)
                both_have_one.wait(10)
            connection.execute(ADD, {"id": second})

        write(engine, work)

    threads = [threading.Thread(target=add, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert numbers(engine) == [2, 2]
    assert next(tries) > 2, "one that the database chose did it again, or both"


def test_a_connection_that_breaks_is_replaced(engine: Engine) -> None:
    tries = count(1)

    def work(connection: Connection) -> int:
        connection.execute(ADD, {"id": 1})
        if (number := next(tries)) == 1:
            end_session(url_of_engine(engine), connection.execute(PID).scalar_one())
        connection.execute(ADD, {"id": 2})
        return number

    assert write(engine, work) == 2
    assert numbers(engine) == [1, 1]


def test_a_connection_that_breaks_again_and_again_is_told(engine: Engine) -> None:
    tries = count(1)

    def work(connection: Connection) -> None:
        next(tries)
        end_session(url_of_engine(engine), connection.execute(PID).scalar_one())
        connection.execute(ADD, {"id": 2})

    with pytest.raises(PortUnavailable, match="the database did not answer"):
        write(engine, work)
    assert next(tries) == TRIES + 1
    assert numbers(engine) == [0, 0]


def test_a_commit_that_nobody_answered_is_not_done_again(engine: Engine) -> None:
    """It may have been done; who asked for it has to look."""
    tries = count(1)

    def work(connection: Connection) -> None:
        next(tries)
        connection.execute(ADD, {"id": 1})
        end_session(url_of_engine(engine), connection.execute(PID).scalar_one())

    with pytest.raises(PortUnavailable, match="the database did not answer"):
        write(engine, work)
    assert next(tries) == 2


def test_who_stands_still_holds_nobody_up_for_ever(empty_postgres_url: str) -> None:
    engine = open_engine(f"{empty_postgres_url}?options=-c%20lock_timeout%3D50ms")
    write(engine, _two_rows)
    with engine.begin() as holder:
        holder.execute(ADD, {"id": 1})
        with pytest.raises(PortUnavailable, match="lock timeout"):
            write(engine, lambda c: c.execute(ADD, {"id": 1}).rowcount)
    engine.dispose()


def test_a_reader_sees_one_state_and_writes_nothing(engine: Engine) -> None:
    query = text("SELECT n FROM t WHERE id = 1")

    def look_twice(connection: Connection) -> tuple[int, int]:
        first = connection.execute(query).scalar_one()
        write(engine, lambda c: c.execute(ADD, {"id": 1}).rowcount)
        return first, connection.execute(query).scalar_one()

    assert read(engine, look_twice) == (0, 0)
    assert numbers(engine) == [1, 0]
    with pytest.raises(PortUnavailable, match="read-only"):
        read(engine, lambda c: c.execute(ADD, {"id": 1}).rowcount)


def test_what_is_done_exclusively_is_done_by_one_at_a_time(engine: Engine) -> None:
    with engine.begin() as one, engine.begin() as other:
        exclusively(one, "a")
        assert not try_exclusively(other, "a")
        assert try_exclusively(other, "b")
    with engine.begin() as other:
        assert try_exclusively(other, "a")


def test_what_was_promised_to_be_written_is_on_disk_whatever_the_role_prefers(
    engine: Engine,
) -> None:
    loose = text("ALTER ROLE tester SET synchronous_commit = off")
    write(engine, lambda c: c.execute(loose).rowcount)
    engine.dispose()
    shown = text("SHOW synchronous_commit")
    assert read(engine, lambda c: c.execute(shown).scalar_one()) == "on"
    write(engine, lambda c: c.execute(text("ALTER ROLE tester RESET ALL")).rowcount)


@pytest.fixture
def record(tmp_path: Path, postgres_record_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, postgres_record_url)
    yield made
    made.engine.dispose()


async def test_text_that_postgres_refuses_is_text_like_any_other(record: Record) -> None:
    odd = "half \ud800 and \x00"
    with pytest.raises(NotFound):
        await record.journal.incident(odd)
    incident = await opened(record)
    await record.journal.append(incident.id, [Note(kind="odd", payload={"log": odd})], at(1))
    told = (await record.journal.events(incident.id))[-1].payload
    assert told == {"log": "half ? and \x00"}, "sealed, so that any text has room"


def test_an_export_is_verified_whatever_the_order_of_the_alphabet(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Where a locale sorts small letters before large ones, and hyphens not at all."""
    with postgres_server.database(locale="en-US") as url:
        record = open_record(tmp_path, url)
        asyncio.run(_history(record))
        lines = [line.encode() for line in export_lines(record.engine, record.keys, at(7))]
        record.engine.dispose()
    key = record.keys.public_key
    report = verify_export(lines, signature_check(key), public_key=key)
    assert report.problems == ()
    assert report.incidents == 5


async def _history(record: Record) -> None:
    for number, name in enumerate(("inc-b", "inc-A", "incB", "inc-a", "INC_a")):
        await receive(
            record.inbox,
            alert=alert(number),
            service="web",
            symptom=f"s{number}",
            title="t",
            now=at(number),
            new_id=name,
        )
        await record.journal.append("inc-b", [Note(kind="n")], at(number))
        await record.journal.checkpoint(at(number))


async def test_many_that_sign_at_once_sign_one_history(record: Record) -> None:
    async def on(number: int) -> None:
        incident = await opened(record, symptom=f"s{number}")
        await record.journal.append(incident.id, [Note(kind="n")], at(number))
        await record.journal.checkpoint(at(number))

    await asyncio.gather(*(on(number) for number in range(12)))
    lines = [line.encode() for line in export_lines(record.engine, record.keys, at(20))]
    key = record.keys.public_key
    assert verify_export(lines, signature_check(key), public_key=key).problems == ()


def until_somebody_waits(url: str) -> None:
    """For leave to write to the table of what was executed."""
    query = (
        "SELECT count(*) FROM pg_locks WHERE relation = 'executions'::regclass AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    until = time.monotonic() + 30
    with psycopg.connect(url, autocommit=True) as watcher:
        while watcher.execute(query).fetchone() == (0,):
            assert time.monotonic() < until, "nobody ever waited"
            time.sleep(0.01)


def executing(incident: Incident) -> dict[str, Any]:
    """What moves an incident to where it counts as executed."""
    moved = incident.model_copy(update={"stage": Stage.EXECUTING})
    return {"incident": moved, "expected": (incident.stage, incident.attempt), "now": at(1)}


async def test_what_is_being_executed_is_waited_for_before_it_is_counted(
    record: Record, postgres_record_url: str
) -> None:
    """Also what is written by a version that never heard of the wait."""
    web, db = await opened(record), await opened(record, "db")
    told: list[int] = []

    def holds(many: int, _: object) -> bool:
        told.append(many)
        return False

    with record.engine.begin() as older:
        older.execute(insert(executions).values(incident=web.id, attempt=1, at=at(1)))
        counted = asyncio.create_task(
            record.journal.count_in(
                **executing(db),
                outputs=(),
                notes=(),
                proviso=Proviso(since=at(0), each=False, holds=holds),
            )
        )
        await asyncio.to_thread(until_somebody_waits, postgres_record_url)
    assert not await counted
    assert told == [1]


async def test_nothing_comes_to_be_executed_while_the_last_look_is_taken(
    record: Record, postgres_record_url: str
) -> None:
    """Not even what is under no limit itself."""
    web, db = await opened(record), await opened(record, "db")
    looking = threading.Event()

    def holds(many: int, _: object) -> bool:
        looking.set()
        until_somebody_waits(postgres_record_url)
        return many == 0

    counted = asyncio.create_task(
        record.journal.count_in(
            **executing(db),
            outputs=(),
            notes=(),
            proviso=Proviso(since=at(0), each=False, holds=holds),
        )
    )
    assert await asyncio.to_thread(looking.wait, 30)
    assert await record.journal.commit(**executing(web))
    assert await counted
    assert await record.journal.executions_since(at(0), besides="another") == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("s3cr3t", "hunter2"), "authentication failed"),
        (("/postgres", "/nowhere"), "does not exist"),
    ],
)
def test_a_server_that_refuses_is_a_mistake_in_the_settings(
    postgres_url: str, change: tuple[str, str], says: str
) -> None:
    url = postgres_url.replace(*change)
    assert url != postgres_url
    with pytest.raises(SettingsError, match=says) as refused:
        open_engine(url)
    assert "check VIGIL_DATABASE_URL" in str(refused.value)
    _says_no_password(refused.value)


def test_a_server_that_is_not_there_is_asked_again_later() -> None:
    with pytest.raises(PortUnavailable, match=r"127\.0\.0\.1.*refused.*check that") as failed:
        open_engine(nowhere())
    _says_no_password(failed.value)


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        begun = time.monotonic()
        with pytest.raises(PortUnavailable, match="timeout expired"):
            open_engine(f"postgresql://vigil@127.0.0.1:{port}/vigil?connect_timeout=2")
    assert time.monotonic() - begun < 10


def test_options_of_tls_are_passed_on(postgres_url: str) -> None:
    with pytest.raises(SettingsError, match="does not support SSL"):
        open_engine(f"{postgres_url}?sslmode=require")


def test_connections_are_bounded(engine: Engine) -> None:
    engine.pool._timeout = 0.05  # type: ignore[attr-defined] # of the queue that it is
    with ExitStack() as held:
        for _ in range(2 * RECORD.connections):
            held.enter_context(engine.connect())
        with pytest.raises(PortUnavailable, match="all connections are in use"):
            numbers(engine)
    assert numbers(engine) == [0, 0]


def nowhere() -> str:
    return f"postgresql://vigil:s3cr3t@127.0.0.1:{free_port()}/vigil"


def _says_no_password(error: BaseException) -> None:
    told = "".join(traceback.format_exception(error))
    assert "s3cr3t" not in told
    assert "hunter2" not in told


def test_a_database_of_another_encoding_is_refused(postgres_server: PostgresServer) -> None:
    refused = pytest.raises(SettingsError, match=r"encoded in LATIN1.*ENCODING 'UTF8'")
    with postgres_server.database(encoding="LATIN1") as url, refused:
        open_engine(url)


def test_a_role_that_may_not_make_tables_is_told(
    postgres_server: PostgresServer, empty_postgres_url: str
) -> None:
    engine = open_engine(postgres_server.as_role("guest", empty_postgres_url))
    with pytest.raises(SettingsError, match=r"may not make Vigil's tables.*owner"):
        migrate(engine)
    engine.dispose()


def test_inspection_says_what_it_is(record: Record, empty_postgres_url: str) -> None:
    assert "revision 0" in inspect(record.engine)
    empty = open_engine(empty_postgres_url)
    found = inspect(empty)
    empty.dispose()
    assert "PostgreSQL" in found
    assert "fsync off" in found
    assert "made at first start" in found
    assert "s3cr3t" not in found


def test_doctor_looks_at_it(postgres_record_url: str, tmp_path: Path) -> None:
    there = Settings(vigil_database_url=SecretStr(postgres_record_url), vigil_state_dir=tmp_path)
    assert "PostgreSQL" in check_database(there)
    away = SecretStr(nowhere())
    with pytest.raises(PortUnavailable, match="cannot be opened") as failed:
        check_database(Settings(vigil_database_url=away, vigil_state_dir=tmp_path))
    _says_no_password(failed.value)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with postgres_cluster() as made:
        yield made


def test_the_record_is_there_again_with_its_server(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.running() as server:
        record = open_record(tmp_path, url_of(cluster.dsn))
        incident = asyncio.run(opened(record))
        server.send_signal(signal.SIGQUIT)
        server.wait()
        with pytest.raises(PortUnavailable, match="the database did not answer") as failed:
            asyncio.run(record.journal.incident(incident.id))
        _says_no_password(failed.value)
    with cluster.running():
        assert asyncio.run(record.journal.incident(incident.id)) == incident
        record.engine.dispose()
