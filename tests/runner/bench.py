"""A real runner in front of a real target: supervisord with processes, and releases with a link."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from vigil.act.execute import locked_set
from vigil.domain.catalogue import Catalogue
from vigil.domain.effects import Risk
from vigil.domain.identity import tree_digest
from vigil.domain.plan import Action, ActionResult, Plan
from vigil.domain.private import read_by
from vigil.domain.run import Fence, Lease, RunOrder
from vigil.guard import analyse, with_raw
from vigil.integrations.sandbox.embedded import RunnerSandbox
from vigil.ports.sandbox import Sandbox
from vigil.runner.bubblewrap.cgroup import sweep
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Doors, choices
from vigil.runner.main import RUNS

RUNNER = """
import os
import sys
from pathlib import Path
from vigil.cli.logs import log_as_json
from vigil.runner.main import run
from vigil.domain.catalogue import Catalogue
log_as_json()
catalogue = Catalogue.model_validate_json(Path(sys.argv[1]).read_text())
run(catalogue, Path(sys.argv[2]), None, os.environ.get("VIGIL_DATABASE_URL"))
"""
SECRET = "hunter2-of-the-runner"
SUPERVISORD = """
[supervisord]
nodaemon=true
logfile={folder}/log
logfile_maxbytes=0
pidfile={folder}/pid
childlogdir={folder}
{user}
[unix_http_server]
file={folder}/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:broken]
command=/bin/false
autostart=false
startretries=0
"""
PROGRAM = """
[program:{name}]
command=/bin/sh -c 'echo s >> {folder}/{name}.starts; exec sleep 600'
startsecs=1
startretries=0
stopsignal=KILL
"""
NAMES = ("web-1", "web-2", "other")


def wait_until(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """An end for a test that fails; a machine that does much else takes its time."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


async def until(ready: Callable[[], bool], seconds: float = 30) -> None:
    """Looked at often, with an end."""
    async with asyncio.timeout(seconds):
        while not ready():  # noqa: ASYNC110 - another process makes it come true
            await asyncio.sleep(0.02)


def host_processes() -> list[tuple[int, str]]:
    """Owner and words of what runs on this machine, as anybody outside a sandbox sees it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.append((entry.stat().st_uid, words))
        except OSError:
            continue  # it has just ended
    return found


def running(words: str) -> list[int]:
    """The users that run this on the host now: a command that begins with these words."""
    return [uid for uid, seen in host_processes() if seen.startswith(words)]


def sandboxes_in(state: Path) -> Bubblewrap:
    """As the runner of this state folder makes them."""
    return Bubblewrap(Doors(state / RUNS))


def lease_of(seconds: float, *resources: str, token: int = 1, late_s: float = 0.0) -> Lease:
    """Locks for so long; ``late_s`` is how much the wall clock was set back since."""
    return Lease(
        fences=tuple(Fence(resource=resource, token=token) for resource in resources),
        until=datetime.now(UTC) + timedelta(seconds=seconds + late_s),
        seconds=seconds,
    )


class Supervised:
    """A real supervisord; each process counts its own starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "s.sock"
        user = "user=root" if os.geteuid() == 0 else ""
        programs = [PROGRAM.format(name=name, folder=folder) for name in NAMES]
        config = folder / "supervisord.conf"
        config.write_text(SUPERVISORD.format(folder=folder, user=user) + "".join(programs))
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: all((folder / f"{name}.starts").exists() for name in NAMES))
        except AssertionError:
            self.close()
            raise

    def starts(self, name: str) -> int:
        return len((self.folder / f"{name}.starts").read_text().splitlines())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class Bench:
    """One state folder, one service with two releases, and the runner that serves them."""

    def __init__(self, folder: Path, supervised: Supervised) -> None:
        self.folder = folder
        self.supervised = supervised
        self.process: subprocess.Popen[bytes] | None = None
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        self.releases = folder / "releases"
        self.link = folder / "current"
        self.release_log = folder / "releases.jsonl"
        self.log = folder / "runner.log"
        self.digests: dict[str, str] = {}
        self.more_grants: dict[str, object] = {}
        self.raw_grants: dict[str, object] = {}
        self.environment: dict[str, str] = {}
        """Of the runner, beside that of the tests."""
        self.reset()
        self.sandbox: Sandbox = RunnerSandbox(self.state / "runner.sock")

    def reset(self) -> None:
        """Put the target back to where it was: two releases, the second one current, no log."""
        for path in (self.releases, self.link):
            if path.is_symlink() or path.is_file():
                path.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
        self.release_log.unlink(missing_ok=True)
        self.digests = {name: self._release(name) for name in ("one", "two")}
        self.link.symlink_to(self.releases / "two")
        self.switch(stopped=False)

    def _release(self, name: str) -> str:
        file = self.releases / name / "app" / "main.py"
        file.parent.mkdir(parents=True)
        file.write_text(f"print('{name}')\n")
        return tree_digest([("app/main.py", file.read_bytes())])

    @property
    def catalogue(self) -> Catalogue:
        release = {
            "verb": "release.switch",
            "link": str(self.link),
            "releases": str(self.releases),
        }
        restart = {
            "verb": "process.restart",
            "supervisor": str(self.supervised.socket),
            "processes": ["web-1", "web-2", "broken"],
        }
        shop = {
            "changes": {"release_log": str(self.release_log)},
            "grants": {"release": release, "restart": restart, **self.more_grants},
            "raw_grants": self.raw_grants,
        }
        return Catalogue.model_validate({"version": 1, "services": {"shop": shop}})

    def sandboxes(self) -> list[Path]:
        """The folders of those that are there now, wherever they are made on this machine."""
        doors = Doors(self.state / RUNS)
        return [folder for choice in choices() for folder in doors.left(choice)]

    def switch(self, **fields: object) -> None:
        (self.state / "switch.json").write_text(json.dumps(fields))

    def start(self, *within: str) -> None:
        """Start the runner, with these words before its command line."""
        catalogue = self.folder / "catalogue.json"
        catalogue.write_text(self.catalogue.model_dump_json())
        words = [*within, *self.words(catalogue)]
        before = self._ready()
        with self.log.open("ab") as log:
            environment = {**os.environ, "PLANTED_SECRET": SECRET, **self.environment}
            self.process = subprocess.Popen(words, stderr=log, env=environment)
        wait_until(lambda: self._ready() > before)

    def words(self, catalogue: Path) -> list[str]:
        """The runner's command line."""
        return [sys.executable, "-c", RUNNER, str(catalogue), str(self.state)]

    def _ready(self) -> int:
        alive = self.process is None or self.process.poll() is None
        text = self.log.read_text() if self.log.exists() else ""
        assert alive, text
        told = ("runner ready", "runner serves, but runs nothing")
        return sum(text.count(f'"event": "{event}"') for event in told)

    def kill(self) -> None:
        """As a power cut would: no warning, no clean-up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """As a machine does that is suspended, or that has no memory left."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(30) == 0, self.log.read_text()
            self.process = None
        # What the next start would do, where a test has killed the last one.
        doors = Doors(self.state / RUNS)
        doors.sweep()
        sweep(doors.prefix)

    def order(
        self,
        script: str,
        *,
        timeout_s: float = 15.0,
        lease: Lease | None = None,
        raw: tuple[str, ...] = (),
        **changes: object,
    ) -> RunOrder:
        """An order that is right in every way, but for its lease and ``changes``."""
        action = Action(
            id="a1",
            title="do it",
            script=script,
            grants=("release", "restart"),
            effects=with_raw(analyse(script), raw),
            no_undo="a test",
            timeout_s=timeout_s,
            raw=raw,
            private=read_by(script),
        )
        plan = Plan(
            incident="inc-1",
            attempt=1,
            service="shop",
            symptom="checkout-failing",
            failure_type="bad_release",
            component="shop",
            runbook=None,
            runbook_digest=None,
            summary="a test",
            reasons=(),
            actions=(action,),
            declared_risk=Risk.LOW,
            proving=(),
            neighbours=(),
        )
        order = RunOrder(
            run_key=uuid4().hex,
            plan=plan,
            approved_digest=plan.digest,
            action="a1",
            lease=self._with_targets(
                plan, lease or lease_of(90, *(f"shop/{r}" for r in plan.resources))
            ),
        )
        return order.model_copy(update=changes)

    def _with_targets(self, plan: Plan, lease: Lease) -> Lease:
        """As a worker locks them, besides what the service calls them."""
        token = lease.fences[0].token if lease.fences else 1
        known = set(locked_set(plan, self.catalogue))
        targets = sorted(name for name in known if not name.startswith(("shop/", "service:")))
        fences = (Fence(resource=name, token=token) for name in targets)
        return lease.model_copy(update={"fences": (*lease.fences, *fences)})

    def to(self, release: str) -> str:
        """The script line that switches to a release."""
        return f"vigil-do release.switch release {self.digests[release]}"

    async def run(self, order: RunOrder, lines: list[str] | None = None) -> ActionResult:
        async def keep(line: str) -> None:
            if lines is not None:
                lines.append(line)

        return await self.sandbox.run(order, keep)

    async def do(self, script: str, *, timeout_s: float = 15.0) -> ActionResult:
        return await self.run(self.order(script, timeout_s=timeout_s))

    @property
    def current(self) -> str:
        return self.link.resolve().name

    def logged_switches(self) -> list[str]:
        if not self.release_log.exists():
            return []
        return [json.loads(line)["release"] for line in self.release_log.read_text().splitlines()]
