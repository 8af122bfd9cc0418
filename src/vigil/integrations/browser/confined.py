"""The command for a Chromium that sees nothing of this machine, and leaves nothing on it.

It runs in namespaces of its own: of processes, so that whatever it started ends with it; of files,
where there is the system to read and a bounded place in memory to write, which is gone with the
last process; and of users, where it is nobody, and so may build its own sandbox around each page
whoever starts it. It shares the network, as it is there to reach the service.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

from vigil.children import SYSTEM

PROGRAMS = (
    "/usr/lib/chromium/chromium",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
)
"""Where the packages of distributions, and of Google, put it. Not the script of that name: it reads
settings of whoever calls it.
"""
MOST_BYTES = 2 * 1024**3
"""Of memory, for each of its processes."""
HEAP_MB = 256
"""Of one page's scripts."""
PROFILE_BYTES = 256 * 1024**2
"""Of all that it writes, and of what its processes share."""
PAGES = 8
"""Processes for pages and frames; more of them share one."""
_NOBODY = "65534"
_OWN = "/tmp"  # noqa: S108 - within its own namespace, where nobody else is
"""The one place where it can write."""
_READ = (
    *("/etc/fonts", "/etc/ssl", "/etc/pki", "/etc/resolv.conf", "/etc/hosts"),
    *("/etc/nsswitch.conf", "/etc/localtime", "/etc/ld.so.cache", "/etc/alternatives"),
)
_FLAGS = (
    *("--headless", "--remote-debugging-pipe", f"--user-data-dir={_OWN}/profile"),
    *("--no-first-run", "--no-default-browser-check", "--no-startup-window", "--hide-scrollbars"),
    *("--disable-gpu", "--disable-dev-shm-usage", "--mute-audio", "--password-store=basic"),
    # It asks nobody for anything but what its page asks for.
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-domain-reliability", "--disable-breakpad", "--disable-extensions"),
    *("--disable-default-apps", "--no-pings", "--metrics-recording-only", "--no-proxy-server"),
    *("--dns-prefetch-disable", "--disable-features=MediaRouter,OptimizationHints,Translate"),
    # Peer to peer is the one way out that no request can be held on.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Pages are slow for their own reasons only.
    *("--disable-background-timer-throttling", "--disable-renderer-backgrounding"),
    "--disable-backgrounding-occluded-windows",
    f"--renderer-process-limit={PAGES}",
    f"--js-flags=--max-old-space-size={HEAP_MB}",
)


class Command(NamedTuple):
    """A program and its arguments."""

    program: str
    arguments: tuple[str, ...]


def chromium() -> str | None:
    """Where one is installed."""
    return next((each for each in PROGRAMS if Path(each).exists()), None)


def lacking() -> str | None:
    """What is missing to start one, and what to do about it; None: nothing."""
    if chromium() is None:
        return "no Chromium is installed; apt-get install chromium"
    missing = [name for name in ("bwrap", "prlimit") if shutil.which(name, path=SYSTEM) is None]
    packages = {"bwrap": "bubblewrap", "prlimit": "util-linux"}
    if missing:
        install = " ".join(packages[name] for name in missing)
        return f"{' and '.join(missing)}, which confine a Chromium, are missing; install {install}"
    return None


def command() -> Command:
    """For one process, that is spoken to through file descriptors 3 and 4."""
    prlimit, bwrap = (shutil.which(name, path=SYSTEM) or name for name in ("prlimit", "bwrap"))
    program = chromium() or PROGRAMS[0]
    limits = (f"--data={MOST_BYTES}", "--core=0", f"--fsize={PROFILE_BYTES}")
    return Command(prlimit, (*limits, bwrap, *_walls(program), program, *_FLAGS))


def _walls(program: str) -> tuple[str, ...]:
    folder = str(Path(program).parent)
    return (
        *("--unshare-user", "--uid", _NOBODY, "--gid", _NOBODY, "--unshare-pid", "--unshare-ipc"),
        *("--unshare-uts", "--unshare-cgroup-try", "--new-session", "--die-with-parent"),
        *("--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", _OWN),
        *("--setenv", "LANG", "C.UTF-8", "--ro-bind", "/usr", "/usr"),
        *(each for name in ("bin", "lib", "lib64") for each in _linked(name)),
        *(each for path in (*_READ, folder) for each in ("--ro-bind-try", path, path)),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(PROFILE_BYTES), "--tmpfs", _OWN),
        *("--chdir", _OWN, "--"),
    )


def _linked(name: str) -> tuple[str, ...]:
    """As the system has it: a link into /usr, or a folder of its own."""
    path = Path("/", name)
    if path.is_symlink():
        return "--symlink", str(path.readlink()), str(path)
    return "--ro-bind-try", str(path), str(path)
