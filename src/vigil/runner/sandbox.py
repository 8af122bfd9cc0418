"""Run one script in a sandbox to its end, or to its limit, and leave nothing of it."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.value import Value
from vigil.runner.bubblewrap import Descriptors, Interpreter, command, interpreter, launcher_text
from vigil.runner.cgroup import group
from vigil.runner.confinement import Confinement
from vigil.runner.limits import Limits
from vigil.runner.output import OnLine, Tail, pump
from vigil.runner.seccomp import filter_program, in_memory

CLIENT_SOURCE = Path(__file__).with_name("vigil_do.py")
_DEATH_S = 5.0


class End(StrEnum):
    """Why a sandbox ended."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    KILLED = "killed"


class Ended(Value):
    """How a sandbox ended and what it printed last."""

    end: End
    exit_code: int | None
    output: str
    seconds: float


class Script(Value):
    """A script with its bounds; the socket ``broker`` will be its only door."""

    text: str
    wall_s: float
    limits: Limits = Limits()
    broker: Path
    confinement: Confinement


@contextlib.contextmanager
def _descriptors(script: str, python: Interpreter) -> Iterator[Descriptors]:
    contents = {
        "seccomp": filter_program(),
        "script": script.encode(),
        "client": CLIENT_SOURCE.read_bytes(),
        "launcher": launcher_text(python).encode(),
    }
    made: dict[str, int] = {}
    try:
        for name, content in contents.items():
            made[name] = in_memory(name, content)
        yield Descriptors(**made)
    finally:
        for descriptor in made.values():
            os.close(descriptor)


async def run_script(script: Script, on_line: OnLine, kill: asyncio.Event) -> Ended:
    """Run it; setting ``kill`` ends it at once.

    When this returns, every process of the sandbox is dead and every file of it is gone.

    :raises SandboxUnavailable: where bubblewrap or the filter is missing.
    """
    python = interpreter()
    started = time.monotonic()
    async with group(script.broker.parent.name, script.limits) as limited:
        with _descriptors(script.text, python) as descriptors:
            words = command(script.limits, descriptors, python, script.broker)
            words, environment = limited.joining([*script.confinement.prefix, *words])
            process = await _started(words, environment, descriptors)
            end, tail = await _to_its_end(process, script, on_line, kill)
    code = process.returncode if end is End.EXITED else None
    return Ended(
        end=end, exit_code=code, output=tail.text, seconds=round(time.monotonic() - started, 3)
    )


async def _started(
    words: list[str], environment: Mapping[str, str], descriptors: Descriptors
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            pass_fds=descriptors.all,
            cwd="/",
        )
    except OSError as refused:
        raise SandboxUnavailable(f"bubblewrap cannot be started: {refused}") from refused


async def _to_its_end(
    process: asyncio.subprocess.Process, script: Script, on_line: OnLine, kill: asyncio.Event
) -> tuple[End, Tail]:
    if process.stdout is None:
        raise SandboxUnavailable("the sandbox has no output pipe")
    reading = asyncio.create_task(pump(process.stdout, script.limits, on_line))
    ending = asyncio.create_task(process.wait())
    killing = asyncio.create_task(kill.wait())
    try:
        await asyncio.wait(
            {ending, killing}, timeout=script.wall_s, return_when=asyncio.FIRST_COMPLETED
        )
        end = End.EXITED if ending.done() else End.KILLED if killing.done() else End.TIMED_OUT
        return end, await _buried(process, ending, reading)
    finally:
        killing.cancel()
        if process.returncode is None:  # this task itself was cancelled
            process.kill()


async def _buried(
    process: asyncio.subprocess.Process,
    ending: "asyncio.Task[int]",
    reading: "asyncio.Task[Tail]",
) -> Tail:
    """Kill what is left and wait until the last process has let go of the pipe.

    bubblewrap's death takes process 1 of the sandbox with it (--die-with-parent), and the kernel
    then kills everything else in that process namespace.
    """
    if not ending.done():
        process.kill()
    await asyncio.wait_for(ending, _DEATH_S)
    return await asyncio.wait_for(reading, _DEATH_S)
