"""Run the command of a probe: in a sandbox like any script's, and with nothing to act by.

It is asked for by its place and taken from this runner's own catalogue, so that a worker that was
taken over can have nothing else run. There is no broker behind its socket, no lock and no line in
the ledger, as there is nothing that it could begin.
"""

import asyncio
from pathlib import PurePosixPath

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import NotFound
from vigil.domain.probe import CommandProbe, ProbeRef
from vigil.domain.probes.command import FOLDER, MOST_FILE_BYTES, CommandEnd
from vigil.runner.isolation import Isolation, OwnFile, Script
from vigil.runner.sockets import listening
from vigil.runner.verbs.small_file import beginning_of

AT_ONCE = 2
"""Nobody who only looks may hold up a run that is under way."""


class Looking:
    """Runs the commands of the catalogue's probes."""

    def __init__(self, catalogue: Catalogue, isolation: Isolation) -> None:
        self._catalogue = catalogue
        self._isolation = isolation
        self._room = asyncio.Semaphore(AT_ONCE)

    async def look(self, ref: ProbeRef) -> CommandEnd:
        """Run one to its end.

        :raises NotFound: there is no such probe here, or no such file.
        :raises SandboxUnavailable: no safe sandbox can be made.
        """
        probe = self._probe(ref)
        async with self._room:
            files = await asyncio.to_thread(_copies, probe)
            confinement = await self._isolation.passed()
            with (
                self._isolation.doors.folder(confinement) as folder,
                # Nobody answers there: who calls the broker all the same waits for its time's end.
                listening(folder / "broker.sock", confinement.uid),
            ):
                script = Script(
                    text=probe.script,
                    wall_s=probe.timeout_s,
                    broker=folder / "broker.sock",
                    confinement=confinement,
                    files=files,
                )
                ended = await self._isolation.run(script, _unheard, asyncio.Event())
        return CommandEnd(ended=ended.end, exit_code=ended.exit_code, output=ended.output)

    def _probe(self, ref: ProbeRef) -> CommandProbe:
        service = self._catalogue.services.get(ref.service)
        probe = service.probes.get(ref.probe) if service else None
        if not isinstance(probe, CommandProbe):
            raise NotFound(
                f"the runner's catalogue has no command probe '{ref}'; "
                "start the runner with the worker's vigil.yaml"
            )
        return probe


def _copies(probe: CommandProbe) -> tuple[OwnFile, ...]:
    return tuple(
        OwnFile(path=str(PurePosixPath(FOLDER, name)), content=_content(path))
        for name, path in probe.files.items()
    )


def _content(path: str) -> bytes:
    try:
        content = beginning_of(path, MOST_FILE_BYTES + 1)
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror})") from error
    if len(content) > MOST_FILE_BYTES:
        raise NotFound(f"{path} is longer than {MOST_FILE_BYTES} bytes, too long to be copied")
    return content


def _unheard(_: str) -> None:
    """What it prints last is in how it ended."""
