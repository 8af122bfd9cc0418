"""Real programs for tests, found where Debian puts them, started on free ports, ended by pid."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PATIENCE_S = 20.0


def binary(name: str) -> str:
    """The program's path; the test is skipped where it is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = str(debian[0]) if debian else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def short_folder() -> Iterator[Path]:
    """A new folder with a path short enough for unix sockets (107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="vt-", dir="/tmp") as folder:
        yield Path(folder)


@contextmanager
def running(
    command: list[str], ready: Callable[[], bool], user: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user
    ) as process:
        try:
            wait_until(ready, command[0], process)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until(
    ready: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None
) -> None:
    end = time.monotonic() + PATIENCE_S
    while not ready():
        if process is not None and process.poll() is not None:
            pytest.fail(f"{what} ended with {process.returncode} before it was ready")
        if time.monotonic() > end:
            pytest.fail(f"{what} was not ready within {PATIENCE_S:g} s")
        time.sleep(0.05)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Cluster:
    """The data of a PostgreSQL, which may be started more than once."""

    folder: Path
    port: int
    user: str | None

    @property
    def dsn(self) -> str:
        """For its superuser, with a password."""
        return (
            f"host=127.0.0.1 port={self.port} user=tester dbname=postgres "
            "password=s3cr3t-of-the-test"
        )

    @contextmanager
    def running(self, *, fsync: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """Its server; in the end it waits for nobody who is still connected.

        Without ``fsync`` it is quicker, and as safe for whoever kills others than the machine.
        """
        command = [binary("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        command += ["-c", "listen_addresses=127.0.0.1"]
        command += [] if fsync else ["-c", "fsync=off"]
        command += ["-c", f"unix_socket_directories={self.folder}"]
        with running(command, lambda: _lets_in(self.dsn), self.user) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGQUIT)


@contextmanager
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that was made and not started."""
    initdb = binary("initdb")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    with short_folder() as folder:
        data, secret = folder / "data", folder / "secret"
        secret.write_text("s3cr3t-of-the-test\n")
        if user is not None:
            for path in (folder, secret):
                shutil.chown(path, user)
        # scram-sha-256 with few iterations would be quicker; md5 is good enough for a throw-away.
        subprocess.run(
            [
                *(initdb, "-D", data, "-U", "tester", "-A", "md5", "--pwfile", secret),
                *("--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            user=user,
            cwd="/",
        )
        yield Cluster(folder, free_port(), user)


@contextmanager
def postgres(*, fsync: bool = False) -> Iterator[str]:
    """A PostgreSQL of its own; gives the DSN of its superuser, with a password."""
    with postgres_cluster() as cluster, cluster.running(fsync=fsync):
        yield cluster.dsn


def _lets_in(dsn: str) -> bool:
    """Whether PostgreSQL has started; it accepts connections a little earlier."""
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def redis_server(*options: str) -> Iterator[int]:
    """A Redis of its own; gives the port."""
    port = free_port()
    command = [binary("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with (
        short_folder() as folder,
        running([*command, "--dir", str(folder), *options], lambda: accepts(port)),
    ):
        yield port


@contextmanager
def supervisor() -> Iterator[str]:
    """A supervisor with ``steady`` (runs) and ``idle`` (stopped); gives its socket's path.

    There are two called ``twin``: that of the group ``one`` runs, that of ``two`` does not.
    """
    with short_folder() as folder:
        socket_path, settings = folder / "s.sock", folder / "s.conf"
        settings.write_text(
            f"[unix_http_server]\nfile={socket_path}\n"
            f"[supervisord]\nlogfile={folder}/s.log\npidfile={folder}/s.pid\nnodaemon=true\n"
            "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
            "supervisor.rpcinterface:make_main_rpcinterface\n"
            "[program:steady]\ncommand=sleep 600\nstartsecs=0\nstdout_logfile=NONE\n"
            "[program:idle]\ncommand=sleep 600\nautostart=false\nstdout_logfile=NONE\n"
            "[program:one]\ncommand=sleep 600\nprocess_name=twin\nstartsecs=0\n"
            "stdout_logfile=NONE\n"
            "[program:two]\ncommand=sleep 600\nprocess_name=twin\nautostart=false\n"
            "stdout_logfile=NONE\n"
        )
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord"]
        with running([*command, "-c", str(settings)], socket_path.exists):
            yield str(socket_path)
