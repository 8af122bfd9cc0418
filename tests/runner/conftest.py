import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runner.bench import Bench, Supervised


@pytest.fixture(scope="session")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed, and without a sandbox nothing runs")
    made = Supervised(tmp_path_factory.mktemp("s"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, supervised: Supervised) -> Iterator[Bench]:
    """One running runner for tests that leave it as it was."""
    made = Bench(tmp_path_factory.mktemp("shared"), supervised)
    made.start()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path: Path, supervised: Supervised) -> Iterator[Bench]:
    """A runner of one's own, not started yet."""
    made = Bench(tmp_path, supervised)
    yield made
    made.close()
