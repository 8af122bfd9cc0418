"""The browsers that a swarm shares: started together, ended together."""

import asyncio
import resource
from typing import Protocol, Self

from vigil.integrations._clients.lightpanda import Bounds, Lightpanda
from vigil.integrations.swarm.link import Link

WATCHDOG_S = 10.0
HEAP_MB = 64
DATA_BYTES, DATA_BYTES_EACH = 512 * 1024**2, 32 * 1024**2
"""What a browser may ask for: its own, and for each session. It asks for some ten times of what it
then uses, as each session has a thread and a heap; what is used is watched apart.
"""
SPARE_CONNECTIONS = 16
LATE_S = 0.2
FILES_EACH = 2
"""Open files of this process for each session, and some to spare."""


class Browsers(Protocol):
    """Where the sessions of one swarm have their pages."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Of those that run."""
        ...

    async def link(self, number: int) -> Link:
        """A connection for the session of this number; ``Gone``, ``NotStarted``."""
        ...

    async def lives(self, number: int) -> bool:
        """Whether the browser of this session still runs."""
        ...


class Pool:
    """Lightpandas of one swarm, each with its share of the sessions."""

    def __init__(self, processes: int, sessions: int) -> None:
        each = -(-sessions // processes)
        bounds = Bounds(
            watchdog_s=WATCHDOG_S,
            connections=each + SPARE_CONNECTIONS,
            data_bytes=DATA_BYTES + each * DATA_BYTES_EACH,
            heap_mb=HEAP_MB,
        )
        self._sessions = sessions
        self._pids: dict[int, int | None] = {}
        self._browsers = [Lightpanda(bounds) for _ in range(min(processes, sessions))]

    async def __aenter__(self) -> Self:
        """Start all of them; ``NotStarted``, and then none is left."""
        _allow_files(self._sessions * FILES_EACH)
        try:
            await asyncio.gather(*(browser.socket() for browser in self._browsers))
        except BaseException:  # Ctrl-C included: those that were started so far are ended
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all of them, also when told to hurry."""
        await self._close()

    @property
    def pids(self) -> tuple[int, ...]:
        """Of those that run."""
        return tuple(browser.pid for browser in self._browsers if browser.pid is not None)

    async def link(self, number: int) -> Link:
        """A connection for the session of this number; a browser that has ended is started again.
        ``Gone``, ``NotStarted``.
        """
        browser = self._of(number)
        socket = await browser.socket()
        self._pids[number] = browser.pid
        return await Link.to_socket(socket)

    async def lives(self, number: int) -> bool:
        """Whether the browser of this session still runs, a moment later: its end is heard late.

        Another session may have had it started again meanwhile.
        """
        await asyncio.sleep(LATE_S)
        pid = self._of(number).pid
        return pid is not None and self._pids.get(number) == pid

    def _of(self, number: int) -> Lightpanda:
        return self._browsers[number % len(self._browsers)]

    async def _close(self) -> None:
        # Shielded: who cancels the swarm wants no browser left either.
        await asyncio.shield(asyncio.gather(*(browser.close() for browser in self._browsers)))


def _allow_files(more: int) -> None:
    """Let this process have so many open files more, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1024 + more
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
