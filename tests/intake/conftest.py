"""A desk for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.intake.desk import Desk, open_desk


@pytest.fixture
def any_desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """On each database."""
    made = open_desk(tmp_path, database_url)
    yield made
    made.record.engine.dispose()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = open_desk(tmp_path)
    yield made
    made.record.engine.dispose()
