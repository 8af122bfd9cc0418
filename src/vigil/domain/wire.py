"""What worker and runner say to each other: one JSON object a line, each of a closed form."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from vigil.domain.plan import ActionResult, CallRecord
from vigil.domain.run import Health, RunOrder
from vigil.domain.value import Value


class RunRequest(Value):
    """Run an action; the answer is a stream of events that ends with a finish or a refusal."""

    op: Literal["run"]
    order: RunOrder


class HealthRequest(Value):
    """Ask whether a safe sandbox can be made; the answer is one health event."""

    op: Literal["health"]


Request = Annotated[RunRequest | HealthRequest, Field(discriminator="op")]
REQUEST: TypeAdapter[RunRequest | HealthRequest] = TypeAdapter(Request)


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


RunnerEvent = OutputEvent | CallEvent | FinishedEvent | RefusedEvent | HealthEvent
EVENT: TypeAdapter[RunnerEvent] = TypeAdapter(Annotated[RunnerEvent, Field(discriminator="event")])
