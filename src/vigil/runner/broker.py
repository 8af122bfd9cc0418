"""The sandbox's only door: each call is checked, done at most once, and logged.

One broker serves one run. Its checks stand in ``_admit``, in the order in which they are made; the
arguments are checked by the verb itself, when it first looks at its target, and the tokens by the
ledger, in the same step in which it notes that an effect begins.
"""

from enum import StrEnum
from typing import NamedTuple

import structlog
from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from vigil.domain.effects import Call
from vigil.domain.errors import LockHeld, PortUnavailable
from vigil.domain.value import Value
from vigil.runner.call_log import CallLog
from vigil.runner.ledger import Ledger, Outcome, Rate, TooOften
from vigil.runner.limits import MAX_CALLS_PER_RUN
from vigil.runner.orders import CheckedOrder
from vigil.runner.switch import Switch
from vigil.runner.verbs import operation
from vigil.runner.verbs.base import Deadline, NotDone, Operation, Refusal, Seen, Unfinished

EFFECT_DEADLINE_S = 25.0
LEAST_S = 2.0
"""With less of the lease left a call is not begun."""
_UNREAD = Call(verb="?", grant="?", arguments=())
_log = structlog.get_logger("vigil.runner.broker")


class Ask(BaseModel):
    """What ``vigil-do`` sends, as strictly as it can be read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    verb: StrictStr = Field(max_length=64)
    grant: StrictStr = Field(max_length=64)
    arguments: list[StrictStr] = Field(max_length=8)


class Status(StrEnum):
    """What ``vigil-do`` is told."""

    DONE = "done"
    FAILED = "failed"
    """It was allowed, and the target says no."""
    TEMPORARY = "temporary"
    REFUSED = "refused"


class Reply(Value):
    """The broker's answer to one call."""

    status: Status
    text: str


class _Admitted(NamedTuple):
    """A call that passed every check, bound to its grant."""

    call: Call
    place: int
    """Among the calls of the script: what its idempotency key ends in."""
    key: str
    bound: Operation


class Broker:
    """Answers the calls of one run; whoever serves it asks one question at a time."""

    def __init__(
        self, checked: CheckedOrder, ledger: Ledger, switch: Switch, call_log: CallLog
    ) -> None:
        self._checked = checked
        self._ledger = ledger
        self._switch = switch
        self._call_log = call_log
        self._used: set[int] = set()
        self._reached = 0
        """The furthest place of the script that a call was admitted for."""
        self._asked = 0
        self._closed = False
        self.stopped = False
        """A call was refused because of the stop switch."""
        self.out_of_time = False
        """A call was refused because the worker's lease was about to end."""

    def close(self) -> None:
        """Begin nothing from now on, for a call that is being looked at either.

        What was begun is over when ``EFFECT_DEADLINE_S`` has passed.
        """
        self._closed = True

    def answer(self, line: bytes) -> Reply:
        """Answer one line from the sandbox; nothing in it can make this raise."""
        try:
            return self._answer(line)
        except PortUnavailable as unrecorded:
            self._call_log.unrecorded = str(unrecorded)
            _log.warning("ledger", error=str(unrecorded))
            return Reply(status=Status.TEMPORARY, text=str(unrecorded))

    def _answer(self, line: bytes) -> Reply:
        self._asked += 1
        if self._asked > MAX_CALLS_PER_RUN:
            return self._refuse_flood()
        try:
            ask = Ask.model_validate_json(line)
        except ValidationError as garbage:
            return self._refuse(_UNREAD, f"not a call ({garbage.error_count()} mistakes in it)")
        call = Call(verb=ask.verb, grant=ask.grant, arguments=tuple(ask.arguments))
        try:
            return self._perform(self._admit(call))
        except (Refusal, TooOften, LockHeld) as refusal:
            return self._refuse(call, str(refusal))
        except NotDone as silent:
            return self._record(Status.TEMPORARY, call, f"not done: {silent}", allowed=False)

    def _refuse_flood(self) -> Reply:
        """Logged as one: the log must not grow at a script's pleasure."""
        reason = f"more than {MAX_CALLS_PER_RUN} calls in one run; no further one is logged"
        if self._asked == MAX_CALLS_PER_RUN + 1:
            return self._refuse(_UNREAD, reason)
        return Reply(status=Status.REFUSED, text=f"refused: {reason}")

    def _admit(self, call: Call) -> _Admitted:
        """Whether this call may be made now; the checks that only read come first."""
        self._check_switch()
        order = self._checked.order
        if order.plan.digest != order.approved_digest:
            raise Refusal("the plan is not the one that was approved")
        place = self._unused(call)
        key = f"{order.run_key}:{place}"
        service, incident = self._checked.service, order.plan.incident
        bound = operation(order.plan.service, service, call, key, incident)
        if unfenced := self._checked.unfenced:
            raise Refusal(f"the worker holds no lock on {', '.join(unfenced)}")
        self._check_lease()
        self._reached = place
        return _Admitted(call, place, key, bound)

    def _unused(self, call: Call) -> int:
        contained = [n for n, c in enumerate(self._checked.effects.calls) if c == call]
        if not contained:
            raise Refusal("the judged script does not contain this call")
        unused = [n for n in contained if n not in self._used]
        if not unused:
            raise Refusal(f"the judged script makes this call {len(contained)} times, not more")
        ahead = [n for n in unused if n >= self._reached]
        if not ahead:
            raise Refusal("the judged script makes this call earlier: calls are made in its order")
        return ahead[0]

    def _check_switch(self) -> None:
        switch = self._switch()
        if switch.stopped:
            self.stopped = True
            raise Refusal(f"the stop switch is on{f' ({switch.text})' if switch.text else ''}")

    def _check_lease(self) -> None:
        if self._checked.seconds_left < LEAST_S:
            self.out_of_time = True
            raise Refusal(f"too soon: {self._checked.time_left.told}")

    def _perform(self, admitted: _Admitted) -> Reply:
        """Do it unless the ledger, or the target, says that it was done."""
        begun = self._ledger.effect(admitted.key)
        if begun is None:
            return self._begin(admitted)
        if begun.call != admitted.call:
            raise Refusal(f"the key {admitted.key} stands for another call")
        if begun.outcome is not None:
            self._used.add(admitted.place)
            return self._ended(admitted.call, begun.outcome, repeated=True)
        return self._go_on(admitted, begun.before)

    def _begin(self, admitted: _Admitted) -> Reply:
        before = admitted.bound.look()
        # Looking takes long where a database or a disk is slow.
        self._check_switch()
        self._check_lease()
        # Before it is on record: who takes over waits from when he sees it there, and by then
        # this one does nothing any more, however long it stood still in between.
        deadline = self._deadline()
        call, key = admitted.call, admitted.key
        fences = self._checked.order.lease.fences
        if not self._ledger.begin_effect(key, call, before, fences, self._rate(call)):
            raise NotDone("another runner has just begun this very call")
        _log.info("call begins", key=key, verb=call.verb, would=before["would"])
        return self._do(admitted, before, deadline)

    def _go_on(self, admitted: _Admitted, before: Seen) -> Reply:
        """Somebody was killed between begin and end: only the target knows how far it came."""
        self._call_log.open_ended.add(admitted.key)
        deadline = self._deadline()
        self._ledger.note(self._checked.order.lease.fences)
        try:
            found = admitted.bound.done_since(before)
        except Unfinished as unknowable:
            return self._uncertain(admitted, str(unknowable))
        if found is not None:
            return self._finish(admitted, found, repeated=True)
        # It is done once more, and counts once more.
        self._ledger.note(self._checked.order.lease.fences, self._rate(admitted.call))
        return self._do(admitted, before, deadline)

    def _rate(self, call: Call) -> Rate | None:
        """How often its grant allows, which is counted with the effect in one step."""
        most = self._checked.service.grants[call.grant].most_per_hour
        if most is None:
            return None
        return Rate(grant=f"{self._checked.order.plan.service}/{call.grant}", most_per_hour=most)

    def _deadline(self) -> Deadline:
        """When an effect that is begun now is over.

        :raises Refusal: none is begun any more.
        """
        deadline = Deadline.within(min(EFFECT_DEADLINE_S, self._checked.seconds_left))
        # Behind it: whoever has closed this broker can count on all deadlines from then on.
        if self._closed:
            raise Refusal("the run is over")
        return deadline

    def _do(self, admitted: _Admitted, before: Seen, deadline: Deadline) -> Reply:
        known_open = admitted.key in self._call_log.open_ended
        # Whatever else comes out of a verb, what it has begun has no end then.
        self._call_log.open_ended.add(admitted.key)
        try:
            outcome = admitted.bound.do(before, deadline)
        except Unfinished as unknown:
            return self._uncertain(admitted, str(unknown))
        except NotDone:
            if not known_open:
                self._call_log.open_ended.discard(admitted.key)
            raise
        return self._finish(admitted, outcome, repeated=False)

    def _uncertain(self, admitted: _Admitted, why: str) -> Reply:
        """The place stays free: a script that asks again has the target looked at first."""
        self._call_log.open_ended.add(admitted.key)
        return self._record(Status.TEMPORARY, admitted.call, f"uncertain: {why}", allowed=True)

    def _finish(self, admitted: _Admitted, outcome: Outcome, *, repeated: bool) -> Reply:
        self._ledger.end_effect(admitted.key, outcome)
        self._call_log.open_ended.discard(admitted.key)
        self._used.add(admitted.place)
        return self._ended(admitted.call, outcome, repeated=repeated)

    def _ended(self, call: Call, outcome: Outcome, *, repeated: bool) -> Reply:
        status = Status.DONE if outcome.ok else Status.FAILED
        return self._record(status, call, outcome.text, allowed=True, repeated=repeated)

    def _refuse(self, call: Call, reason: str) -> Reply:
        text = self._call_log.refuse(call, f"refused: {reason}")
        return Reply(status=Status.REFUSED, text=text)

    def _record(
        self, status: Status, call: Call, text: str, *, allowed: bool, repeated: bool = False
    ) -> Reply:
        told = self._call_log.record(status, call, text, allowed=allowed, repeated=repeated)
        return Reply(status=status, text=told)
