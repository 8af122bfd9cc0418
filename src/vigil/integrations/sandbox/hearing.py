"""What a runner's events mean to who asked it, whichever way they came."""

from vigil.domain.errors import (
    LockHeld,
    NotFound,
    PermanentError,
    PlanMismatch,
    PortUnavailable,
    SandboxUnavailable,
    VigilError,
)
from vigil.domain.plan import ActionResult, CallRecord
from vigil.domain.wire import CallEvent, FinishedEvent, OutputEvent, RefusedEvent, RunnerEvent
from vigil.ports.sandbox import OnOutput

_ERRORS: dict[str, type[VigilError]] = {
    error.__name__: error
    for error in (
        LockHeld,
        NotFound,
        PermanentError,
        PlanMismatch,
        PortUnavailable,
        SandboxUnavailable,
    )
}


async def hear(event: RunnerEvent, on_output: OnOutput) -> ActionResult | None:
    """Pass on what happens; the result once there is one. A refusal is raised as what it was."""
    match event:
        case OutputEvent():
            await on_output(event.line)
        case CallEvent():
            await on_output(_told(event.record))
        case FinishedEvent():
            return event.result
        case RefusedEvent():
            raise _ERRORS.get(event.error, PermanentError)(event.text)
        case _:
            raise ConnectionError("it answered another question")
    return None


async def ignored(_: str) -> None:
    """What is printed on the way to an answer that is no run's."""


def _told(record: CallRecord) -> str:
    """A call as a person reads it in the live view."""
    call = record.call
    words = ", ".join([call.grant, *call.arguments])
    again = " (done before, not again)" if record.repeated else ""
    return f"broker: {call.verb}({words}): {record.result}{again}"
