"""How much longer does a sandbox take to start than plain bubblewrap?

Both in turn, in an order that the seed draws, in one process and started in the same way: plain
bubblewrap with namespaces, a read-only system and a seccomp filter, around a program that says one
word; and what the runner makes of a script that says one word, with its folder, its broker's
socket, control groups, limits and Landlock. Timed until the word is heard, and until nothing is
left of it. The look at a sandbox from inside, once a minute, is timed apart.

    python benchmarks/sandbox.py --json OUT --seed 1
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import Measurement, parser, progress

from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Confinement, Doors
from vigil.runner.isolation import Script
from vigil.runner.programs import find
from vigil.runner.seccomp import filter_program, in_memory
from vigil.runner.sockets import listening

MOST = 3.0
"""What was promised of median and of p95."""
ROUNDS = 50
WARM_UP = 5
WORD = "started"
TMP = "/tmp"  # noqa: S108 - the sandbox's own

Times = tuple[float, float]
"""Milliseconds until the word, and until nothing was left."""


async def plain() -> Times:
    """What anybody would write who knows bubblewrap: no limits, no broker, no look back."""
    began = time.perf_counter()
    with in_memory("seccomp", filter_program()) as seccomp:
        words = [
            find("bwrap"), "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc",
            "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
            "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", TMP,
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin",
            "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
            "--symlink", "usr/sbin", "/sbin", "--proc", "/proc", "--dev", "/dev",
            "--size", "16777216", "--tmpfs", TMP, "--dir", "/scratch", "--chdir", TMP,
            "--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--cap-drop", "ALL",
            "--disable-userns", "--seccomp", str(seccomp), "/bin/echo", WORD,
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={},
            pass_fds=(seccomp,),
        )
        if process.stdout is None or await process.stdout.readline() != f"{WORD}\n".encode():
            sys.exit("plain bubblewrap does not start here, so there is nothing to compare with")
        heard = time.perf_counter()
        await process.wait()
    return _ms(began, heard), _ms(began, time.perf_counter())


async def sandboxed(made: Bubblewrap, confinement: Confinement) -> Times:
    """What the runner does for an action, but for the questions that its broker answers."""
    heard: list[float] = []
    began = time.perf_counter()
    with made.doors.folder(confinement) as folder:
        broker = folder / "broker.sock"
        with listening(broker, confinement.uid):
            script = Script(
                text=f"echo {WORD}", wall_s=20.0, broker=broker, confinement=confinement
            )
            ended = await made.run(
                script, lambda _: heard.append(time.perf_counter()), asyncio.Event()
            )
    if ended.exit_code != 0:
        sys.exit(f"a sandbox did not end well: {ended}")
    return _ms(began, heard[0]), _ms(began, time.perf_counter())


def _ms(began: float, ended: float) -> float:
    return (ended - began) * 1000


async def measured(options: Namespace) -> tuple[float, dict[str, list[Times]]]:
    """The look from inside once; both as often as asked for, in an order that chance chooses."""
    drawn = random.Random(options.seed)  # noqa: S311 - no secret hangs on it
    with tempfile.TemporaryDirectory() as state:
        made = Bubblewrap(Doors(Path(state) / "runs"))
        began = time.perf_counter()
        health = await made.health()
        if not health.ok:
            sys.exit(f"{health.text}: {health.remedy}")
        look_ms = _ms(began, time.perf_counter())
        progress(f"{health.text}; looked at in {look_ms:.0f} ms")
        confinement = await made.passed()
        subjects: dict[str, Callable[[], Awaitable[Times]]] = {
            "plain": plain,
            "sandbox": lambda: sandboxed(made, confinement),
        }
        times: dict[str, list[Times]] = {name: [] for name in subjects}
        for number in range(-WARM_UP, options.rounds):
            for name in drawn.sample(sorted(subjects), len(subjects)):
                taken = await subjects[name]()
                if number >= 0:
                    times[name].append(taken)
        return look_ms, times


def summary(times: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return {"median_ms": round(statistics.median(times), 2), "p95_ms": round(p95, 2)}


def compared(times: dict[str, list[Times]]) -> dict[str, Any]:
    """Of each span how long each took, and how often as long the sandbox did."""
    told: dict[str, Any] = {}
    for place, span in enumerate(("until_it_runs", "until_nothing_is_left")):
        each = {name: summary([one[place] for one in taken]) for name, taken in times.items()}
        ratio = {
            key.removesuffix("_ms"): round(each["sandbox"][key] / each["plain"][key], 2)
            for key in each["plain"]
        }
        told[span] = {**each, "ratio": ratio, "met": all(r <= MOST for r in ratio.values())}
    return told


def main() -> None:
    """Measure, say what was met, and write."""
    known = parser(__doc__, data="not needed: the scripts are written here")
    known.add_argument("--rounds", type=int, default=ROUNDS)
    options = known.parse_args()
    measurement = Measurement("sandbox")
    look_ms, times = asyncio.run(measured(options))
    told = compared(times)
    asked = {"seed": options.seed, "rounds": options.rounds, "look_inside_ms": round(look_ms)}
    measurement.write(options.json, {**asked, **told})
    for span, values in told.items():
        progress(f"{span}: {values}")
    sys.exit(0 if all(values["met"] for values in told.values()) else 1)


if __name__ == "__main__":
    main()
