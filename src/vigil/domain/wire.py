"""What worker and runner say to each other: one JSON object a line, each of a closed form."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, CallRecord, Plan
from vigil.domain.probe import ProbeRef
from vigil.domain.probes.command import CommandEnd
from vigil.domain.run import Health, RunOrder
from vigil.domain.value import Value


class RunRequest(Value):
    """Run an action; the answer is a stream of events that ends with a finish or a refusal."""

    op: Literal["run"]
    order: RunOrder


class HealthRequest(Value):
    """Ask whether a safe sandbox can be made; the answer is one health event."""

    op: Literal["health"]


class DryRunRequest(Value):
    """Ask what a plan would do; nothing is begun, and the answer is one dry run or a refusal."""

    op: Literal["dry_run"]
    plan: Plan


class LookRequest(Value):
    """Run the command of a probe of the runner's catalogue; the answer is its end or a refusal."""

    op: Literal["look"]
    probe: ProbeRef


AnyRequest = RunRequest | HealthRequest | DryRunRequest | LookRequest
REQUEST: TypeAdapter[AnyRequest] = TypeAdapter(Annotated[AnyRequest, Field(discriminator="op")])


class OutputEvent(Value):
    """One line that the script printed."""

    event: Literal["output"] = "output"
    line: str


class CallEvent(Value):
    """One call as the broker logged it."""

    event: Literal["call"] = "call"
    record: CallRecord


class FinishedEvent(Value):
    """The run has ended, now or before."""

    event: Literal["finished"] = "finished"
    result: ActionResult


class RefusedEvent(Value):
    """Nothing was run; ``error`` is the name of an error of the domain."""

    event: Literal["refused"] = "refused"
    error: str
    text: str


class HealthEvent(Value):
    """Whether a safe sandbox can be made."""

    event: Literal["health"] = "health"
    health: Health


class DryRunEvent(Value):
    """What each call of a plan would do now."""

    event: Literal["dry_run"] = "dry_run"
    foreseen: tuple[Foreseen, ...]


class LookedEvent(Value):
    """How a command that only looked ended."""

    event: Literal["looked"] = "looked"
    end: CommandEnd


RunnerEvent = (
    OutputEvent | CallEvent | FinishedEvent | RefusedEvent | HealthEvent | DryRunEvent | LookedEvent
)
EVENT: TypeAdapter[RunnerEvent] = TypeAdapter(Annotated[RunnerEvent, Field(discriminator="event")])
