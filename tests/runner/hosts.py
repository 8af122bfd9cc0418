"""The attacked: each way to make sandboxes, under each user that it is promised for."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support import docker_engine
from tests.support.docker_engine import DockerEngine

import vigil
from vigil.domain.run import Health
from vigil.runner.bubblewrap.cgroup_places import HOST
from vigil.runner.confinement import Doors, choices
from vigil.runner.isolation import Ended
from vigil.runner.limits import Limits
from vigil.runner.main import RUNS

SECRET = "hunter2-of-the-host"
ORDINARY_UID = 65_431
"""Debian leaves it to nobody, and Vigil's own sandboxes are another."""
ANSWER_S = 60.0
_REPOSITORY = Path(__file__).parents[2]
_LIBRARIES = (Path(vigil.__file__).parents[1], *(p for p in map(Path, sys.path) if p.is_dir()))


@dataclass(frozen=True)
class Kind:
    """An adapter, and the user who holds it."""

    adapter: str
    ordinary: bool

    @property
    def name(self) -> str:
        return f"{self.adapter} as {'an ordinary user' if self.ordinary else 'root'}"

    @property
    def missing(self) -> str | None:
        """Why it cannot be attacked here."""
        if os.geteuid() != 0:
            return "only root can start a host as either user"
        if self.adapter == "docker" and (reason := docker_engine.missing()):
            return reason
        if self.adapter == "bubblewrap" and shutil.which("bwrap") is None:
            return "bubblewrap is not installed"
        look = self.words("-c", "import vigil")
        if self.ordinary and subprocess.run(look, env=_ENV, check=False).returncode:
            return "an ordinary user cannot read Vigil here"
        return None

    def words(self, *python: str) -> list[str]:
        if not self.ordinary:
            return [sys.executable, *python]
        # The test's own interpreter may be below a home that is closed to others.
        of_the_system = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
        uid = str(ORDINARY_UID)
        user = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--"]
        return [*user, of_the_system if Path(of_the_system).exists() else sys.executable, *python]


_ENV = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(map(str, (_REPOSITORY, *_LIBRARIES))),
    "PLANTED_SECRET": SECRET,
}
KINDS = (
    Kind(adapter="bubblewrap", ordinary=False),
    Kind(adapter="bubblewrap", ordinary=True),
    Kind(adapter="docker", ordinary=False),
    Kind(adapter="docker", ordinary=True),
)


@dataclass(frozen=True)
class Attacked:
    """What became of a script."""

    ended: Ended
    lines: tuple[str, ...]

    @property
    def output(self) -> str:
        return self.ended.output


@dataclass(frozen=True)
class Running:
    """A script that was begun."""

    _end: "Future[Attacked]"
    kill: Callable[[], None]
    """As the stop switch does."""

    def done(self) -> bool:
        return self._end.done()

    def result(self) -> Attacked:
        return self._end.result(ANSWER_S)


class Host:
    """A process that makes sandboxes; what it is asked for runs side by side."""

    def __init__(self, kind: Kind, state: Path, engine: DockerEngine | None = None) -> None:
        self.kind = kind
        self.state = state
        self._engine = engine
        if kind.ordinary:
            os.chown(state, ORDINARY_UID, ORDINARY_UID)
        words = kind.words("-m", "tests.runner.attack_host", kind.adapter, str(state))
        environment = {**_ENV, "DOCKER_HOST": f"unix://{engine.socket}"} if engine else _ENV
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            words, stdin=pipe, stdout=pipe, env=environment, text=True, cwd="/"
        )
        self._waiting: dict[int, Future[Attacked]] = {}
        self._reader = Thread(target=self._read)
        self._ready = Future[dict[str, Any]]()
        self._reader.start()

    @property
    def health(self) -> Health:
        return Health.model_validate(self._ready.result(ANSWER_S)["health"])

    @property
    def uid(self) -> int:
        """Of its sandboxes, to the kernel of the host."""
        uid = self._ready.result(ANSWER_S)["uid"]
        assert isinstance(uid, int), self.health
        return uid

    @property
    def grouped(self) -> bool:
        """Whether a control group bounds a sandbox as a whole."""
        return self.kind.adapter == "docker" or (
            not self.kind.ordinary and HOST.version is not None
        )

    @property
    def limits(self) -> Limits:
        """Those that its sandboxes have."""
        return Limits() if self.grouped else Limits().without_group()

    def begin(self, script: str, *, wall_s: float = 20.0) -> Running:
        number = len(self._waiting)
        self._waiting[number] = Future[Attacked]()
        self._ask(id=number, text=script, wall_s=wall_s)
        return Running(self._waiting[number], partial(self._ask, id=number, kill=True))

    def do(self, script: str, *, wall_s: float = 20.0) -> Attacked:
        return self.begin(script, wall_s=wall_s).result()

    def _ask(self, **order: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            answer = json.loads(line)
            if "health" in answer:
                self._ready.set_result(answer)
                continue
            future = self._waiting[answer["id"]]
            if "refused" in answer:
                future.set_exception(AssertionError(answer["refused"]))
            else:
                ended = Ended.model_validate(answer["ended"])
                future.set_result(Attacked(ended=ended, lines=tuple(answer["lines"])))

    def left(self) -> list[Path]:
        """Folders of sandboxes that are there now, the kernel's included."""
        doors = Doors(self.state / RUNS)
        folders = [
            folder
            for place in HOST.places(Limits())
            for folder in place.parent.glob(f"{doors.prefix}*")
        ]
        bases = [choice for choice in choices() if choice.gives_up_root]
        folders += [left for choice in bases for left in doors.left(choice)]
        folders += self._engine.groups() if self._engine else []
        return [*folders, *(self.state / RUNS).glob("*")]

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            assert self.process.wait(ANSWER_S) == 0
        finally:
            self.process.kill()
            self._reader.join(ANSWER_S)
            self.process.stdout.close()


@contextmanager
def attacked(kind: Kind) -> Iterator[Host]:
    """A host in a folder of its own, which is not below what is closed to others."""
    with contextlib.ExitStack() as opened:
        engine = None
        if kind.adapter == "docker":
            engine = opened.enter_context(docker_engine.docker_engine())
            if kind.ordinary:
                engine.admit(ORDINARY_UID)
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="vigil-attacked-"))
        host = Host(kind, Path(folder), engine)
        try:
            yield host
        finally:
            host.close()
