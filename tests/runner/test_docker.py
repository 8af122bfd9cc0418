"""What is Docker's own among sandboxes; what all adapters promise is tried by ``test_attacks``."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.runner.bench import running, until
from tests.support.docker_engine import DockerEngine, docker_engine

from vigil.domain.errors import SandboxUnavailable
from vigil.runner.confinement import SANDBOX_UID, Doors
from vigil.runner.docker.container import LABEL, container, place
from vigil.runner.docker.course import Course
from vigil.runner.docker.engine import Listed, connected
from vigil.runner.docker.image import image, layout
from vigil.runner.docker.sandboxes import Docker, abandoned, confinements
from vigil.runner.docker.wire import wired
from vigil.runner.isolation import End, Ended, OwnFile, Script
from vigil.runner.limits import MIB, Limits
from vigil.runner.programs import interpreter
from vigil.runner.sockets import listening

pytestmark = pytest.mark.takes(25)

# Another for each test process, as several may run at once.
MARK = f"sleep {70_000_000 + os.getpid()}"
CALL_S = 5.0

# A runner in the middle of a run, which is about to be killed.
ABANDONED = """
import asyncio
from pathlib import Path
from vigil.runner.confinement import Doors
from vigil.runner.docker.sandboxes import Docker, abandoned, confinements
from vigil.runner.isolation import Script

async def main():
    docker = Docker(Doors(Path("{}")), Path("{}"))
    [confinement] = confinements()
    with docker.doors.folder(confinement) as folder:
        broker = folder / "broker.sock"
        broker.touch()
        script = Script(text="{}", wall_s=600, broker=broker, confinement=confinement)
        await docker.run(script, print, asyncio.Event())

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    with docker_engine() as started:
        yield started


@pytest.fixture
def docker(engine: DockerEngine, tmp_path: Path) -> Iterator[Docker]:
    made = Docker(Doors(tmp_path / "runs"), engine.socket)
    made.doors.sweep()
    yield made
    made.doors.sweep()


@asynccontextmanager
async def script(docker: Docker, text: str, wall_s: float = 20.0) -> AsyncIterator[Script]:
    """One whose broker listens and answers nobody."""
    [confinement] = confinements()
    with docker.doors.folder(confinement) as folder:
        broker = folder / "broker.sock"
        with listening(broker, confinement.uid):
            yield Script(text=text, wall_s=wall_s, broker=broker, confinement=confinement)


async def do(docker: Docker, text: str, wall_s: float = 20.0) -> Ended:
    async with script(docker, text, wall_s) as made:
        return await docker.run(made, lambda _: None, asyncio.Event())


async def containers(engine: DockerEngine) -> list[Listed]:
    async with connected(engine.socket) as asked:
        return list(await asked.labelled(LABEL))


def alive() -> bool:
    return bool(running(MARK))


async def test_it_is_sound_and_says_whose_power_it_has(docker: Docker) -> None:
    health = await docker.health()
    assert health.ok, health
    assert "is root on this machine" in health.text
    assert (await docker.passed()).uid == SANDBOX_UID


async def test_the_image_is_made_here_and_made_again_when_it_is_gone(
    engine: DockerEngine, docker: Docker
) -> None:
    assert (await do(docker, "true")).exit_code == 0
    async with connected(engine.socket) as asked:
        found = await image(asked, layout())
        assert found == await image(asked, layout())
    async with wired(engine.socket) as wire:
        await wire.call("DELETE", f"/images/{found}")
        assert await wire.look("GET", f"/images/{found}/json") is None
    assert (await do(docker, "echo again")).output == "again"


async def test_nothing_of_a_run_is_in_what_the_engine_tells_of_it(
    engine: DockerEngine, docker: Docker
) -> None:
    """Whoever may ask the engine sees arguments, variables and labels of all containers."""
    async with script(docker, f"cat /vigil/secrets/key; {MARK} # hunter2-in-the-script") as made:
        key = OwnFile(path="/vigil/secrets/key", content=b"hunter2-in-a-file\n")
        kill, lines = asyncio.Event(), list[str]()
        running = asyncio.create_task(
            docker.run(made.model_copy(update={"files": (key,)}), lines.append, kill)
        )
        await until(lambda: lines == ["hunter2-in-a-file"], seconds=60)
        async with wired(engine.socket) as wire:
            told = await wire.call("GET", f"/containers/{made.broker.parent.name}/json")
            logs = f"/containers/{made.broker.parent.name}/logs"
            with pytest.raises(SandboxUnavailable, match="not support reading"):
                await wire.call("GET", logs, params={"stdout": "1"})
        kill.set()
        assert (await running).end is End.KILLED
    assert b"hunter2" not in told
    limits = json.loads(told)["HostConfig"]
    assert (limits["NanoCpus"], limits["PidsLimit"]) == (1_000_000_000, Limits().processes + 1)
    assert json.loads(told)["Config"]["Env"] == [
        "PATH=/vigil/bin:/usr/bin:/bin",
        "HOME=/tmp",
        "LC_ALL=C.UTF-8",
    ]


async def test_the_end_is_told_as_what_it_was(docker: Docker) -> None:
    failed, own_kill, too_long, too_much = await asyncio.gather(
        do(docker, "exit 7"),
        do(docker, "kill -9 $$"),
        do(docker, f"trap '' TERM; {MARK}", wall_s=2.0),
        do(docker, "head -c 2G /dev/zero | tail"),
    )
    assert (failed.end, failed.exit_code) == (End.EXITED, 7)
    assert (own_kill.end, own_kill.exit_code) == (End.EXITED, 137)
    assert (too_long.end, too_long.exit_code) == (End.TIMED_OUT, None)
    assert (too_much.end, too_much.exit_code) == (End.OUT_OF_MEMORY, None)
    assert too_much.peak.memory_bytes is not None
    assert Limits().memory_bytes - MIB <= too_much.peak.memory_bytes <= Limits().memory_bytes
    assert too_long.peak.cpu_s is not None
    assert 0 < too_long.peak.cpu_s < 2


async def test_a_script_that_survives_a_lack_of_memory_has_not_failed(docker: Docker) -> None:
    ended = await do(docker, "(head -c 2G /dev/zero | tail) || echo survived")
    assert (ended.end, ended.exit_code) == (End.EXITED, 0)
    assert ended.output.endswith("survived")


async def test_nothing_is_left_of_a_run_however_it_ends(
    engine: DockerEngine, docker: Docker
) -> None:
    await do(docker, f"setsid {MARK} >/dev/null 2>&1 & disown")
    await do(docker, f"setsid {MARK} >/dev/null 2>&1 & {MARK}", wall_s=1.5)
    async with script(docker, MARK) as made:
        cancelled = asyncio.create_task(docker.run(made, lambda _: None, asyncio.Event()))
        await until(alive, seconds=60)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
    assert not alive()
    assert await containers(engine) == []
    assert engine.groups() == []


async def test_it_ends_with_its_runner_and_the_next_one_sweeps(
    engine: DockerEngine, docker: Docker, tmp_path: Path
) -> None:
    runner = ABANDONED.format(tmp_path / "runs", engine.socket, MARK)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", runner)
    await until(alive, seconds=60)
    process.kill()
    await process.wait()
    await until(lambda: not alive(), seconds=60)
    [left] = await containers(engine)
    assert left.labels == {LABEL: docker.doors.prefix}
    assert len(docker.doors.left(confinements()[0])) == 1
    await Docker(Doors(tmp_path / "others"), engine.socket).sweep()
    assert [found.id for found in await containers(engine)] == [left.id]
    await docker.sweep()
    assert await containers(engine) == []
    assert docker.doors.left(confinements()[0]) == []


async def test_it_is_lost_when_the_engine_dies(tmp_path: Path) -> None:
    with docker_engine() as dying:
        docker = Docker(Doors(tmp_path / "runs"), dying.socket)
        docker.doors.sweep()
        running = asyncio.create_task(do(docker, f"echo begun; {MARK}", wall_s=60.0))
        await until(alive, seconds=60)
        dying.die()
        async with asyncio.timeout(60):
            ended = await running
    assert (ended.end, ended.exit_code) == (End.LOST, None)
    assert ended.output.splitlines()[0] == "begun"
    assert "nobody knows how far" in ended.output
    assert not alive()


async def test_it_is_bounded_when_the_engine_stands_still(tmp_path: Path) -> None:
    with docker_engine() as still:
        docker = Docker(Doors(tmp_path / "runs"), still.socket, call_s=CALL_S)
        docker.doors.sweep()
        async with script(docker, MARK) as made:
            kill = asyncio.Event()
            running = asyncio.create_task(docker.run(made, lambda _: None, kill))
            await until(alive, seconds=60)
            with still.frozen():
                kill.set()
                # What process 1 is given to end, and one call that nobody answers.
                async with asyncio.timeout(5.0 + CALL_S + 20.0):
                    assert (await running).end is End.LOST


async def test_an_engine_that_is_too_slow_begins_nothing(
    engine: DockerEngine, docker: Docker
) -> None:
    async with script(docker, MARK) as made, connected(engine.socket) as asked:
        shown, python = layout(), interpreter()
        place(made, python)
        spec = container(made, await image(asked, shown), shown, python, 60.0, asked.api)
        course = Course(asked, made, time.monotonic() - 60.0)
        with pytest.raises(SandboxUnavailable, match="nothing was run"):
            await course.run(spec, lambda _: None, asyncio.Event())
    assert not alive()
    assert await containers(engine) == []


@pytest.mark.parametrize(
    ("state", "age_s", "expected"),
    [("exited", 7200, True), ("exited", 60, False), ("running", 7200, False)],
)
def test_what_nobody_will_come_back_for_is_swept_by_anybody(
    state: str, age_s: int, *, expected: bool
) -> None:
    known = {"Id": "a" * 64, "State": state, "Created": int(time.time()) - age_s, "Labels": {}}
    assert abandoned(Listed.model_validate(known)) == expected
