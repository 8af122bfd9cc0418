"""Run the command of a probe, where it can do no harm."""

from typing import Protocol

from vigil.domain.probe import ProbeRef
from vigil.domain.probes.command import CommandEnd


class Commands(Protocol):
    """Runs commands that only look.

    1. A command is asked for by the place of its probe, and run as the catalogue of whoever runs it
       has it; what is not there is ``NotFound``. Nobody can have anything else run this way.
    2. It runs in a sandbox without network, grants and broker, which sees of the machine its
       programs and copies of the files that the probe names; so it changes nothing. A file that
       cannot be copied is ``NotFound``. Nothing is left of it, also on no record.
    3. It ends within the probe's time, and its end is told as what it was.
    4. Without a sandbox that is safe nothing runs: ``SandboxUnavailable``. Who does not answer is
       ``PortUnavailable``.
    """

    async def look(self, ref: ProbeRef) -> CommandEnd:
        """Run it once, to its end."""
        ...
