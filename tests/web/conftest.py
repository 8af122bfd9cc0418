"""A Vigil on a real loopback socket for each test that asks for one."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.record import open_record
from tests.web.house import House, served


@pytest.fixture(scope="session")
def empty_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated record, made once and copied, as migrating takes longer than most tests."""
    directory = tmp_path_factory.mktemp("record")
    open_record(directory).engine.dispose()
    return directory


@pytest.fixture
async def house(tmp_path: Path, empty_record: Path) -> AsyncIterator[House]:
    shutil.copytree(empty_record, tmp_path, dirs_exist_ok=True)
    async with served(tmp_path) as made:
        yield made
