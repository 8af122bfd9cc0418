"""What makes sandboxes on this machine: one promise, an adapter for each way to keep it."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import Field

from vigil.domain.plan import PeakUse
from vigil.domain.run import Health
from vigil.domain.value import Value
from vigil.runner.confinement import Confinement, Doors
from vigil.runner.limits import Limits
from vigil.runner.output import Hide, OnLine

PART = "sandbox"
"""What health is told of, whichever adapter answers."""


class End(StrEnum):
    """Why a sandbox ended."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    """Its wall time was over."""
    KILLED = "killed"
    """Somebody wanted it dead."""
    OUT_OF_MEMORY = "out_of_memory"
    """The kernel killed a process of it for its memory, and the script did not end well."""
    LOST = "lost"
    """It does not die, or what made it does not answer any more: nobody knows how far the script
    came."""


class Ended(Value):
    """How a sandbox ended, what it printed last and what it used at most."""

    end: End
    exit_code: int | None
    """Of the script; None where it did not come to its own end."""
    output: str
    seconds: float
    peak: PeakUse = PeakUse()


class OwnFile(Value):
    """A file that is made for one run and gone with it, such as a credential."""

    path: str
    """Where the script finds it: below /vigil/."""
    content: bytes = Field(repr=False)


class Script(Value):
    """A script with its bounds; the socket ``broker`` will be its only door."""

    text: str
    wall_s: float
    limits: Limits = Limits()
    broker: Path
    """In a folder that ``Isolation.doors`` made; the folder's name is that of the sandbox."""
    confinement: Confinement
    proxy: Path | None = None
    """Of raw grants: a second socket in the same folder, found at /vigil/proxy.sock."""
    files: tuple[OwnFile, ...] = ()
    hide: Hide = str
    """Takes credentials out of each line before anything else is done with it."""


class Isolation(Protocol):
    """Makes sandboxes.

    1. Isolated: a script sees its own text, ``vigil-do``, the broker's socket and the programs of
       the system, read-only; no network, no other process, no variable and no file of the host's.
       To the host's kernel it is ``Confinement.uid``, and that is never root.
    2. Limited: wall time, memory, processor, processes, files, scratch and output are bounded by
       ``Script.limits``, for the sandbox as a whole. Where that cannot be done, nothing runs.
    3. Recorded: the end is told as what it was, and ``Ended.peak`` says what was used; what cannot
       be known is None.
    4. Gone: when ``run`` returns or is cancelled, each process of the sandbox is dead and each
       file of it is gone; where that is not so, the end is told as ``LOST``. ``sweep`` removes
       what a runner left that was killed.
    """

    @property
    def doors(self) -> Doors:
        """Makes the folders in which brokers of its sandboxes listen."""
        ...

    async def health(self) -> Health:
        """Whether a safe sandbox can be made now, and if not what to do about it."""
        ...

    async def passed(self) -> Confinement:
        """The safest confinement that works here, because a sandbox was made and looked at.

        :raises SandboxUnavailable: there is none; the text carries the remedy.
        """
        ...

    async def run(self, script: Script, on_line: OnLine, kill: asyncio.Event) -> Ended:
        """Run it to its end; setting ``kill`` ends it at once. Each line is told as it comes.

        :raises SandboxUnavailable: it could not be started, so nothing of it was run.
        """
        ...

    async def sweep(self) -> None:
        """Remove what a killed runner of this state folder left; called before the first run."""
        ...
