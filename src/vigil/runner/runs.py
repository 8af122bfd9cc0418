"""One run from its order to its recorded end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import LockHeld, PortUnavailable, SandboxUnavailable
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord
from vigil.domain.run import RunOrder
from vigil.domain.switch import SWITCH_FILE, SwitchState
from vigil.domain.value import Value
from vigil.runner.broker import EFFECT_DEADLINE_S, Broker
from vigil.runner.cgroup import sweep
from vigil.runner.confinement import Confinement, Doors
from vigil.runner.door import opened
from vigil.runner.ledger import Begun, Ledger
from vigil.runner.orders import Analyse, CheckedOrder, checked
from vigil.runner.output import OnLine
from vigil.runner.sandbox import End, Ended, Script, run_script
from vigil.runner.selfcheck import SelfCheck
from vigil.runner.switch import read_switch

RUNS = "runs"
LEAST_WALL_S = 1.0
"""Below this nothing is begun: a script would be cut off in the middle."""
OTHERS_MARGIN_S = 3.0
"""For what an effect needs beyond its deadline, such as the last answer of its target."""
OTHERS_EVERY_S = 0.5
_SWITCH_EVERY_S = 0.25
"""How often the stop switch is looked at: well within the second in which it promises to act."""
_log = structlog.get_logger("vigil.runner")


class Listener(Value):
    """Who is told what happens while a run lasts."""

    line: Callable[[str], None]
    call: Callable[[CallRecord], None]


class Runs:
    """Runs orders; whoever asks keeps two runs of one key apart.

    Made once for a state folder: what a killed runner left there is removed first. ``switch`` is
    the file of the stop switch, by default the one in that folder; ``others_end_s`` is after how
    long an effect that another runner has begun is over.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        state: Path,
        ledger: Ledger,
        analyse: Analyse,
        switch: Path | None = None,
        others_end_s: float = EFFECT_DEADLINE_S + OTHERS_MARGIN_S,
    ) -> None:
        self._catalogue = catalogue
        self._doors = Doors(state / RUNS)
        self._doors.sweep()
        sweep(self._doors.prefix)
        self._switch_file = switch or state / SWITCH_FILE
        self._ledger = ledger
        self._analyse = analyse
        self._others_end_s = others_end_s
        self.selfcheck = SelfCheck(self._doors)

    async def run(self, order: RunOrder, listener: Listener) -> ActionResult:
        """Run one action, or answer from the record; ``only_if_known`` begins nothing.

        :raises PlanMismatch: the order is not for the plan that was judged.
        :raises NotFound: the catalogue does not have the service.
        :raises SandboxUnavailable: no safe sandbox can be made.
        :raises LockHeld: somebody else holds a lock that the order names.
        :raises PortUnavailable: the ledger cannot be used, so nobody can say how the run went;
            asked for again under its key, it finds out.
        """
        verified = checked(order, self._catalogue, self._analyse)
        recorded = await asyncio.to_thread(self._ledger.begin_run, order, verified.digest)
        if recorded is not None:
            return recorded
        before = await self._begun_before(order.run_key)
        result = await self._end_of(verified, before, listener)
        kept = await asyncio.to_thread(self._ledger.end_run, order, result)
        if order.only_if_known and not kept:
            # An answer that nothing will be begun has to be on record before it is given.
            raise LockHeld(f"somebody else goes on with the run {order.run_key}: ask again")
        _log.info(
            "run ended",
            run_key=order.run_key,
            plan=verified.digest,
            action=order.action,
            status=result.status.value,
            exit_code=result.exit_code,
            seconds=result.seconds,
        )
        return result

    async def _begun_before(self, run_key: str) -> tuple[Begun, ...]:
        """What an earlier run under this key has begun, which is over by now.

        Another runner that still is at it is refused everything else from here on, as its tokens
        were overtaken; only when it cannot be at work any more may a target be asked whether a call
        was done.
        """
        until = time.monotonic() + self._others_end_s
        while True:
            begun = await asyncio.to_thread(self._ledger.effects_of, run_key)
            all_ended = all(effect.outcome for effect in begun)
            if all_ended or not self._ledger.shared or time.monotonic() > until:
                return begun
            await asyncio.sleep(OTHERS_EVERY_S)

    async def _end_of(
        self, verified: CheckedOrder, before: tuple[Begun, ...], listener: Listener
    ) -> ActionResult:
        """How it ended, whether anything was run now or not."""
        if verified.order.only_if_known:
            return _not_run(verified, before, ActionStatus.NOT_BEGUN, "it was called off")
        try:
            confinement = await self.selfcheck.passed()
        except SandboxUnavailable as unsafe:
            if not before:
                raise
            return _not_run(verified, before, ActionStatus.FAILED, str(unsafe))
        switch = read_switch(self._switch_file)
        if switch.stopped:
            text = f"the stop switch is on. {switch.text}".strip()
            return _not_run(verified, before, ActionStatus.STOPPED, text)
        if verified.seconds_left < LEAST_WALL_S:
            return _not_run(verified, before, ActionStatus.NOT_BEGUN, verified.time_left.told)
        broker = Broker(verified, self._ledger, self._switch_file, listener.call)
        broker.open_ended = {effect.key for effect in before if effect.outcome is None}
        return await self._result(verified, broker, confinement, listener.line)

    async def _result(
        self, verified: CheckedOrder, broker: Broker, confinement: Confinement, on_line: OnLine
    ) -> ActionResult:
        wall_s = max(min(verified.action.timeout_s, verified.seconds_left), 0.0)
        with self._doors.folder(confinement) as folder:
            path = folder / "broker.sock"
            async with (
                opened(broker, path, confinement.uid) as door,
                self._watched() as stop_now,
            ):
                script = Script(
                    text=verified.action.script,
                    wall_s=wall_s,
                    broker=path,
                    confinement=confinement,
                )
                ended = await run_script(script, on_line, stop_now)
                all_known = await door.shut()
        if broker.unrecorded is not None:
            raise PortUnavailable(broker.unrecorded)
        return ActionResult(
            action=verified.action.id,
            status=_status(ended, broker, all_known=all_known),
            exit_code=ended.exit_code,
            calls=tuple(broker.records),
            output=ended.output,
            seconds=ended.seconds,
        )

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set as soon as the switch says to kill what runs."""
        stop_now = asyncio.Event()
        watch = asyncio.create_task(_watch(self._switch_file, stop_now))
        try:
            yield stop_now
        finally:
            watch.cancel()


def _not_run(
    verified: CheckedOrder, before: tuple[Begun, ...], status: ActionStatus, why: str
) -> ActionResult:
    """Nothing is run now; what an earlier run had begun that was cut off is not forgotten."""
    text = f"nothing was run: {why}"
    if before:
        status = ActionStatus.UNCERTAIN
        begun = ", ".join(f"{effect.call.verb}({effect.call.grant})" for effect in before)
        text = f"nothing more was run: {why}. A run that was cut off had begun {begun}"
    return ActionResult(
        action=verified.action.id, status=status, exit_code=None, output=text, seconds=0.0
    )


async def _watch(switch_file: Path, stop_now: asyncio.Event) -> None:
    switch = SwitchState(stopped=False)
    while not switch.kills:
        await asyncio.sleep(_SWITCH_EVERY_S)
        switch = read_switch(switch_file)
    stop_now.set()


def _status(ended: Ended, broker: Broker, *, all_known: bool) -> ActionStatus:
    if not all_known or broker.open_ended:
        return ActionStatus.UNCERTAIN
    match ended.end:
        case End.KILLED:
            touched = any(record.allowed for record in broker.records)
            return ActionStatus.UNCERTAIN if touched else ActionStatus.STOPPED
        case End.TIMED_OUT:
            return ActionStatus.TIMED_OUT
        case End.EXITED:
            if broker.stopped:
                return ActionStatus.STOPPED
            if broker.refused or ended.exit_code != 0:
                return ActionStatus.FAILED
            return ActionStatus.SUCCEEDED
