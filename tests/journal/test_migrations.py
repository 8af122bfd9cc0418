"""The migrations make what the code expects, and refuse what it does not know."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, inspect, text

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.database import migrate, migrations, open_engine, read, write
from vigil.integrations.journal import tables as journal_tables
from vigil.integrations.locks import tables as locks_tables
from vigil.integrations.memory import tables as memory_tables
from vigil.integrations.switch import tables as switch_tables
from vigil.integrations.workers import tables as workers_tables

DESCRIBED = (
    journal_tables.metadata,
    locks_tables.metadata,
    memory_tables.metadata,
    switch_tables.metadata,
    workers_tables.metadata,
)

# What finds words: on SQLite tables of the index itself, on PostgreSQL one beside the metadata.
TEXT_INDEX = "memory_runbook_text"


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    """A database without a table."""
    opened = open_engine(empty_database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite database."""
    opened = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    migrate(opened)
    yield opened
    opened.dispose()


def described(engine: Engine) -> list[MetaData]:
    """What the adapters' tables are said to be."""
    if engine.dialect.name == "postgresql":
        return [*DESCRIBED, memory_tables.postgres_metadata]
    return list(DESCRIBED)


def differences(engine: Engine) -> list[Any]:
    options = {
        "compare_type": True,
        "include_name": lambda name, kind, _: (
            not (
                engine.dialect.name == "sqlite"
                and kind == "table"
                and str(name).startswith(TEXT_INDEX)
            )
        ),
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        found: list[Any] = compare_metadata(context, described(engine))  # type: ignore[arg-type] # several are allowed
        return found


def test_migrated_schema_is_the_described_one(engine: Engine) -> None:
    migrate(engine)
    assert differences(engine) == []


def test_a_difference_would_be_found(engine: Engine) -> None:
    migrate(engine)
    more = text("CREATE TABLE unheard_of (x INTEGER)")
    write(engine, lambda c: c.execute(more).rowcount)
    assert len(differences(engine)) == 1


def test_memory_makes_the_same_tables_itself(engine: Engine) -> None:
    write(engine, memory_tables.create_tables)
    alone = {name: columns(engine, name) for name in inspect(engine).get_table_names()}
    assert TEXT_INDEX in alone
    write(engine, dropped)
    migrate(engine)
    assert {name: columns(engine, name) for name in alone} == alone


def columns(engine: Engine, table: str) -> list[tuple[str, str, bool]]:
    found = inspect(engine).get_columns(table)
    return sorted((c["name"], str(c["type"]), c["nullable"]) for c in found)


def dropped(connection: Connection) -> None:
    connection.execute(text(f"DROP TABLE {TEXT_INDEX}"))
    memory_tables.metadata.drop_all(connection)


def test_partial_indexes_have_their_condition(engine: Engine) -> None:
    migrate(engine)
    look = inspect(engine)
    found = {
        index["name"]: str(condition).strip("()")
        for table in ("incidents", "outbox")
        for index in look.get_indexes(table)
        if (condition := index["dialect_options"].get(f"{engine.dialect.name}_where")) is not None
    }
    on_sqlite = engine.dialect.name == "sqlite"
    assert found == {
        "uq_incidents_one_open": "closed_at IS NULL",
        "ix_incidents_unsigned": f"head_seq {'!=' if on_sqlite else '<>'} signed_seq",
        "ix_outbox_due": "handed = 0" if on_sqlite else "NOT handed",
    }


def test_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    before = schema(engine)
    migrate(engine)
    assert schema(engine) == before


def schema(engine: Engine) -> list[tuple[object, ...]]:
    """What changes with each change of the schema."""
    queries = {
        "sqlite": "PRAGMA schema_version",
        "postgresql": "SELECT oid, relname, xmin FROM pg_class WHERE relname !~ '^pg_' ORDER BY 1",
    }
    query = text(queries[engine.dialect.name])
    return [tuple(row) for row in read(engine, lambda c: c.execute(query).all())]


def test_a_record_of_a_version_before_is_brought_along(engine: Engine) -> None:
    """Of revision 3, which the first runs of Vigil left behind, with a delivery in it."""
    write(engine, lambda c: upgraded(c, "0003"))
    assert not inspect(engine).has_table("delivery_ids")
    kept = text("INSERT INTO deliveries VALUES ('k', 's', NULL, 1, 't', 't', 'why')")
    write(engine, lambda c: c.execute(kept).rowcount)
    migrate(engine)
    assert inspect(engine).has_table("delivery_ids")
    found = text("SELECT delivery_key, text FROM deliveries")
    assert [tuple(row) for row in read(engine, lambda c: c.execute(found).all())] == [("k", "why")]


INCIDENT = text(
    "INSERT INTO incidents (id, service, symptom, severity, title, stage, attempt, waiting_on, "
    "plan_digest, opened_at, head_seq, head_hash, signed_seq) VALUES (:id, 'web', :id, 'high', "
    "'t', :stage, 1, :waiting, 'sha256:a', '2026-03-01T12:00:00.000250+00:00', 0, 'h', 0)"
)


def test_incidents_in_flight_are_brought_along(engine: Engine) -> None:
    """From revision 5, the last one for a single process, with what it had under way."""
    write(engine, lambda c: upgraded(c, "0005"))
    write(engine, in_flight)
    migrate(engine)
    assert differences(engine) == []
    query = text(
        "SELECT i.id, i.stage, i.waiting_on, i.claim, i.claimed_by, i.version, i.expires_at, "
        "o.segment, o.handed, o.turn FROM incidents i JOIN outbox o ON o.incident = i.id ORDER BY 1"
    )
    assert [tuple(row) for row in read(engine, lambda c: c.execute(query).all())] == [
        ("acts", "EXECUTING", None, 0, None, 0, None, "act", 1, 1),
        ("waits", "SYNTHESIZING", "approval", 0, None, 0, None, "decide", 1, 1),
    ]
    locked = text("SELECT resource, owner, token, holder FROM locks")
    assert [tuple(row) for row in read(engine, lambda c: c.execute(locked).all())] == [
        ("service:web", "acts", 7, None)
    ]


def in_flight(connection: Connection) -> None:
    connection.execute(INCIDENT, {"id": "acts", "stage": "EXECUTING", "waiting": None})
    connection.execute(INCIDENT, {"id": "waits", "stage": "SYNTHESIZING", "waiting": "approval"})
    outbox = text("INSERT INTO outbox VALUES (:segment, :incident, 1, 't', :handed)")
    for incident, segment in (("acts", "act"), ("waits", "decide")):
        row = {"incident": incident, "segment": segment, "handed": True}
        connection.execute(outbox, row)
    connection.execute(text("INSERT INTO locks VALUES ('service:web', 'acts', 7, 't')"))


def test_what_sources_said_last_is_brought_along(engine: Engine) -> None:
    """From revision 6, in which the newest event of an alert was the last word."""
    write(engine, lambda c: upgraded(c, "0006"))
    heard = {
        "over": ("opened", "alert_joined", "alert_resolved", "closed"),
        "fires": ("opened", "alert_resolved", "alert_joined", "evidence"),
        "silent": (),
    }
    for incident, kinds in heard.items():
        write(engine, partial(_with_events, incident=incident, kinds=kinds))
    migrate(engine)
    query = text("SELECT id FROM incidents WHERE said_over")
    assert read(engine, lambda c: c.execute(query).scalars().all()) == ["over"]


def _with_events(connection: Connection, *, incident: str, kinds: tuple[str, ...]) -> None:
    connection.execute(INCIDENT, {"id": incident, "stage": "ESCALATED", "waiting": None})
    event = text("INSERT INTO events VALUES (:incident, :seq, 't', :kind, 'd', 'p', 'h')")
    for seq, kind in enumerate(kinds, start=1):
        connection.execute(event, {"incident": incident, "seq": seq, "kind": kind})


def upgraded(connection: Connection, revision: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)


def test_a_newer_database_is_refused_and_left_alone(engine: Engine) -> None:
    migrate(engine)
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    write(engine, lambda c: c.execute(newer).rowcount)
    before = schema(engine)
    with pytest.raises(SettingsError, match=r"9999.*newer") as refused:
        migrate(engine)
    assert schema(engine) == before
    assert (engine.url.password or "no password") not in str(refused.value)


def test_a_migration_that_fails_leaves_nothing(engine: Engine) -> None:
    """All revisions run in one transaction; the third finds its table taken."""
    write(engine, lambda c: c.execute(text("CREATE TABLE memory_runbooks (x INTEGER)")).rowcount)
    with pytest.raises(Exception, match=r'memory_runbooks"? already exists'):
        migrate(engine)
    assert inspect(engine).get_table_names() == ["memory_runbooks"]


def test_processes_that_start_at_once_all_find_it_migrated(empty_database_url: str) -> None:
    code = (
        "import sys; from vigil.integrations._clients.database import migrate, open_engine; "
        "migrate(open_engine(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, empty_database_url]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite://", "sqlite:///:memory:", "sqlite:////proc/x/y"]
)
def test_a_url_that_cannot_keep_the_record_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        open_engine(url)


def test_durability_settings_hold_on_every_connection(file: Engine) -> None:
    with (
        file.connect() as first,
        file.execution_options(vigil_reading=True).connect() as second,
    ):
        for connection in (second, first):
            values = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
            ]
            assert values == ["wal", 2, 1, 1]
