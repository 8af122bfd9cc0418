"""Really make a sandbox, look at it from inside, and say what is wrong with it."""

import asyncio
import shlex
import time
from pathlib import Path

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.run import Health
from vigil.runner.bubblewrap import interpreter
from vigil.runner.inside import SOUND
from vigil.runner.limits import Limits
from vigil.runner.sandbox import End, Ended, Script, run_script

PART = "sandbox"
_INSIDE = Path(__file__).with_name("inside.py")
_WALL_S = 20.0
_GOOD_FOR_S = 60.0
_USAGE = 64

_NO_NAMESPACES = (
    "this system lets no ordinary program make a user namespace. Ubuntu 24.04: give bwrap an "
    "AppArmor profile with `userns,` (package apparmor-profiles, profile "
    "bwrap-userns-restrict) or set kernel.apparmor_restrict_unprivileged_userns=0. Debian: "
    "kernel.unprivileged_userns_clone=1 and user.max_user_namespaces above 0. In a container: "
    "allow it user namespaces."
)
_NO_PROCESS_LIMIT = (
    "the kernel exempts root from the process limit: start the runner as an ordinary user, or give "
    "it a writable pids control group"
)


class SelfCheck:
    """The last look at a sandbox; a good one is believed for a minute, a bad one never."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._good_until = 0.0

    async def health(self) -> Health:
        """Whether a safe sandbox can be made here, and if not what to do."""
        async with self._one_at_a_time:
            if time.monotonic() < self._good_until:
                return Health(part=PART, ok=True, text="a sandbox was made and is sound")
            health = await _look()
            if health.ok:
                self._good_until = time.monotonic() + _GOOD_FOR_S
            return health

    async def passed(self) -> None:
        """:raises SandboxUnavailable: no safe sandbox can be made here."""
        health = await self.health()
        if not health.ok:
            raise SandboxUnavailable(f"{health.text}. {health.remedy or ''}".strip())


def _script() -> str:
    python = interpreter()
    shown = Path(python.folder).parts[1] if python.folder else "-"
    many = Limits().processes + 8
    words = shlex.join([python.program, "-I", "-S", "-", str(many), shown])
    return (
        f'code=0; vigil-do || code=$?; [ "$code" -eq {_USAGE} ] || echo "vigil-do does not start"\n'
        'if unshare --user true 2>/dev/null; then echo "a namespace can be made inside"; fi\n'
        f"exec {words} <<'INSIDE'\n{_INSIDE.read_text(encoding='utf-8')}\nINSIDE\n"
    )


async def _look() -> Health:
    lines: list[str] = []
    try:
        script = Script(text=_script(), wall_s=_WALL_S)
        ended = await run_script(script, lines.append, asyncio.Event())
    except SandboxUnavailable as missing:
        return Health(part=PART, ok=False, text="no sandbox can be made", remedy=str(missing))
    if ended.end is not End.EXITED or ended.exit_code != 0 or lines[-1:] != [SOUND]:
        return _not_made(ended)
    # vigil-do without words prints its usage, which shows that it starts.
    wrong = [line for line in lines[:-1] if not line.startswith("usage: vigil-do ")]
    if wrong:
        remedy = _NO_PROCESS_LIMIT if any("processes" in w for w in wrong) else "do not run scripts here"
        return Health(
            part=PART, ok=False, text=f"the sandbox is not safe: {'; '.join(wrong)}", remedy=remedy
        )
    return Health(part=PART, ok=True, text="a sandbox was made and is sound")


def _not_made(ended: Ended) -> Health:
    last = ended.output.strip().splitlines()[-3:]
    text = f"no sandbox can be made ({ended.end}, exit {ended.exit_code}): {' / '.join(last)}"
    namespaces = any(word in text for word in ("namespace", "uid map", "userns", "NEWUSER"))
    remedy = _NO_NAMESPACES if namespaces else "run `vigil doctor` after reading the words above"
    return Health(part=PART, ok=False, text=text, remedy=remedy)
