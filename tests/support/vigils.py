"""The Vigils that work on one record beside a plant: real processes, to be killed and frozen."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx2
from tests.support.plant.layout import Layout

from vigil.children import tied_to_us
from vigil.cli.client import Client
from vigil.cli.rehearsal.process import free_port
from vigil.domain.errors import PortUnavailable

READY_S = 60.0
STOP_S = 90.0
AUDIT_S = 120.0
ANSWER_S = 15.0
POLL_S = 0.05
LAST_WORDS = 1500


class Whom(StrEnum):
    """Who of one Vigil is killed."""

    VIGIL = "vigil"
    RUNNER = "runner"
    BOTH = "both"


class Member:
    """One process of Vigil, its runner and what that runs."""

    def __init__(
        self, kind: str, settings: dict[str, str], log: Path, within: Sequence[str] = ()
    ) -> None:
        self.kind = kind
        self.log = log
        self._settings = settings
        self._within = within
        self._runner = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else 0

    @property
    def exit_code(self) -> int | None:
        """How it ended, if it has."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*tied_to_us("KILL"), *self._within, sys.executable, "-m", "vigil", self.kind],
                env=self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.log.parent,
            )

    def runner(self) -> int:
        """Its runner's process id; 0 while there is none. Asked beforehand, a kill is quicker."""
        if "runner" not in _words(self._runner):
            found = (child for child in below(self.pid) if "runner" in _words(child))
            self._runner = next(found, 0)
        return self._runner

    def kill(self, whom: Whom = Whom.BOTH) -> bool:
        """As a power cut would; of two the runner first, some microseconds before the other.

        Whether there was anybody to kill.
        """
        alive = bool(self.runner()) if whom is Whom.RUNNER else bool(self.pid)
        if whom is not Whom.VIGIL and (runner := self.runner()):
            os.kill(runner, signal.SIGKILL)
        if whom is not Whom.RUNNER and self._process is not None:
            self._process.kill()
            self._process.wait()
        return alive

    def freeze(self) -> tuple[int, ...]:
        """Stop it and everything below it, as a machine that is paused; for ``thaw``."""
        frozen = (self.pid, *below(self.pid))
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        return frozen

    def end(self) -> None:
        """In order, and if that takes too long without."""
        if self._process is None:
            return
        if self.pid:
            self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace").strip()[-LAST_WORDS:] or "nothing"


def thaw(frozen: Sequence[int]) -> None:
    """Let what was frozen go on, the youngest first; some of it may be gone."""
    for pid in reversed(frozen):
        if Path("/proc", str(pid)).exists():
            os.kill(pid, signal.SIGCONT)


class Vigils:
    """All processes on one record; the first one serves.

    ``within`` is what each is started by, such as a sandbox with a disk of its own. Those that work
    ``apart`` have a state folder each, as if on machines of their own.
    """

    def __init__(
        self,
        layout: Layout,
        database_url: str | None = None,
        workers: int = 0,
        within: Sequence[str] = (),
        *,
        apart: bool = False,
    ) -> None:
        self.layout = layout
        self.database_url = database_url
        self.state = layout.folder / "v"
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.port = free_port()
        self.alert_token = secrets.token_urlsafe(24)
        token = secrets.token_urlsafe(24)
        self.client = Client(self.url, token)
        self.settings = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(layout.folder),
            "VIGIL_STATE_DIR": str(self.state),
            "VIGIL_CONFIG": str(layout.catalogue_file),
            "VIGIL_POLICY": str(layout.policy_file),
            "VIGIL_RUNBOOKS": str(layout.runbooks),
            "VIGIL_PORT": str(self.port),
            "VIGIL_TOKEN": token,
            "ALERTMANAGER_WEBHOOK_TOKEN": self.alert_token,
            **({"VIGIL_DATABASE_URL": database_url} if database_url else {}),
        }
        kinds = ("serve", *("worker" for _ in range(workers)))
        self.members = tuple(
            Member(
                kind,
                self.settings | self._folder_of(number if apart else 0),
                layout.folder / f"{number}-{kind}.log",
                within,
            )
            for number, kind in enumerate(kinds)
        )
        self._apart = apart

    def _folder_of(self, number: int) -> dict[str, str]:
        return {"VIGIL_STATE_DIR": f"{self.state}{number}"} if number else {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def serve(self) -> Member:
        return self.members[0]

    def start(self) -> None:
        """Start all, and wait until the one that serves says that every part works."""
        self.serve.start()
        if self._apart:
            self.wait_ready()
            for number in range(1, len(self.members)):
                # As whoever runs several machines does.
                shutil.copytree(self.state / "keys", f"{self.state}{number}/keys")
        for member in self.members[1:]:
            member.start()
        self.wait_ready()
        until(self._all_are_at_work, "all workers", READY_S)

    def _all_are_at_work(self) -> bool:
        _, body = self.client.status("/ready")
        told = next(part["text"] for part in body["parts"] if part["part"] == "workers")
        return all(f"pid {member.pid}," in told for member in self.members)

    def wait_ready(self) -> float:
        """Seconds until every part of the one that serves says that it works."""
        began = time.monotonic()
        last = "no answer"
        while time.monotonic() - began < READY_S:
            if not self.serve.pid:
                raise PortUnavailable(f"it ended at once: {self.serve.last_words()}")
            try:
                status, body = self.client.status("/ready")
            except PortUnavailable:
                time.sleep(POLL_S)
                continue
            if status == 200:
                return time.monotonic() - began
            last = json.dumps(body)[:LAST_WORDS]
            time.sleep(POLL_S)
        raise PortUnavailable(f"not ready after {READY_S:.0f} s: {last}")

    def member_of(self, pid: int) -> Member | None:
        """Whose process this is."""
        return next((member for member in self.members if pid and member.pid == pid), None)

    def deliver(self, service: str) -> httpx2.Response:
        """What an Alertmanager would send of a service, and the answer."""
        alert = {
            "status": "firing",
            "labels": {"alertname": "Elsewhere", "service": service},
            "annotations": {},
            "startsAt": "2026-03-01T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": service,
        }
        return httpx2.post(
            f"{self.url}/webhooks/alertmanager",
            json={"version": "4", "status": "firing", "groupKey": "g", "alerts": [alert]},
            headers={"authorization": f"Bearer {self.alert_token}"},
            timeout=ANSWER_S,
        )

    def end(self) -> None:
        self.client.close()
        for member in self.members:
            member.end()

    def audit(self) -> dict[str, Any]:
        """Export the timeline and verify it as an outsider would."""
        export = self.layout.folder / "audit.jsonl"
        self._command("audit", "export", "--out", str(export))
        key = str(self.state / "keys" / "audit.pub")
        told = self._command("audit", "verify", str(export), "--public-key", key, "--json")
        report: dict[str, Any] = json.loads(told)
        return report

    def keep_logs(self, folder: Path) -> None:
        """Copy what they logged, for whoever looks into it."""
        folder.mkdir(parents=True, exist_ok=True)
        for member in self.members:
            if member.log.exists():
                shutil.copy(member.log, folder / member.log.name)

    def _command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "vigil", *words],
            env=self.settings,
            cwd=self.layout.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=AUDIT_S,
        )
        if not done.stdout and done.returncode:
            raise PortUnavailable(f"vigil {' '.join(words[:2])} failed: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def at_work(vigils: Vigils) -> Iterator[Vigils]:
    """Started, and ended however the work goes."""
    try:
        vigils.start()
        yield vigils
    finally:
        vigils.end()


def until(reached: Callable[[], bool], what: str, seconds: float) -> float:
    """Wait for something; how long it took. ``PortUnavailable`` when it does not come."""
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > seconds:
            raise PortUnavailable(f"{what}: not within {seconds:.0f} s")
        time.sleep(POLL_S)
    return time.monotonic() - began


def below(pid: int) -> tuple[int, ...]:
    """The processes that this one started, and those that they started."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(child) for child in children.read_text().split()]
        except OSError:  # it has just ended
            continue
        for child in direct:
            found += [child, *below(child)]
    return tuple(found)


def _words(pid: int) -> list[str]:
    """Its command line; none for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []
