"""Copies of a database that is in use, each of one consistent state, and back into an empty one."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo
from sqlalchemy import URL, Engine, text

from vigil.domain.errors import PermanentError, PortUnavailable
from vigil.integrations._clients.database.transaction import read

PROGRAM_S = 3600.0
"""How long ``pg_dump`` or ``pg_restore`` may take; both go at some gigabytes a minute."""
_MOST_SAID = 400
_BUSY_S = 10.0


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database file that others may be writing to; the copy is one whole file.

    :raises PortUnavailable: it cannot be read, or there is no room.
    """
    try:
        with (
            closing(
                sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", _BUSY_S, uri=True)
            ) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            # All in one step, which holds nobody up in WAL mode; in many small ones it would begin
            # anew with each commit of somebody else.
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
            found = new.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise PortUnavailable(f"{source} cannot be copied: {error}; is there room?") from error
    if found != "ok":
        raise PermanentError(f"{source} is damaged ({found}); restore an older backup")
    target.chmod(0o600)


def revision_in(file: Path) -> str:
    """Which tables a database file has that nobody uses; empty where it has none of Vigil's."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise PermanentError(f"{file.name} is no record of a Vigil: {error}") from error
    return str(row[0]) if row else ""


def dump_postgres(url: URL, target: Path) -> None:
    """Everything in a PostgreSQL database, as ``pg_dump`` writes it."""
    _run(url, "pg_dump", "--format=custom", f"--file={target}")
    target.chmod(0o600)


def load_postgres(url: URL, dump: Path) -> None:
    """Put a dump into an empty database: all of it or nothing."""
    name = make_conninfo(dbname=str(url.database))
    _run(
        *(url, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner"),
        *("--no-privileges", f"--dbname={name}", str(dump)),
    )


def is_empty(engine: Engine) -> bool:
    """Whether nobody keeps a table in this database."""
    tables = text(
        "SELECT count(*) FROM information_schema.tables"
        " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    return bool(read(engine, lambda c: c.execute(tables).scalar_one()) == 0)


def revision_of(engine: Engine) -> str:
    """Which tables the database has; empty where it has none of Vigil's."""
    return read(engine, lambda c: MigrationContext.configure(c).get_current_revision()) or ""


def _run(url: URL, program: str, *arguments: str) -> None:
    """The password is in the environment, where no list of processes shows it."""
    command = [_found(program), "--no-password", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, with arguments of our own
            command,
            env={**_own_environment(), **_environment(url)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROGRAM_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PortUnavailable(f"{program} took longer than {PROGRAM_S:.0f} s; try again") from error
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:_MOST_SAID]
        raise PortUnavailable(f"{program} failed: {said}; see whether server and program fit")


def _own_environment() -> dict[str, str]:
    """No setting of this process; but where libpq looks for a password file."""
    kept = {name: os.environ[name] for name in ("HOME", "PGPASSFILE") if name in os.environ}
    return {"PATH": os.defpath, **kept}


def _environment(url: URL) -> dict[str, str]:
    """What libpq reads instead of arguments."""
    asked = url.translate_connect_args(username="user", database="dbname")
    given = {**asked, **url.query}
    known = {
        option.keyword.decode(): option.envvar.decode()
        for option in Conninfo.get_defaults()
        if option.envvar
    }
    return {known[name]: str(value) for name, value in given.items() if name in known}


def _found(program: str) -> str:
    """The newest one that is installed: it dumps what older servers have as well."""
    debian = Path("/usr/lib/postgresql").glob(f"*/bin/{program}")
    newest = sorted(debian, key=lambda path: (len(path.parts[4]), path.parts[4]), reverse=True)
    found = str(newest[0]) if newest else shutil.which(program)
    if found is None:
        raise PermanentError(
            f"{program} is not installed, and a record in PostgreSQL is backed up with it; install "
            "PostgreSQL's client programs (apt-get install postgresql-client)"
        )
    return found
