"""Two networks with one wire between them, and no way from either to anywhere else."""

import ctypes
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WIRE = "wire"
CLONE_NEWNET = 0x40000000
ESTABLISHED, LISTEN = "01", "0A"
"""States as the kernel's table of sockets writes them."""


class Networks:
    """One namespace for the hub, one for the runner."""

    hub_host = "198.51.100.1"
    runner_host = "198.51.100.2"

    def __init__(self, hub: str, runner: str) -> None:
        self.hub = Path("/run/netns") / hub
        self.runner = Path("/run/netns") / runner

    @property
    def within_runner(self) -> tuple[str, ...]:
        """Before a command: it runs in the runner's network."""
        return ("nsenter", f"--net={self.runner}")

    @contextmanager
    def at_the_hub(self) -> Iterator[None]:
        """This thread, and what it starts, in the hub's network, with a loopback there."""
        ip("-n", self.hub.name, "link", "set", "lo", "up")
        with Path("/proc/thread-self/ns/net").open() as before:
            enter(self.hub)
            try:
                yield
            finally:
                enter(Path(f"/proc/thread-self/fd/{before.fileno()}"))

    def wire(self, way: str) -> None:
        """``up`` or ``down``."""
        ip("-n", self.runner.name, "link", "set", WIRE, way)


def enter(network: Path) -> None:
    """Be in this network namespace from now on: this thread, and no other one."""
    with network.open() as opened:
        failed = ctypes.CDLL(None, use_errno=True).setns(opened.fileno(), CLONE_NEWNET)
    if failed:
        raise OSError(ctypes.get_errno(), f"cannot enter {network}")


def sockets(proc: Path) -> Counter[str]:
    """How many TCP sockets of the network that this process is in are in each state."""
    tables = ((proc / "net" / table).read_text().splitlines()[1:] for table in ("tcp", "tcp6"))
    return Counter(line.split()[3] for lines in tables for line in lines)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def may_be_made() -> bool:
    """Whether this user has what it takes."""
    return os.geteuid() == 0 and None not in (shutil.which("ip"), shutil.which("nsenter"))


@contextmanager
def two_networks() -> Iterator[Networks]:
    """Made, and gone afterwards; skips where this machine lets nobody make any."""
    if not may_be_made():
        pytest.skip("networks of their own need root, iproute2 and util-linux")
    names = [f"vigil-{end}-{os.getpid()}" for end in ("hub", "runner")]
    made = Networks(*names)
    try:
        try:
            for name in names:
                ip("netns", "add", name)
            peer = ("peer", "name", WIRE, "netns", names[1])
            ip("link", "add", WIRE, "netns", names[0], "type", "veth", *peer)
        except subprocess.CalledProcessError as refused:
            pytest.skip(f"this machine makes no network: {refused.stderr.decode().strip()}")
        for name, host in zip(names, (made.hub_host, made.runner_host), strict=True):
            ip("-n", name, "address", "add", f"{host}/30", "dev", WIRE)
            ip("-n", name, "link", "set", WIRE, "up")
        yield made
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
