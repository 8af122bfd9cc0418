import shutil
from collections.abc import Iterator

import pytest
from tests.hostile.stage import Target
from tests.runner.bench import Supervised


@pytest.fixture(scope="session")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed, and without a sandbox nothing runs")
    made = Supervised(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory, supervised: Supervised) -> Iterator[Target]:
    """One running runner for all attacks: each of them must leave it as it was."""
    made = Target(tmp_path_factory.mktemp("target"), supervised)
    made.start()
    yield made
    made.close()
