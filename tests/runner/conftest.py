import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runner.bench import Bench, Supervised
from tests.runner.hosts import KINDS, Host, Kind, attacked


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


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """What is attacked, once for each adapter and each user who may hold it."""
    kind: Kind = request.param
    if kind.missing:
        pytest.skip(f"{kind.name}: {kind.missing}")
    with attacked(kind) as made:
        yield made
