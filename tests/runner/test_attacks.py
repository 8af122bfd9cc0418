"""Scripts that try to get out, against every adapter and as either user. The sandbox has to hold.

Each script says what it got; each test looks at the other side too: the victim lives, the listener
heard nothing, the secret is not in what was printed. What scripts try to use up is in
``test_bombs.py``, and what they try at the broker in ``test_attacks_on_the_broker.py``.
"""

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from tests.runner.bench import running, wait_until
from tests.runner.hosts import SECRET, Host

from vigil.runner import landlock
from vigil.runner.isolation import End
from vigil.runner.programs import interpreter

PYTHON = f"{interpreter().program} -I -S"
SHOWN = Path(*Path(interpreter().folder or "/usr").parts[:2])
"""The folder of the host that is visible inside, if it is not /usr."""
TRYING = """
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def tried(name, *arguments):
    ctypes.set_errno(0)
    answer = getattr(libc, name)(*arguments)
    print(name, errno.errorcode[ctypes.get_errno()] if answer == -1 else f"LEAK {answer}")
"""
PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE = 0, 16, 0x4206
NEW_NAMESPACES = {
    "mount": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}


def python(code: str) -> str:
    """A script that runs this; ``tried`` says how a call of libc's ended."""
    return f"{PYTHON} - <<'END_OF_CODE'\n{TRYING}{code}\nEND_OF_CODE\n"


def mark() -> str:
    """Words by which a process is found on the host, another for each that is started."""
    return f"sleep {uuid4().int % 10**9 + 10**9}"


@contextmanager
def victim(uid: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the user that the sandbox is to the kernel, so that no right protects it."""
    user = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--"]
    with subprocess.Popen([*user, *mark().split()]) as started:
        try:
            wait_until(lambda: (uid, started.pid) in owners())
            yield started
        finally:
            started.kill()


def owners() -> set[tuple[int, int]]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.add((entry.stat().st_uid, int(entry.name)))
    return found


def words_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""  # it has just ended


def line_of_descent(words: str) -> Iterator[Path]:
    """In /proc, what runs this on the host and each process that it comes from, the nearest first.

    Up to whatever is not of a sandbox: the test's own host, or the first process of all.
    """
    pid = next(int(p.name) for p in Path("/proc").glob("[0-9]*") if words_of(p).startswith(words))
    while pid > 1 and "attack_host" not in words_of(Path(f"/proc/{pid}")):
        yield Path(f"/proc/{pid}")
        status = Path(f"/proc/{pid}/status").read_text()
        pid = int(re.findall(r"^PPid:\t(\d+)$", status, re.MULTILINE)[0])


def test_to_the_host_a_script_is_never_root(host: Host) -> None:
    words = mark()
    run = host.begin(words)
    wait_until(lambda: bool(running(words)))
    assert running(words) == [host.uid]
    assert host.uid != 0
    run.kill()
    assert run.result().ended.end is End.KILLED
    assert running(words) == []


def test_the_environment_of_the_host(host: Host) -> None:
    planted = Path(f"/proc/{host.process.pid}/environ").read_bytes()
    assert SECRET.encode() in planted, "it is there to be found"
    output = host.do("env; for f in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $f; done").output
    assert SECRET not in output
    assert "PLANTED" not in output
    names = {line.partition("=")[0] for line in output.splitlines() if "=" in line}
    # Nor is it in what makes the sandbox, where only another wall keeps a script from reading it.
    words = mark()
    run = host.begin(words)
    wait_until(lambda: bool(running(words)))
    assert not any(SECRET.encode() in (p / "environ").read_bytes() for p in line_of_descent(words))
    run.kill()
    assert run.result().ended.end is End.KILLED
    assert names <= {"PATH", "HOME", "PWD", "SHLVL", "LC_ALL", "_", "JOIN"}


def test_files_of_the_host(host: Host) -> None:
    planted = host.state / "planted"
    planted.write_text(SECRET)
    planted.chmod(0o644)
    assert planted.read_text() == SECRET
    paths = ["/etc/shadow", "/root", "/home", "/var", "/run", "/boot", "/srv", "/opt"]
    paths += [str(path) for path in (planted, host.state, Path.cwd(), Path(__file__))]
    hidden = [path for path in paths if not Path(path).is_relative_to(SHOWN)]
    look = "\n".join(f"(cat '{path}' || ls '{path}') 2>/dev/null && echo LEAK" for path in hidden)
    assert host.do(f"{look}\necho end").output == "end"


def test_what_the_broker_works_on(host: Host) -> None:
    """Open to everybody on the host, so that nothing but the sandbox is in the way."""
    with contextlib.ExitStack() as opened:
        target = Path(opened.enter_context(TemporaryDirectory(prefix="vigil-target-")))
        releases, current, door = (target / n for n in ("releases", "current", "supervisor.sock"))
        releases.mkdir()
        current.symlink_to(releases)
        supervisor = opened.enter_context(socket.socket(socket.AF_UNIX))
        supervisor.bind(str(door))
        supervisor.listen()
        supervisor.setblocking(False)
        for path in (target, releases, door):
            path.chmod(0o777)
        result = host.do(
            python(
                "s = socket.socket(socket.AF_UNIX)\n"
                f"try: s.connect('{door}'); print('LEAK supervisor')\n"
                "except OSError: pass\n"
            )
            + f"(touch '{releases}/x') 2>/dev/null && echo LEAK releases\n"
            f"(ln -sfn /tmp '{current}') 2>/dev/null && echo LEAK current\n"
            "echo end"
        )
        with pytest.raises(BlockingIOError):
            supervisor.accept()
        assert result.output == "end"
        assert list(releases.iterdir()) == []
        assert current.readlink() == releases


def test_files_of_other_runs(host: Host) -> None:
    words = mark()
    secret = uuid4().hex
    other = host.begin(f"echo {secret} > /tmp/own; echo {secret} > /dev/shm/own; {words}")
    wait_until(lambda: bool(running(words)))
    look = "cat /tmp/* /dev/shm/* /proc/*/root/tmp/* 2>/dev/null; find / -name '*.sock'; ls /proc"
    output = host.do(f"({look}) 2>/dev/null || true").output
    assert running(words), "the other one was there all the while"
    assert secret not in output
    assert [line for line in output.splitlines() if line.endswith(".sock")] == [
        "/vigil/broker.sock"
    ]
    processes = [line for line in output.splitlines() if line.isdecimal()]
    assert len(processes) < 10, processes
    other.kill()
    assert other.result().ended.end is End.KILLED


@pytest.mark.parametrize(
    "path",
    [
        "/usr/bin/x",
        "/x",
        "/vigil/x",
        "/vigil/script",
        "/vigil/bin/vigil-do",
        "/dev/x",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/drop_caches",
        "/proc/sysrq-trigger",
    ],
)
def test_nothing_can_be_written(host: Host, path: str) -> None:
    # Opening is what is refused; nothing is written, so that a hole here does no harm.
    output = host.do(f"if (: >> {path}) 2>/dev/null; then echo LEAK; fi; echo end").output
    assert output == "end"


def test_killing_processes_of_the_host(host: Host) -> None:
    with victim(host.uid) as target:
        each = "for n in $(seq 2 400); do [ $n = $$ ] || kill -9 $n 2>/dev/null || true; done"
        by_its_number = f"if kill -9 {target.pid} 2>/dev/null; then echo LEAK; fi"
        assert host.do(f"{by_its_number}\n{each}\necho end").output == "end"
        host.do("kill -9 -1 || true")  # it may be the script's own end
        assert target.poll() is None
    assert host.do("echo still here").output == "still here"


def test_tracing_processes(host: Host) -> None:
    with victim(host.uid) as target:
        result = host.do(
            python(
                f"tried('ptrace', {PTRACE_ATTACH}, {target.pid}, 0, 0)\n"
                f"tried('ptrace', {PTRACE_SEIZE}, 1, 0, 0)\n"
                f"tried('ptrace', {PTRACE_TRACEME}, 0, 0, 0)\n"
                f"tried('process_vm_readv', {target.pid}, 0, 0, 0, 0, 0)\n"
                f"print(os.path.exists('/proc/{target.pid}'))\n"
            )
        )
        tracer = next(
            line
            for line in Path(f"/proc/{target.pid}/status").read_text().splitlines()
            if line.startswith("TracerPid")
        )
        assert tracer.split() == ["TracerPid:", "0"]
    assert result.output.splitlines() == [
        *["ptrace EPERM"] * 3,
        "process_vm_readv EPERM",
        "False",
    ]


def test_sockets_of_other_kinds(host: Host) -> None:
    families = ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_VSOCK")
    code = "".join(
        f"for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):\n"
        f"    tried('socket', socket.{family}, kind, 0)\n"
        for family in families
    )
    assert set(host.do(python(code)).output.splitlines()) == {"socket EAFNOSUPPORT"}


def test_network(host: Host) -> None:
    name = f"vigil-{uuid4().hex}"
    with contextlib.ExitStack() as opened:
        tcp = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = opened.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        abstract = opened.enter_context(socket.socket(socket.AF_UNIX))
        udp.bind(("127.0.0.1", 0))
        abstract.bind(f"\0{name}")
        abstract.listen()
        for listener in (tcp, udp, abstract):
            listener.setblocking(False)
        ports = tcp.getsockname()[1], udp.getsockname()[1]
        outside = "192.0.2.1"  # of nobody, by RFC 5737
        result = host.do(
            f"(exec 3<>/dev/tcp/127.0.0.1/{ports[0]}) 2>/dev/null && echo LEAK tcp\n"
            f"(echo x > /dev/udp/127.0.0.1/{ports[1]}) 2>/dev/null && echo LEAK udp\n"
            f"(exec 3<>/dev/tcp/{outside}/80) 2>/dev/null && echo LEAK outside\n"
            f"getent hosts example.com && echo LEAK dns\n"
            + python(
                "s = socket.socket(socket.AF_UNIX)\n"
                f"try: s.connect('\\0{name}'); print('LEAK abstract')\n"
                "except OSError: pass\n"
            )
            + "cat /proc/net/dev; echo end"
        )
        for take in (tcp.accept, abstract.accept, lambda: udp.recv(1)):
            with pytest.raises(BlockingIOError):
                take()
    assert "LEAK" not in result.output
    assert result.output.endswith("end")
    interfaces = [line for line in result.output.splitlines() if line.count(":") == 1]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]


def test_namespaces_and_mounts(host: Host) -> None:
    code = "".join(f"tried('unshare', {flag})\n" for flag in NEW_NAMESPACES.values())
    code += (
        "tried('mount', b'none', b'/tmp', b'tmpfs', 0, None)\n"
        "tried('mount', b'/', b'/', None, 0x1020, None)\n"  # remount, bind
        "tried('umount2', b'/tmp', 2)\n"
        "tried('chroot', b'/tmp')\n"
        "tried('setns', 0, 0)\n"
    )
    result = host.do(
        python(code)
        + "unshare -Ur true 2>/dev/null && echo LEAK unshare\n"
        + "mount -t tmpfs none /tmp 2>/dev/null && echo LEAK mount\n"
        + "cat /proc/self/mounts; echo end"
    )
    answers = [line for line in result.output.splitlines() if line.endswith("EPERM")]
    assert len(answers) == len(NEW_NAMESPACES) + 5
    assert "LEAK" not in result.output
    assert result.output.endswith("end")


def test_the_kernel_itself(host: Host) -> None:
    calls = (
        "personality', 0xffffffff",
        "memfd_create', b'x', 0",
        "shmget', 0, 4096, 0o1600",
        "msgget', 0, 0o1600",
        "semget', 0, 1, 0o1600",
        "name_to_handle_at', -1, b'/', None, None, 0",
        "fanotify_init', 0, 0",
        "swapon', b'/tmp', 0",
        "reboot', 0",
        "sethostname', b'x', 1",
        "settimeofday', bytes(16), None",
        "acct', None",
    )
    code = "".join(f"tried('{call})\n" for call in calls)
    output = host.do(python(code)).output.splitlines()
    assert [line for line in output if not line.endswith("EPERM")] == []
    assert len(output) == len(calls)


def test_programs_that_give_privileges(host: Host) -> None:
    """Set-id programs of the system, and one of the script's own."""
    given = [
        name
        for name in ("su", "mount", "passwd")
        if Path(shutil.which(name) or "/").stat().st_mode & 0o4000
    ]
    assert given, "there is one to be tried"
    result = host.do(
        "cp /bin/bash /tmp/own; chmod 6755 /tmp/own; /tmp/own -p -c 'id -u; id -g'\n"
        "(su -c 'echo LEAK su' < /dev/null) 2>/dev/null || true\n"
        "grep -E '^(Uid|Gid|Cap[A-Z][a-z]*|NoNewPrivs|Seccomp):' /proc/self/status"
    )
    own = result.output.splitlines()
    inside = own[0]
    assert inside != "0"
    assert own[:2] == [inside, inside]
    status = {name: value.split() for name, value in (line.split(":") for line in own[2:])}
    nothing = ["0" * 16]
    assert status == {
        "Uid": [inside] * 4,
        "Gid": [inside] * 4,
        **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), nothing),
        "NoNewPrivs": ["1"],
        "Seccomp": ["2"],
    }


def test_typing_into_a_terminal(host: Host) -> None:
    """Also of another one: it has none, can open none, and may not type."""
    result = host.do(
        python(
            "TIOCSTI, TIOCLINUX = 0x5412, 0x541c\n"
            "for request in (TIOCSTI, TIOCLINUX, TIOCSTI | 1 << 32):\n"
            "    tried('ioctl', 0, ctypes.c_ulong(request), b'x')\n"
        )
        + "if (: < /dev/tty) 2>/dev/null; then echo LEAK tty; fi\n"
        "ls /dev/pts | grep -v ptmx || true"
    )
    assert result.output.splitlines() == ["ioctl EPERM"] * 3


def test_links_out_of_bound_folders(host: Host) -> None:
    planted = host.state / "linked"
    planted.write_text(SECRET)
    planted.chmod(0o666)
    result = host.do(
        f"""
        ln -s /etc/shadow /tmp/shadow; cat /tmp/shadow 2>/dev/null && echo LEAK shadow
        ln -s {planted} /tmp/planted; (echo LEAK >> /tmp/planted) 2>/dev/null || true
        for up in /proc/1/root /proc/self/root/.. /proc/1/cwd/.. /tmp/../../.. /vigil/../..; do
            cat $up{planted} $up/etc/shadow 2>/dev/null && echo LEAK $up
        done
        for own in /vigil/script /vigil/broker.sock /usr/bin/bash /vigil/bin/vigil-do; do
            ln $own /tmp/hard 2>/dev/null && echo LEAK hard $own
            mv $own /tmp/moved 2>/dev/null && echo LEAK moved $own
            ln -sf /tmp/x $own 2>/dev/null && echo LEAK replaced $own
            rm -f $own 2>/dev/null && echo LEAK removed $own
        done
        ln -s ../../../.. /tmp/up; ls /tmp/up/etc/shadow 2>/dev/null && echo LEAK up
        ls /proc/self/fd | tr '\\n' ' '; echo end
        """
    )
    assert "LEAK" not in result.output
    assert SECRET not in result.output
    assert planted.read_text() == SECRET
    # What ls has open: its own three, the folder that it lists, and nothing that was inherited.
    assert result.output.splitlines()[-1].split() == ["0", "1", "2", "3", "end"]


def test_process_1_of_the_sandbox(host: Host) -> None:
    """Its death would be the script's own end, and no more."""
    result = host.do("(kill -9 1) 2>/dev/null || true; echo > /dev/null; echo end")
    assert result.output in {"end", ""}
    if landlock.used() >= landlock.SCOPES_SINCE:
        assert host.do("kill -0 1 2>/dev/null && echo LEAK; echo end").output == "end"
    assert host.do("echo again").output == "again"


def test_ignoring_signals(host: Host) -> None:
    words = mark()
    started = time.monotonic()
    result = host.do(f"trap '' TERM INT HUP QUIT; {words}", wall_s=1.0)
    assert result.ended.end is End.TIMED_OUT
    assert result.ended.exit_code is None
    assert time.monotonic() - started < 60
    assert running(words) == []


def test_hiding_as_a_daemon(host: Host) -> None:
    """Both with a script that goes on and with one that ends before it."""
    words = mark()
    up = f"setsid setsid sh -c 'touch /tmp/up; exec {words}' </dev/null >/dev/null 2>&1"
    daemon = f"(trap '' HUP TERM; {up} &)\nuntil [ -e /tmp/up ]; do sleep 0.02; done"
    result = host.do(f"{daemon}; echo up; sleep 600", wall_s=2.0)
    assert (result.ended.end, result.output) == (End.TIMED_OUT, "up")
    assert running(words) == []
    assert host.do(f"{daemon}; echo end").output == "end"
    assert running(words) == []


def test_nothing_is_left_of_a_run(host: Host) -> None:
    words = mark()
    script = f"echo x > /tmp/x; echo x > /dev/shm/x; {words} & sleep 0.1"
    assert host.do(script).ended.end is End.EXITED
    assert host.left() == []
    assert running(words) == []
