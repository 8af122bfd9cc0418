"""One process of bubblewrap, from its start until everything in its sandbox is dead."""

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.value import Value
from vigil.runner.isolation import End, Script
from vigil.runner.output import OnLine, Tail, pump

_DEATH_S = 5.0
_LOST = b"[the sandbox was killed and did not die: nobody knows how far the script came]"


class FirstProcess:
    """The first process of a sandbox, which is the last one to die of it."""

    def __init__(self) -> None:
        self._told, self.telling = os.pipe()
        os.set_blocking(self._told, False)
        self._process: int | None = None
        self._held = {self._told, self.telling}

    def begun(self) -> None:
        """Close bubblewrap's end here, so that its silence is heard at the other."""
        self._close(self.telling)

    async def known(self) -> None:
        """Wait until bubblewrap has said which process it is, and take hold of it."""
        told = b""
        while chunk := await _read(self._told):
            told += chunk
        # Where nothing was told it died before it had made anything, and says why in its output.
        with contextlib.suppress(ValueError, KeyError, ProcessLookupError):
            self._process = os.pidfd_open(int(json.loads(told)["child-pid"]))
            self._held.add(self._process)

    async def dead(self) -> None:
        """Wait until the kernel has killed everything that was in its process namespace."""
        if self._process is not None:
            await _readable(self._process)

    def close(self) -> None:
        for descriptor in tuple(self._held):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self._held.remove(descriptor)
        os.close(descriptor)


@contextlib.contextmanager
def first_process() -> Iterator[FirstProcess]:
    """Forgotten afterwards."""
    made = FirstProcess()
    try:
        yield made
    finally:
        made.close()


class Start(Value):
    """What is started: bubblewrap's command line, and what it inherits."""

    words: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...]


async def lived(
    start: Start, first: FirstProcess, script: Script, on_line: OnLine, kill: asyncio.Event
) -> tuple[End, int | None, Tail]:
    """Start it and wait for its end, or bring it about.

    bubblewrap's death takes the first process of the sandbox with it (--die-with-parent), and the
    kernel then kills everything else in that process namespace, which takes it a moment. What does
    not die of it, because a device holds it, or an overloaded kernel, is lost.

    :raises SandboxUnavailable: it cannot be started.
    """
    process = await _started(start)
    first.begun()
    knowing = asyncio.create_task(first.known())
    try:
        end, tail = await _to_its_end(process, script, on_line, kill)
    except TimeoutError:
        end, tail = End.LOST, Tail(script.limits, script.hide)
    finally:
        if process.returncode is None:  # this task itself was cancelled
            process.kill()
        all_dead = await _all_dead(knowing, first)
    if end is End.LOST or not all_dead:
        tail.add(_LOST)
        return End.LOST, None, tail
    return end, process.returncode, tail


async def _all_dead(knowing: "asyncio.Task[None]", first: FirstProcess) -> bool:
    """Whether everything in the sandbox has died in time."""
    try:
        async with asyncio.timeout(_DEATH_S):
            await knowing
            await first.dead()
    except TimeoutError:
        return False
    return True


async def _started(start: Start) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *start.words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=start.environment,
            pass_fds=start.descriptors,
            cwd="/",
        )
    except OSError as refused:
        raise SandboxUnavailable(f"bubblewrap cannot be started: {refused}") from refused


async def _to_its_end(
    process: asyncio.subprocess.Process, script: Script, on_line: OnLine, kill: asyncio.Event
) -> tuple[End, Tail]:
    """:raises TimeoutError: it does not die, or its output does not end."""
    if process.stdout is None:
        raise SandboxUnavailable("the sandbox has no output pipe")
    reading = asyncio.create_task(pump(process.stdout, script.limits, on_line, script.hide))
    ending = asyncio.create_task(process.wait())
    killing = asyncio.create_task(kill.wait())
    try:
        await asyncio.wait(
            {ending, killing}, timeout=script.wall_s, return_when=asyncio.FIRST_COMPLETED
        )
        end = End.EXITED if ending.done() else End.KILLED if killing.done() else End.TIMED_OUT
        if not ending.done():
            process.kill()
        await asyncio.wait_for(ending, _DEATH_S)
        # Every process of the sandbox holds the pipe, unless it let go of it.
        return end, await asyncio.wait_for(reading, _DEATH_S)
    finally:
        killing.cancel()
        reading.cancel()


async def _read(descriptor: int) -> bytes:
    await _readable(descriptor)
    return os.read(descriptor, 4096)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
