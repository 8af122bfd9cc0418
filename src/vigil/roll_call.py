"""How each part fares, in words for ``/ready`` and ``vigil doctor``.

Who is at work, how much there is to do, what holds it up, and which part gives no answer at all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from vigil.domain.breaker import Breaker
from vigil.domain.errors import TemporaryError
from vigil.domain.run import Health
from vigil.domain.switch import SwitchState
from vigil.domain.value import Instant
from vigil.ports.journal import Load
from vigil.ports.locks import Lock
from vigil.ports.workers import Worker, WorkerState

MOST_NAMED = 10
DEADLINE_S = 5.0
"""How long one waits for a part to say how it fares."""

Check = Callable[[], Awaitable[Health]]


async def within_deadline(part: str, check: Check) -> Health:
    """What a part says of itself; one that says nothing does not fare well."""
    remedy = "see Vigil's log for what it is waiting for"
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await check()
    except TimeoutError:
        text = f"no answer within {DEADLINE_S:.0f} s"
        return Health(part=part, ok=False, text=text, remedy=remedy)
    except TemporaryError as error:
        return Health(part=part, ok=False, text=str(error), remedy=remedy)


def workers_health(everyone: Sequence[Worker], now: Instant, *, draining: bool) -> Health:
    """The one process that is asked is not ready while it drains; what others do is no fault."""
    named = [_named(worker, now) for worker in everyone[:MOST_NAMED]]
    if len(everyone) > MOST_NAMED:
        named.append(f"and {len(everyone) - MOST_NAMED} more")
    return Health(
        part="workers",
        ok=not draining,
        text="; ".join(["this one drains: it ends what it has begun"] * draining + named)
        or "this one alone",
        remedy="ask another one, or wait until it was started again" if draining else None,
    )


def _named(worker: Worker, now: Instant) -> str:
    does = {
        WorkerState.WORKING: ", ".join(worker.roles) or "segments",
        WorkerState.DRAINING: "drains",
        WorkerState.DEAD: "is gone; others take over",
    }
    seen_s = max((now - worker.seen_at).total_seconds(), 0.0)
    return (
        f"{worker.kind} {worker.id} ({worker.host}, pid {worker.pid}, seen {seen_s:.0f} s ago): "
        f"{does[worker.state]}"
    )


def work_health(load: Load, now: Instant) -> Health:
    """How much is open; a queue is no fault, it is what limits are for."""
    text = (
        f"{load.open} open: {load.under_way} under way, {load.queued} queued, "
        f"{load.for_approval} wait for a person, {load.for_locks} for locks; "
        f"{load.due} segments to hand out"
    )
    if load.oldest_waiting_at is not None:
        waits_s = max((now - load.oldest_waiting_at).total_seconds(), 0.0)
        text += f"; the oldest that waits was opened {_roughly(waits_s)} ago"
    return Health(part="work", ok=True, text=text)


def locks_health(held: Sequence[Lock], now: Instant) -> Health:
    """Whose leases run, and whose ran out: the next run of their incident takes those over."""
    incidents = {lock.owner for lock in held}
    late = [lock for lock in held if lock.lease_until is None or lock.lease_until <= now]
    text = f"{len(held)} locks for {len(incidents)} incidents"
    return Health(
        part="locks", ok=True, text=f"{text}; {len(late)} wait to be taken over" if late else text
    )


def breakers_health(breakers: Sequence[Breaker]) -> Health:
    """One that is tripped makes Vigil ask, as it is meant to: nothing is broken."""
    names = ", ".join(each.id for each in breakers[:MOST_NAMED])
    text = f"tripped: {names}; `vigil policy breakers` says why" if names else "none is tripped"
    return Health(part="breakers", ok=True, text=text, remedy=None)


def switch_health(state: SwitchState) -> Health:
    """Stopped is not ready: somebody has to know why, and let Vigil act again."""
    return Health(
        part="switch",
        ok=not state.stopped,
        text=f"stopped: {state.text}" if state.stopped else "Vigil may act",
        remedy="vigil resume, once you know why it was stopped" if state.stopped else None,
    )


def source_health(name: str, accepted: int, refused_last: str | None) -> Health:
    """Whether the newest delivery of a source was let in."""
    remedy = "compare the secret at the sender with the one in Vigil's settings"
    return Health(
        part=f"source {name}",
        ok=refused_last is None,
        text=refused_last or f"{accepted} deliveries accepted",
        remedy=remedy if refused_last else None,
    )


def _roughly(seconds: float) -> str:
    for unit, length in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
