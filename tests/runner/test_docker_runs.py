"""A whole runner whose sandboxes are Docker's: orders in, calls at the broker, ends on record."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.runner.bench import Bench, Supervised, running, until
from tests.runner.test_raw_grants import CREDENTIAL, CURL, Target, free
from tests.support.docker_engine import DockerEngine, docker_engine

from vigil.domain.errors import PortUnavailable, SandboxUnavailable
from vigil.domain.plan import ActionResult, ActionStatus
from vigil.runner.ledger import Ledger
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file

pytestmark = pytest.mark.takes(30)

RUNNER = """
import sys
from pathlib import Path
from vigil.cli.logs import log_as_json
from vigil.cli.sandboxes import chosen
from vigil.domain.catalogue import Catalogue
from vigil.runner.main import run
from vigil.settings import load_settings
log_as_json()
catalogue = Catalogue.model_validate_json(Path(sys.argv[1]).read_text())
run(catalogue, Path(sys.argv[2]), isolate=chosen(load_settings()))
"""


class DockerBench(Bench):
    """A bench whose runner is told by its settings to use this engine."""

    def words(self, catalogue: Path) -> list[str]:
        return [sys.executable, "-c", RUNNER, str(catalogue), str(self.state)]

    def use(self, engine: Path) -> None:
        self.environment = {"VIGIL_SANDBOX": "docker", "DOCKER_HOST": f"unix://{engine}"}


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    with docker_engine() as started:
        yield started


@pytest.fixture
def mortal() -> Iterator[DockerEngine]:
    """One that a test may end."""
    with docker_engine() as started:
        yield started


@pytest.fixture
def bench(tmp_path: Path, supervised: Supervised, engine: DockerEngine) -> Iterator[DockerBench]:
    with closing(DockerBench(tmp_path, supervised)) as made:
        made.use(engine.socket)
        yield made


async def begun(words: str, asking: "asyncio.Task[ActionResult]") -> None:
    """The script has come to this; a machine that does much else may take its time."""
    await until(lambda: asking.done() or bool(running(words)), seconds=60)
    assert not asking.done(), asking.result()


async def test_judged_calls_are_done_and_its_use_is_on_record(bench: DockerBench) -> None:
    bench.start()
    assert "root on this machine" in (await bench.sandbox.health()).text
    done = await bench.do(bench.to("one"))
    assert done.status is ActionStatus.SUCCEEDED
    assert [call.allowed for call in done.calls] == [True]
    assert bench.current == "one"
    assert done.peak.memory_bytes is not None
    unjudged = await bench.do(f"x=vigil-do; $x release.switch release {bench.digests['two']}")
    assert (unjudged.status, unjudged.exit_code) == (ActionStatus.FAILED, 77)
    assert bench.current == "one"


async def test_a_raw_grant_leads_to_its_place_and_to_no_other(
    bench: DockerBench, tmp_path: Path
) -> None:
    kept = tmp_path / "token"
    kept.write_text(CREDENTIAL)
    with closing(Target()) as target:
        bench.raw_grants = {
            "admin": {"host": "127.0.0.1", "port": target.port, "credential_file": str(kept)}
        }
        bench.start()
        script = (
            f'{CURL} -H "Authorization: $(cat /vigil/credentials/admin)" '
            f"http://127.0.0.1:{target.port}/\n"
            f"curl -sS --noproxy '*' -m 3 http://127.0.0.1:{target.port}/ 2>&1 || true\n"
            "(: < /dev/tcp/192.0.2.1/80) 2>&1 || true"
        )
        result = await bench.run(free(bench, script, "admin"))
    assert result.status is ActionStatus.SUCCEEDED, result.output
    assert result.output.startswith("hello")
    assert "Couldn't connect" in result.output
    assert "unreachable" in result.output
    assert [CREDENTIAL in head for head in target.heads] == [True]
    assert [call.call.verb for call in result.calls] == ["connect"]


async def test_a_runner_that_is_killed_does_nothing_twice(bench: DockerBench) -> None:
    bench.start()
    before = bench.supervised.starts("web-1")
    order = bench.order("vigil-do process.restart restart web-1\nsleep 2.17")
    asking = asyncio.create_task(bench.run(order))
    await begun("sleep 2.17", asking)
    bench.kill()
    with pytest.raises(PortUnavailable, match="same run key"):
        await asking
    bench.start()
    again = await bench.run(order)
    assert again.status is ActionStatus.SUCCEEDED
    assert [call.repeated for call in again.calls] == [True]
    assert bench.supervised.starts("web-1") == before + 1


async def test_when_the_engine_dies_its_end_is_uncertain_and_stays_so(
    bench: DockerBench, mortal: DockerEngine
) -> None:
    bench.use(mortal.socket)
    bench.start()
    order = bench.order(f"{bench.to('one')}\nsleep 31.5")
    asking = asyncio.create_task(bench.run(order))
    await begun("sleep 31.5", asking)
    mortal.die()
    async with asyncio.timeout(60):
        lost = await asking
    assert lost.status is ActionStatus.UNCERTAIN
    assert [call.allowed for call in lost.calls] == [True]
    assert "nobody knows how far" in lost.output
    with closing(Ledger(in_file(bench.state / LEDGER))) as ledger:
        assert all(effect.outcome for effect in ledger.effects_of(order.run_key))
    assert await bench.run(order) == lost


async def test_stop_now_ends_it(bench: DockerBench) -> None:
    bench.start()
    asking = asyncio.create_task(bench.do("sleep 31.6"))
    await begun("sleep 31.6", asking)
    bench.switch(stopped=True, now=True)
    async with asyncio.timeout(40):
        assert (await asking).status is ActionStatus.STOPPED
    assert not running("sleep 31.6")


async def test_without_an_engine_nothing_is_run_and_nothing_else_is_tried(
    bench: DockerBench, tmp_path: Path
) -> None:
    bench.use(tmp_path / "nowhere.sock")
    bench.start()
    health = await bench.sandbox.health()
    assert not health.ok
    assert "DOCKER_HOST" in str(health.remedy)
    with pytest.raises(SandboxUnavailable, match="no Docker engine answers"):
        await bench.do(bench.to("one"))
    assert bench.current == "two"
    assert bench.sandboxes() == []
