"""A real Docker engine for tests, in namespaces of its own: what it started goes with it."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.programs import short_folder, wait_until

from vigil.children import tied_to_us

GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class DockerEngine:
    """One that runs; ``socket`` is where it is asked."""

    socket: Path
    process: subprocess.Popen[bytes]
    family: str
    """Of the control groups of all its containers."""

    def admit(self, uid: int) -> None:
        """Make this user one who may ask it, and so could be root."""
        self.socket.parent.chmod(0o711)
        os.chown(self.socket, uid, -1)

    def die(self) -> None:
        """As if its machine's kernel had killed it: the engine, and every container with it."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """As an engine is that hangs; its containers go on."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        dockerd = int(children.read_text().split()[0])
        os.kill(dockerd, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(dockerd, signal.SIGCONT)

    def groups(self) -> list[Path]:
        """Of containers that are there now."""
        return [group for tree in _trees(self.family) for group in tree.glob("*/")]


def missing() -> str | None:
    """Why no engine can be started here."""
    if os.geteuid() != 0:
        return "only root can start a Docker engine"
    if _dockerd() is None:
        return "the Docker engine is not installed (apt-get install docker.io)"
    return None


def _dockerd() -> str | None:
    return shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def docker_engine() -> Iterator[DockerEngine]:
    """It has no network and no image, and touches no firewall, bridge or setting of the host."""
    if reason := missing():
        pytest.skip(reason)
    with short_folder() as folder:
        # The name of a control group is the machine's, whatever the namespace.
        family = f"vigil-test-{folder.name}"
        listens = folder / "docker.sock"
        # The engine is process 1 of a process namespace: its end is that of every process in it,
        # and the kernel drops its mounts.
        namespaces = "--mount --pid --net --fork --kill-child --mount-proc"
        places = f"--data-root {folder}/data --exec-root {folder}/exec --pidfile {folder}/pid"
        network = "--bridge=none --iptables=false --ip6tables=false --ip-forward=false"
        settings = folder / "daemon.json"
        # As some machines have it: another process 1, in every container that does not say no.
        settings.write_text('{"init": true}')
        command = [
            *tied_to_us("KILL"),
            "unshare",
            *namespaces.split(),
            str(_dockerd()),
            *places.split(),
        ]
        command += [*network.split(), "--ip-masq=false", f"--cgroup-parent=/{family}"]
        command += ["--exec-opt=native.cgroupdriver=cgroupfs", f"--config-file={settings}"]
        command += [f"--host=unix://{listens}"]
        log = folder / "log"
        with log.open("wb") as written:
            process = subprocess.Popen(command, stdout=written, stderr=written)
        engine = DockerEngine(listens, process, family)
        try:
            wait_until(lambda: _answers(listens), f"dockerd ({log})", process)
            yield engine
        finally:
            engine.die()
            _forget_groups(family)


def _answers(listens: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asked:
        if asked.connect_ex(str(listens)) != 0:
            return False
        asked.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b"200 OK" in asked.recv(64)


def _trees(family: str) -> tuple[Path, ...]:
    """One for each controller in version 1, one in all in version 2."""
    return (*GROUPS.glob(f"*/{family}"), GROUPS / family)


def _forget_groups(family: str) -> None:
    """The kernel frees those of killed processes within milliseconds."""

    def freed() -> bool:
        for tree in _trees(family):
            for group in (*tree.glob("*/"), tree):
                try:
                    group.rmdir()
                except FileNotFoundError:
                    continue
                except OSError:
                    return False
        return True

    wait_until(freed, f"the end of the control groups {family}")
