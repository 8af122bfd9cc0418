"""One Lightpanda as a process of its own: started with nothing, bounded, gone when this one is."""

import asyncio
import contextlib
import resource
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from vigil.children import tied_to_us
from vigil.integrations._clients.scratch import Scratch

START_S = 6.0
POLL_S = 0.02
RESPONSE_BYTES = 16 * 1024**2
REQUEST_MS = 15_000


class NotStarted(Exception):
    """The browser could not be started; says why and what to do."""


@dataclass(frozen=True)
class Bounds:
    """What one browser may take, for all of its pages together unless it says otherwise."""

    watchdog_s: float
    """How long a script may run without letting anything else be done."""
    connections: int
    """One for each page; what a page that was given up holds on to counts as well."""
    data_bytes: int
    """Of memory that it may ask for. A page that wants more is refused it, and the others live."""
    heap_mb: int
    """Of one page's scripts."""


class Lightpanda:
    """The process. Its socket is in a folder that only its owner can enter, as CDP asks nobody who
    they are.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._process: asyncio.subprocess.Process | None = None
        self._folder: Scratch | None = None
        self._closed = False
        self._turn = asyncio.Lock()
        self._socket = Path()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def socket(self) -> Path:
        """Where it listens; started when it does not run. ``NotStarted``."""
        async with self._turn:
            if self._closed:
                raise NotStarted("Vigil is ending")
            if self.pid is None:
                await self._end()
                await self._start()
            return self._socket

    async def close(self) -> None:
        """End it for good, and wait until it is gone."""
        self._closed = True
        async with self._turn:
            await self._end()

    async def _start(self) -> None:
        program = binary()
        self._folder = Scratch()
        self._socket = self._folder.path / "cdp.sock"
        try:
            process = await asyncio.create_subprocess_exec(
                *tied_to_us("KILL"),
                *(str(program), "serve", "--unix-socket", str(self._socket)),
                *("--watchdog-ms", str(round(self._bounds.watchdog_s * 1000))),
                *("--v8-max-heap-mb", str(self._bounds.heap_mb)),
                *("--http-max-response-size", str(RESPONSE_BYTES)),
                *("--http-timeout", str(REQUEST_MS)),
                *("--cdp-max-connections", str(self._bounds.connections)),
                *("--cdp-max-pending-connections", str(self._bounds.connections)),
                # What a stylesheet hides cannot be clicked, here as for a user.
                *("--load-resources", "stylesheet"),
                *("--disable-metrics", "--log-level", "fatal"),
                # No secret of this process, no proxy and no home to write to.
                env={"LIGHTPANDA_DISABLE_TELEMETRY": "true"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                # Ctrl-C is for this process, which then ends the browser in order.
                start_new_session=True,
            )
        except OSError as error:
            raise NotStarted(f"{program} could not be started: {error.strerror}") from error
        self._process = process
        self._limit(process.pid)
        await self._until_it_listens(process, program)

    def _limit(self, pid: int) -> None:
        """Set from outside, so that it holds whatever is started there next."""
        most = self._bounds.data_bytes
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))

    async def _until_it_listens(self, process: asyncio.subprocess.Process, program: Path) -> None:
        try:
            async with asyncio.timeout(START_S):
                while process.returncode is None:
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_unix_connection(self._socket)
                        writer.transport.abort()
                        return
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            process.kill()
            raise NotStarted(
                f"{program} did not listen within {START_S:.0f} s; run `{program} serve` to see why"
            ) from None
        raise NotStarted(
            f"{program} ended with {process.returncode} at its start; run `{program} serve` to "
            "see why"
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None


def binary() -> Path:
    """The browser that the package lightpanda brings; ``NotStarted`` where there is none."""
    package = find_spec("lightpanda")
    if package is None or package.origin is None:
        raise NotStarted("the package 'lightpanda' is not installed; install it")
    program = Path(package.origin).with_name("lightpanda")
    if not program.exists():
        raise NotStarted(f"{program} is missing; install the package 'lightpanda' again")
    return program
