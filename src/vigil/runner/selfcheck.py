"""Really make a sandbox, look at it from inside, and say what is wrong with it."""

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

from vigil.domain.errors import SandboxUnavailable
from vigil.domain.run import Health
from vigil.runner.confinement import Confinement, Doors
from vigil.runner.inside import SOUND
from vigil.runner.isolation import PART, End, Ended, Script
from vigil.runner.landlock import used
from vigil.runner.limits import Limits
from vigil.runner.output import OnLine
from vigil.runner.programs import interpreter
from vigil.runner.sockets import listening

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
_PROC_IS_COVERED = (
    "parts of /proc are covered here, as in most containers, and where they are the kernel lets no "
    "sandbox have a /proc of its own. Docker: --security-opt systempaths=unconfined. Kubernetes: "
    "procMount: Unmasked."
)
_ASK_BWRAP = (
    "find out what hinders bubblewrap here; this must end well: bwrap --unshare-user --unshare-pid "
    "--unshare-net --ro-bind / / --proc /proc true"
)
_NO_PROCESS_LIMIT = (
    "the kernel exempts root from the process limit: start the runner as an ordinary user, or give "
    "it a writable pids control group"
)


Run = Callable[[Script, OnLine, asyncio.Event], Awaitable[Ended]]


class SelfCheck:
    """The last look at a sandbox; a good one is believed for a minute, a bad one never.

    ``run`` makes the sandbox, ``choices`` are tried in their order, and ``shown`` may be seen in
    its root folder besides what is there in any.
    """

    def __init__(
        self,
        doors: Doors,
        run: Run,
        choices: Sequence[Confinement],
        shown: Collection[str] = (),
    ) -> None:
        self._doors = doors
        self._run = run
        self._choices = choices
        self._shown = shown
        self._one_at_a_time = asyncio.Lock()
        self._good_until = 0.0
        self._good: Confinement | None = None

    async def health(self) -> Health:
        """Whether a safe sandbox can be made here, and if not what to do."""
        async with self._one_at_a_time:
            if self._good is not None and time.monotonic() < self._good_until:
                return _sound(self._good)
            self._good = None
            found: list[Health] = []
            for confinement in self._choices:
                health = await self._look(confinement)
                found.append(health)
                if health.ok:
                    self._good, self._good_until = confinement, time.monotonic() + _GOOD_FOR_S
                    return health
            return found[-1]

    async def passed(self) -> Confinement:
        """The safest confinement that works here.

        :raises SandboxUnavailable: there is none.
        """
        health = await self.health()
        if self._good is None:
            raise SandboxUnavailable(f"{health.text}. {health.remedy or ''}".strip())
        return self._good

    async def _look(self, confinement: Confinement) -> Health:
        lines: list[str] = []
        try:
            with self._doors.folder(confinement) as folder:
                path = folder / "broker.sock"
                with listening(path, confinement.uid):
                    script = Script(
                        text=_script(self._shown),
                        wall_s=_WALL_S,
                        broker=path,
                        confinement=confinement,
                    )
                    ended = await self._run(script, lines.append, asyncio.Event())
        except SandboxUnavailable as missing:
            return Health(part=PART, ok=False, text="no sandbox can be made", remedy=str(missing))
        except OSError as refused:  # a user that this machine does not have, a full folder
            text = f"no folder for a sandbox's broker can be made: {refused}"
            return Health(part=PART, ok=False, text=text, remedy="read the words above")
        if ended.end is not End.EXITED or ended.exit_code != 0 or lines[-1:] != [SOUND]:
            return _not_made(ended)
        return _judged(lines[:-1], confinement)


def _judged(lines: list[str], confinement: Confinement) -> Health:
    # vigil-do without words prints its usage, which shows that it starts.
    wrong = [line for line in lines if not line.startswith("usage: vigil-do ")]
    if not wrong:
        return _sound(confinement)
    unlimited = any("processes" in line for line in wrong)
    remedy = _NO_PROCESS_LIMIT if unlimited else "do not run scripts on this machine"
    text = f"the sandbox is not safe: {'; '.join(wrong)}"
    return Health(part=PART, ok=False, text=text, remedy=remedy)


def _sound(confinement: Confinement) -> Health:
    how = " as a user that nobody else is" if confinement.gives_up_root else ""
    return Health(part=PART, ok=True, text=f"a sandbox was made{how} and is sound")


def _script(shown: Collection[str]) -> str:
    python = interpreter()
    if python.folder:
        shown = {*shown, Path(python.folder).parts[1]}
    many = Limits().processes + 8
    words = shlex.join([python.program, "-I", "-S", "-", str(many), str(used()), *sorted(shown)])
    return (
        f'code=0; vigil-do || code=$?; [ "$code" -eq {_USAGE} ] || echo "vigil-do does not start"\n'
        'if unshare --user true 2>/dev/null; then echo "a namespace can be made inside"; fi\n'
        f"exec {words} <<'INSIDE'\n{_INSIDE.read_text(encoding='utf-8')}\nINSIDE\n"
    )


def _not_made(ended: Ended) -> Health:
    last = ended.output.strip().splitlines()[-3:]
    text = f"no sandbox can be made ({ended.end}, exit {ended.exit_code}): {' / '.join(last)}"
    remedy = _ASK_BWRAP
    if any(word in text for word in ("namespace", "uid map", "userns", "NEWUSER")):
        remedy = _NO_NAMESPACES
    elif "mount proc" in text:
        remedy = _PROC_IS_COVERED
    return Health(part=PART, ok=False, text=text, remedy=remedy)
