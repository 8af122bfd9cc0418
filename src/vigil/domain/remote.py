"""What hub and runner say to each other over their connection: one JSON object a line.

The hub speaks first. An order is a signed text beside the plan that the text names by its digest;
an end carries the runner's own signature. Everything has a closed form.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from vigil.domain.identity import canonical_json
from vigil.domain.plan import ActionResult, Plan
from vigil.domain.run import Lease, RunOrder
from vigil.domain.signed import PublicKey, Signed
from vigil.domain.switch import SwitchState
from vigil.domain.value import Instant, Name, Sha256, Value
from vigil.domain.wire import RunnerEvent

MAX_FRAME_BYTES = 1_310_720
"""One line: a whole plan with its scripts, or the end of a run with all its calls."""
SessionId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
QuestionId = Annotated[int, Field(ge=1, lt=2**53)]
BeatNumber = Annotated[int, Field(ge=0, lt=2**53)]
"""Of a beat of the runner within one connection, each one higher than the last; 0 is its hello.
Who repeats it says that he spoke after that beat, whatever any clock says."""


class OrderText(Value):
    """What the hub signs. The plan is beside it: ``approved_digest`` says which one is meant."""

    version: Literal[1] = 1
    hub: PublicKey
    runner: Name
    """For whom it is; no other one takes it."""
    session: SessionId
    """Which the runner has made up for one connection: on any other it is a replay."""
    number: QuestionId
    """Of an order within the session, each higher than the one before."""
    issued_at: Instant
    run_key: str
    approved_digest: Sha256
    action: str
    lease: Lease
    only_if_known: bool
    heard: BeatNumber = 0
    """The runner's last beat that the hub had heard. Orders that were kept from before it was said
    have none."""

    @property
    def lease_spent_s(self) -> float:
        """How much of the lease was over when the order was given, by the hub's one clock."""
        begun = self.lease.until - timedelta(seconds=self.lease.seconds)
        return max((self.issued_at - begun).total_seconds(), 0.0)

    def with_plan(self, plan: Plan) -> RunOrder:
        """The order that this is; whether this plan is the approved one is not looked at."""
        return RunOrder(
            run_key=self.run_key,
            plan=plan,
            approved_digest=self.approved_digest,
            action=self.action,
            lease=self.lease,
            only_if_known=self.only_if_known,
        )

    def is_about(self, order: RunOrder) -> bool:
        """Whether it asked for the same run of the same action of the same plan."""
        return (self.run_key, self.approved_digest, self.action) == (
            order.run_key,
            order.approved_digest,
            order.action,
        )


def attested_text(runner: str, order: Signed, result: ActionResult) -> str:
    """What a runner signs of the end of a run; what a result says of itself is left out.

    Values that are as always are left out too, so that a later version, which knows more of them,
    spells an old result as it was spelt when it was signed.
    """
    said = result.model_dump(mode="json", exclude={"attestation"}, exclude_defaults=True)
    return canonical_json({"order": order.model_dump(), "result": said, "runner": runner})


class Welcome(Value):
    """The hub's first word: the runner's key was the right one."""

    frame: Literal["welcome"] = "welcome"
    version: Literal[1] = 1


class Hello(Value):
    """The runner's first word: who it is, and a word of its own that every order has to repeat."""

    frame: Literal["hello"] = "hello"
    version: Literal[1] = 1
    runner: Name
    session: SessionId


class HubBeat(Value):
    """The hub lives, and its stop switch says this now."""

    frame: Literal["beat"] = "beat"
    switch: SwitchState
    heard: BeatNumber
    """The runner's last beat that had been heard when this was said."""


class RunnerBeat(Value):
    """The runner lives, and the stop switch near the target says this now."""

    frame: Literal["beat"] = "beat"
    number: BeatNumber
    switch: SwitchState


class OrderFrame(Value):
    """Run an action; answered with events that end with a finish or a refusal."""

    frame: Literal["order"] = "order"
    id: QuestionId
    order: Signed
    plan: Plan


class HealthFrame(Value):
    """Ask whether a safe sandbox can be made; answered with one health event."""

    frame: Literal["health"] = "health"
    id: QuestionId


class DryRunFrame(Value):
    """Ask what a plan would do; nothing is begun, and it is answered with one dry run."""

    frame: Literal["dry_run"] = "dry_run"
    id: QuestionId
    plan: Plan


class Answer(Value):
    """One event of the answer to a question."""

    frame: Literal["answer"] = "answer"
    id: QuestionId
    event: Annotated[RunnerEvent, Field(discriminator="event")]


HubFrame = Welcome | HubBeat | OrderFrame | HealthFrame | DryRunFrame
RunnerFrame = Hello | RunnerBeat | Answer
HUB_FRAME: TypeAdapter[HubFrame] = TypeAdapter(Annotated[HubFrame, Field(discriminator="frame")])
RUNNER_FRAME: TypeAdapter[RunnerFrame] = TypeAdapter(
    Annotated[RunnerFrame, Field(discriminator="frame")]
)
