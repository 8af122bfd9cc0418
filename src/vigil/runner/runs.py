"""One run from its order to its recorded end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import MappingProxyType

import structlog

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import LockHeld, PortUnavailable, SandboxUnavailable
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord, Plan
from vigil.domain.probe import ProbeRef
from vigil.domain.probes.command import CommandEnd
from vigil.domain.run import RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.value import Value
from vigil.runner.broker import EFFECT_DEADLINE_S
from vigil.runner.confinement import Confinement
from vigil.runner.credentials import NoCredential
from vigil.runner.dry_run import foresee
from vigil.runner.egress.admission import was_connection
from vigil.runner.isolation import End, Ended, Isolation, Script
from vigil.runner.ledger import Begun, Ledger
from vigil.runner.looking import Looking
from vigil.runner.orders import Analyse, CheckedOrder, checked
from vigil.runner.output import OnLine
from vigil.runner.reach import Reach
from vigil.runner.switch import Switch

LEAST_WALL_S = 1.0
"""Below this nothing is begun: a script would be cut off in the middle."""
OTHERS_MARGIN_S = 3.0
"""For what an effect needs beyond its deadline, such as the last answer of its target."""
OTHERS_EVERY_S = 0.5
_SWITCH_EVERY_S = 0.25
"""How often the stop switch is looked at: well within the second in which it promises to act."""
_AS = MappingProxyType(
    {
        End.TIMED_OUT: ActionStatus.TIMED_OUT,
        End.OUT_OF_MEMORY: ActionStatus.OUT_OF_MEMORY,
        End.LOST: ActionStatus.UNCERTAIN,
    }
)
_log = structlog.get_logger("vigil.runner")


class Listener(Value):
    """Who is told what happens while a run lasts."""

    line: Callable[[str], None]
    call: Callable[[CallRecord], None]


Attest = Callable[[ActionResult], ActionResult]
"""Adds to a result who vouches for it, and changes nothing of it."""


def as_it_is(result: ActionResult) -> ActionResult:
    """Nobody vouches for it: worker and runner are the same user on the same machine."""
    return result


class Runs:
    """Runs orders; whoever asks keeps two runs of one key apart.

    ``others_end_s`` is after how long an effect that another runner has begun is over.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        isolation: Isolation,
        ledger: Ledger,
        analyse: Analyse,
        switch: Switch,
        others_end_s: float = EFFECT_DEADLINE_S + OTHERS_MARGIN_S,
    ) -> None:
        self._catalogue = catalogue
        self.isolation = isolation
        self._switch = switch
        self._ledger = ledger
        self._analyse = analyse
        self._others_end_s = others_end_s
        self._looking = Looking(catalogue, isolation)

    async def run(
        self, order: RunOrder, listener: Listener, attest: Attest = as_it_is
    ) -> ActionResult:
        """Run one action, or answer from the record; ``only_if_known`` begins nothing.

        ``attest`` makes of the result what goes on record.

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
        result = attest(await self._end_of(verified, before, listener))
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

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        """What each call of a plan would do now; nothing is begun.

        :raises NotFound: the catalogue does not have the service.
        """
        return await asyncio.to_thread(foresee, plan, self._catalogue, self._analyse)

    async def look(self, ref: ProbeRef) -> CommandEnd:
        """Run the command of a probe, which begins nothing and is on no record.

        :raises NotFound: there is no such probe here, or no such file.
        :raises SandboxUnavailable: no safe sandbox can be made.
        """
        return await self._looking.look(ref)

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
            confinement = await self.isolation.passed()
        except SandboxUnavailable as unsafe:
            if not before:
                raise
            return _not_run(verified, before, ActionStatus.FAILED, str(unsafe))
        if (against := self._against(verified, before)) is not None:
            return _not_run(verified, before, *against)
        try:
            reach = await asyncio.to_thread(
                Reach, verified, self._ledger, self._switch, listener.call
            )
        except NoCredential as missing:
            return _not_run(verified, before, ActionStatus.FAILED, str(missing))
        reach.calls.open_ended = {effect.key for effect in before if effect.outcome is None}
        return await self._result(verified, reach, confinement, listener.line)

    def _against(
        self, verified: CheckedOrder, before: tuple[Begun, ...]
    ) -> tuple[ActionStatus, str] | None:
        """Why nothing may be run now, or run once more."""
        switch = self._switch()
        if switch.stopped:
            return ActionStatus.STOPPED, f"the stop switch is on. {switch.text}".strip()
        if verified.seconds_left < LEAST_WALL_S:
            return ActionStatus.NOT_BEGUN, verified.time_left.told
        if any(was_connection(effect.key) for effect in before):
            return ActionStatus.UNCERTAIN, "nobody can look at what was done behind a connection"
        return None

    async def _result(
        self, verified: CheckedOrder, reach: Reach, confinement: Confinement, on_line: OnLine
    ) -> ActionResult:
        wall_s = max(min(verified.action.timeout_s, verified.seconds_left), 0.0)
        with self.isolation.doors.folder(confinement) as folder:
            async with (
                reach.opened(folder, confinement) as opened,
                self._watched() as stop_now,
            ):
                script = Script(
                    text=verified.action.script,
                    wall_s=wall_s,
                    broker=opened.broker,
                    confinement=confinement,
                    proxy=opened.proxy,
                    files=opened.files,
                    hide=reach.hidden,
                )
                ended = await self.isolation.run(script, on_line, stop_now)
                all_known = await opened.door.shut()
        if reach.calls.unrecorded is not None:
            raise PortUnavailable(reach.calls.unrecorded)
        return ActionResult(
            action=verified.action.id,
            status=_status(ended, reach, all_known=all_known),
            exit_code=ended.exit_code,
            calls=tuple(reach.calls.records),
            output=ended.output,
            seconds=ended.seconds,
            peak=ended.peak,
            interrupted=_interrupted(ended, reach, by_lease=wall_s < verified.action.timeout_s),
        )

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set as soon as the switch says to kill what runs."""
        stop_now = asyncio.Event()
        watch = asyncio.create_task(_watch(self._switch, stop_now))
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
        action=verified.action.id,
        status=status,
        exit_code=None,
        output=text,
        seconds=0.0,
        interrupted=True,
    )


async def _watch(switch: Switch, stop_now: asyncio.Event) -> None:
    said = SwitchState(stopped=False)
    while not said.kills:
        await asyncio.sleep(_SWITCH_EVERY_S)
        said = switch()
    stop_now.set()


def _interrupted(ended: Ended, reach: Reach, *, by_lease: bool) -> bool:
    """Whether something else than the script, or its own limit, brought its end.

    ``by_lease``: its time was shorter than its own limit.
    """
    too_late = reach.out_of_time or (ended.end is End.TIMED_OUT and by_lease)
    return reach.stopped or ended.end is End.KILLED or too_late


def _status(ended: Ended, reach: Reach, *, all_known: bool) -> ActionStatus:
    if not all_known or reach.calls.open_ended:
        return ActionStatus.UNCERTAIN
    if ended.end is End.KILLED:
        touched = any(record.allowed for record in reach.calls.records)
        return ActionStatus.UNCERTAIN if touched else ActionStatus.STOPPED
    if ended.end is not End.EXITED:
        return _AS[ended.end]
    if reach.stopped:
        return ActionStatus.STOPPED
    good = ended.exit_code == 0 and not reach.calls.refused
    return ActionStatus.SUCCEEDED if good else ActionStatus.FAILED
