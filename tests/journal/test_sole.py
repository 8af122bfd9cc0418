"""A record in SQLite belongs to one process at a time; one in PostgreSQL to as many as want it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vigil.domain.errors import LockHeld, SettingsError
from vigil.integrations._clients.database import only_process, open_engine

REFUSED = r"another Vigil works on .*vigil\.sqlite.*VIGIL_DATABASE_URL"
HOLDER = """
import sys
from vigil.integrations._clients.database import only_process

with only_process(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(url: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that works on the record."""
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_with_the_reason_and_the_remedy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    (tmp_path / "other").symlink_to(tmp_path)
    by_another_name = f"sqlite:///{tmp_path / 'other' / 'vigil.sqlite'}"
    with held(url) as other:
        for name in (url, by_another_name):
            with pytest.raises(LockHeld, match=REFUSED), only_process(name):
                pytest.fail("two at once")
        open_engine(url).dispose()
        other.kill()
        other.wait()
        with only_process(url):
            pass
    assert (tmp_path / "vigil.sqlite.lock").stat().st_mode & 0o777 == 0o600


def test_records_of_one_folder_are_apart(tmp_path: Path) -> None:
    one, two = (f"sqlite:///{tmp_path / name}" for name in ("one.sqlite", "two.sqlite"))
    with held(one), only_process(two):
        pass


def test_a_place_that_cannot_be_locked_is_a_mistake_in_the_settings() -> None:
    nowhere = only_process("sqlite:////proc/x/vigil.sqlite")
    with pytest.raises(SettingsError, match="cannot be locked"), nowhere:
        pytest.fail("locked")


def test_postgres_is_shared(postgres_url: str) -> None:
    with held(postgres_url), only_process(postgres_url):
        pass


def test_opening_it_once_more_leaves_the_locks_that_this_process_has(tmp_path: Path) -> None:
    """Whoever closes a file loses this process's locks on it (POSIX), and with them the protection
    of the write-ahead log from a passer-by who believes to be the last one out.
    """
    url = f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    open_engine(url).dispose()
    passer_by = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM t')"
    )
    command = [sys.executable, "-c", f"{passer_by}; c.close()", str(tmp_path / "vigil.sqlite")]
    subprocess.run(command, check=True)
    assert (tmp_path / "vigil.sqlite-wal").exists()
    engine.dispose()
