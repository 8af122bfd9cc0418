"""One run from its order to its recorded end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from vigil.domain.catalogue import Catalogue
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord
from vigil.domain.run import RunOrder
from vigil.domain.switch import SWITCH_FILE, SwitchState
from vigil.domain.value import Value
from vigil.runner.broker import Broker
from vigil.runner.cgroup import sweep
from vigil.runner.confinement import Confinement, Doors
from vigil.runner.door import opened
from vigil.runner.ledger import Ledger
from vigil.runner.orders import Analyse, CheckedOrder, checked
from vigil.runner.sandbox import End, Ended, Script, run_script
from vigil.runner.selfcheck import SelfCheck
from vigil.runner.switch import read_switch

RUNS = "runs"
LEAST_WALL_S = 1.0
_SWITCH_EVERY_S = 0.25
"""How often the stop switch is looked at: well within the second in which it promises to act."""
_log = structlog.get_logger("vigil.runner")


class Listener(Value):
    """Who is told what happens while a run lasts."""

    line: Callable[[str], None]
    call: Callable[[CallRecord], None]


class Runs:
    """Runs orders; whoever asks keeps two runs of one key apart.

    Made once for a state folder: what a killed runner left there is removed first.
    """

    def __init__(self, catalogue: Catalogue, state: Path, ledger: Ledger, analyse: Analyse) -> None:
        self._catalogue = catalogue
        self._doors = Doors(state / RUNS)
        self._doors.sweep()
        sweep(self._doors.prefix)
        self._switch_file = state / SWITCH_FILE
        self._ledger = ledger
        self._analyse = analyse
        self.selfcheck = SelfCheck(self._doors)

    async def run(self, order: RunOrder, listener: Listener) -> ActionResult:
        """Run one action, or answer from the record.

        :raises PlanMismatch: the order is not for the plan that was judged.
        :raises NotFound: the catalogue does not have the service.
        :raises SandboxUnavailable: no safe sandbox can be made.
        """
        verified = checked(order, self._catalogue, self._analyse)
        recorded = await asyncio.to_thread(self._ledger.begin_run, order, verified.digest)
        if recorded is not None:
            return recorded
        confinement = await self.selfcheck.passed()
        result = await self._result(verified, confinement, listener)
        await asyncio.to_thread(self._ledger.end_run, order.run_key, result)
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

    async def _result(
        self, verified: CheckedOrder, confinement: Confinement, listener: Listener
    ) -> ActionResult:
        switch = read_switch(self._switch_file)
        if switch.stopped:
            text = f"nothing was run: the stop switch is on. {switch.text}".strip()
            return _not_run(verified, ActionStatus.STOPPED, text)
        wall_s = min(verified.action.timeout_s, verified.seconds_left)
        if wall_s < LEAST_WALL_S:
            text = f"nothing was run: the lease ends at {verified.order.lease_until.isoformat()}"
            return _not_run(verified, ActionStatus.FAILED, text)
        broker = Broker(verified, self._ledger, self._switch_file, listener.call)
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
                ended = await run_script(script, listener.line, stop_now)
                all_known = await door.shut()
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


def _not_run(verified: CheckedOrder, status: ActionStatus, text: str) -> ActionResult:
    return ActionResult(
        action=verified.action.id, status=status, exit_code=None, output=text, seconds=0.0
    )
