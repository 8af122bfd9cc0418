"""What tests of many folders ask for: the databases that Vigil's record may be in."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from tests.support.databases import PostgresServer, place_migrated
from tests.support.programs import postgres

from vigil.model_settings import ModelSettings

pytest_plugins = ["tests.support.scheduling"]

# How long an example takes is the machine's doing, and these are shared. The same examples each
# time, so that a change is judged by itself; `make test TESTS=--hypothesis-profile=explore` looks
# for others.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("same")

# Whatever key whoever runs the tests has in the environment: no test asks anybody's real model.
for name in ModelSettings.model_fields:
    os.environ.pop(name.upper(), None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests of a process, started when the first one asks."""
    with postgres() as dsn:
        server = PostgresServer(dsn)
        yield server
        server.close()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The server's own database, for tests that keep nothing in it."""
    return postgres_server.url()


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A new database without a table."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def postgres_record_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with Vigil's tables, with nothing in them."""
    with postgres_server.record() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where Vigil's record is, migrated and with nothing in it."""
    if request.param == "sqlite":
        place_migrated(tmp_path / "vigil.sqlite")
        return f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    url: str = request.getfixturevalue("postgres_record_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a record may come to be, before anything was done there."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first: last, each would keep the other workers waiting.

    Those before which all other labs have to end come before them.
    """

    def length(item: pytest.Item) -> tuple[bool, float, bool]:
        takes = item.get_closest_marker("takes")
        seconds = takes.args[0] if takes else 0
        undisturbed = item.get_closest_marker("undisturbed") is not None
        return undisturbed, seconds, item.get_closest_marker("lab") is not None

    items.sort(key=length, reverse=True)
