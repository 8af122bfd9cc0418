"""The migrations make what the code expects, and refuse what it does not know."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

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
SCHEMA = text("SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2")


def fresh(directory: Path) -> Engine:
    engine = open_engine(f"sqlite:///{directory / 'vigil.sqlite'}")
    migrate(engine)
    return engine


def test_migrated_schema_is_the_described_one(tmp_path: Path) -> None:
    engine = fresh(tmp_path)
    options = {
        "compare_type": True,
        # The text index keeps its rows in tables of its own.
        "include_name": lambda name, kind, _: (
            not (kind == "table" and str(name).startswith("memory_runbook_text"))
        ),
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, list(DESCRIBED)) == []  # type: ignore[arg-type] # several are allowed
    engine.dispose()


def test_memory_makes_the_same_tables_itself(tmp_path: Path) -> None:
    migrated = fresh(tmp_path)
    alone = open_engine(f"sqlite:///{tmp_path / 'memory.sqlite'}")
    write(alone, memory_tables.create_tables)
    expected = {tuple(row) for row in read(alone, lambda c: c.execute(SCHEMA).all())}
    assert expected <= {tuple(row) for row in read(migrated, lambda c: c.execute(SCHEMA).all())}
    migrated.dispose()
    alone.dispose()


def test_partial_indexes_have_their_condition(tmp_path: Path) -> None:
    engine = fresh(tmp_path)
    query = text("SELECT name, sql FROM sqlite_master WHERE sql LIKE '% WHERE %'")
    found = {
        row.name: row.sql.partition(" WHERE ")[2]
        for row in read(engine, lambda c: c.execute(query).all())
    }
    assert found == {"uq_incidents_one_open": "closed_at IS NULL", "ix_outbox_due": "handed = 0"}
    engine.dispose()


def test_again_changes_nothing(tmp_path: Path) -> None:
    engine = fresh(tmp_path)
    version = text("PRAGMA schema_version")
    before = read(engine, lambda c: c.execute(version).scalar_one())
    migrate(engine)
    assert read(engine, lambda c: c.execute(version).scalar_one()) == before
    engine.dispose()


def test_a_record_of_a_version_before_is_brought_along(tmp_path: Path) -> None:
    """Of revision 3, which the first runs of Vigil left behind, with a delivery in it."""
    engine = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    write(engine, lambda c: upgraded(c, "0003"))
    assert not inspect(engine).has_table("delivery_ids")
    kept = text("INSERT INTO deliveries VALUES ('k', 's', NULL, 1, 't', 't', 'why')")
    write(engine, lambda c: c.execute(kept).rowcount)
    migrate(engine)
    assert inspect(engine).has_table("delivery_ids")
    found = text("SELECT delivery_key, text FROM deliveries")
    assert [tuple(row) for row in read(engine, lambda c: c.execute(found).all())] == [("k", "why")]
    engine.dispose()


def upgraded(connection: Connection, revision: str) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    engine = fresh(tmp_path)
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    write(engine, lambda c: c.execute(newer).rowcount)
    with pytest.raises(SettingsError, match=r"9999.*newer"):
        migrate(engine)
    assert inspect(engine).has_table("incidents")
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """All revisions run in one transaction; the third finds its table taken."""
    engine = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    write(engine, lambda c: c.execute(text("CREATE TABLE memory_runbooks (x)")).rowcount)
    with pytest.raises(Exception, match="memory_runbooks already exists"):
        migrate(engine)
    assert inspect(engine).get_table_names() == ["memory_runbooks"]
    engine.dispose()


def test_processes_that_start_at_once_all_find_it_migrated(tmp_path: Path) -> None:
    code = (
        "import sys; from vigil.integrations._clients.database import migrate, open_engine; "
        "migrate(open_engine(sys.argv[1]))"
    )
    url = f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    processes = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite://", "sqlite:///:memory:", "sqlite:////proc/x/y"]
)
def test_a_url_that_cannot_keep_the_record_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        open_engine(url)


def test_durability_settings_hold_on_every_connection(tmp_path: Path) -> None:
    engine = fresh(tmp_path)
    with (
        engine.connect() as first,
        engine.execution_options(vigil_reading=True).connect() as second,
    ):
        for connection in (second, first):
            values = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
            ]
            assert values == ["wal", 2, 1, 1]
    engine.dispose()
