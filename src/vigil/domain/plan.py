"""A plan: frozen, with one digest that approval, execution, broker and audit all name."""

import operator
from enum import StrEnum

from pydantic import Field

from vigil.domain.effects import Call, EffectKind, Effects, Risk
from vigil.domain.identity import content_digest
from vigil.domain.probe import ProbeRef
from vigil.domain.signed import Attestation
from vigil.domain.value import Value


class PlanKind(StrEnum):
    """Why a plan was written."""

    REMEDY = "remedy"
    ROLLBACK = "rollback"


class Reason(Value):
    """One of the five recorded steps of synthesis."""

    step: str
    text: str
    evidence: tuple[str, ...] = ()


class Author(Value):
    """The model that wrote a plan, and the version of the prompt that it was given."""

    model: str = Field(min_length=1, max_length=128)
    prompt: str = Field(min_length=1, max_length=64)


class Action(Value):
    """One script for the sandbox, with what the guard computed of it.

    Exactly one of ``undo`` (a script) and ``no_undo`` (why there is none) is given.
    """

    id: str
    title: str
    script: str
    grants: tuple[str, ...]
    effects: Effects
    undo: str | None = None
    no_undo: str | None = None
    timeout_s: float = Field(default=30.0, gt=0, le=120.0)
    # Left out where it is empty, so that plans from before there were any keep their digest.
    raw: tuple[str, ...] = Field(default=(), max_length=4, exclude_if=operator.not_)
    """The raw grants that script and undo need: with them they are of free form, and a person is
    asked."""
    private: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """The tokens whose true values script and undo read; see ``domain/private.py``."""


class Role(StrEnum):
    """Why a plan looks at a probe."""

    SYMPTOM = "symptom"
    """It shows the trouble: it has to fail before and pass afterwards."""
    CAUSE = "cause"
    """It would fail if the hypothesis were right: where it does, it has to pass afterwards."""
    RUNBOOK = "runbook"
    """The runbook names it: it has to pass afterwards."""
    AUTHOR = "author"
    """Whoever wrote the plan asks for it: it has to pass afterwards."""
    RISK = "risk"
    """An action of the plan could break it."""
    NEIGHBOUR = "neighbour"
    """It looks at the same service, what that needs or what needs it."""


class Chosen(Value):
    """A probe that was chosen for a plan, and why, as a sentence."""

    ref: ProbeRef
    role: Role
    why: str


class Plan(Value):
    """What will be done about one incident, whole; another digest is another plan."""

    incident: str
    attempt: int
    kind: PlanKind = PlanKind.REMEDY
    service: str
    symptom: str
    failure_type: str
    component: str
    runbook: str | None
    runbook_digest: str | None
    summary: str
    reasons: tuple[Reason, ...]
    actions: tuple[Action, ...] = Field(min_length=1, max_length=10)
    declared_risk: Risk
    proving: tuple[ProbeRef, ...]
    neighbours: tuple[ProbeRef, ...]
    # Left out where it is empty, so that plans from before it was said keep their digest.
    chosen: tuple[Chosen, ...] = Field(default=(), exclude_if=operator.not_)
    """Why each of them is looked at; in their order."""
    # Left out where it is this machine's, so that plans from before it was said keep their digest.
    runner: str | None = Field(default=None, exclude_if=operator.not_)
    """Of the catalogue's runners, when the plan was made: no other one runs it. None is this
    machine's own."""
    # These are left out where there are none, so that plans from before they were said keep their
    # digest.
    risk_reasons: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """Why it declares that risk."""
    alternatives: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """What else was weighed, and why it is not proposed."""
    would_change_mind: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    """What would have to be seen for another proposal."""
    author: Author | None = Field(default=None, exclude_if=operator.not_)
    """The model that wrote it; None: no model did."""

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of the canonical JSON."""
        return content_digest(self.model_dump(mode="json"))

    @property
    def of_the_cause(self) -> tuple[ProbeRef, ...]:
        """The probes that show the cause, where it is another thing than the symptom.

        By the hypothesis, or by the word of the runbook or of whoever wrote the plan.
        """
        shows = (Role.CAUSE, Role.RUNBOOK, Role.AUTHOR)
        return tuple(each.ref for each in self.chosen if each.role in shows)

    @property
    def effect_kind(self) -> EffectKind:
        """The worst effect of any action."""
        return max((a.effects.kind for a in self.actions), key=lambda kind: kind.rank)

    @property
    def resources(self) -> tuple[str, ...]:
        """What the plan touches, sorted."""
        return tuple(sorted({r for a in self.actions for r in a.effects.resources}))


class ActionStatus(StrEnum):
    """How the run of one action ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The script ended with another code than 0, or was refused by the broker."""
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    """The kernel killed a process of the script, because together they had all the memory they
    may have, and the script did not end well."""
    STOPPED = "stopped"
    """The stop switch ended it."""
    UNCERTAIN = "uncertain"
    """Nobody knows how far it came; verification decides and it is never blindly run again."""
    NOT_BEGUN = "not_begun"
    """Called off, or too late, before any call of it was begun, and never begun after that: not a
    result of the plan, but the runner's answer to who asks what became of it."""


class CallRecord(Value):
    """One call as the broker logged it."""

    call: Call
    allowed: bool
    result: str
    """What was done, or why it was refused."""
    repeated: bool = False
    """The effect had been done before under the same idempotency key and was not done again."""


class PeakUse(Value):
    """The most that a script used, with all it started and its sandbox's own few processes.

    As the kernel counted it; None where nobody could know.
    """

    memory_bytes: int | None = Field(default=None, ge=0, lt=2**63)
    """At one time, its scratch and what the kernel keeps for it included."""
    processes: int | None = Field(default=None, ge=0, lt=2**31)
    """At one time."""
    cpu_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """From beginning to end, of all processors."""

    @property
    def told(self) -> str:
        """What is known of it, in words; empty where nothing is."""
        parts = []
        if self.memory_bytes is not None:
            parts.append(f"{self.memory_bytes / 1024**2:.1f} MB")
        if self.processes is not None:
            parts.append(f"{self.processes} processes")
        if self.cpu_s is not None:
            parts.append(f"{self.cpu_s:.2f} s of processor time")
        return ", ".join(parts)

    @property
    def unknown(self) -> bool:
        """Nothing of it is known."""
        return not self.told


class ActionResult(Value):
    """What became of one action."""

    action: str
    status: ActionStatus
    exit_code: int | None = Field(ge=-(2**31), lt=2**31)
    calls: tuple[CallRecord, ...] = Field(default=(), max_length=256)
    output: str = Field(default="", max_length=65_536)
    """Bounded tail of what the script printed."""
    seconds: float = Field(ge=0, allow_inf_nan=False)
    # Left out where nothing is known, so that results from before it was counted stay the same.
    peak: PeakUse = Field(default=PeakUse(), exclude_if=operator.attrgetter("unknown"))
    attestation: Attestation | None = None
    """Of a runner near a remote target: its signature, and the order that it answers."""
    interrupted: bool = False
    """Not the script's doing: the stop switch, or the end of the worker's lease, cut it short."""


class Execution(Value):
    """What became of a plan: the results up to the first surprise."""

    plan_digest: str
    results: tuple[ActionResult, ...]
    refused: str | None = None
    """Why nothing was started, or nothing more than ``results`` says."""

    @property
    def succeeded(self) -> bool:
        """The plan ran to its end: nothing was refused, and every action succeeded."""
        every = all(r.status is ActionStatus.SUCCEEDED for r in self.results)
        return bool(self.results) and self.refused is None and every

    @property
    def interrupted(self) -> bool:
        """It was begun, and something outside of the plan kept it from its end.

        What came of it says nothing of how good the plan is.
        """
        if not self.results or self.succeeded:
            return False
        last = self.results[-1]
        return self.refused is not None or last.interrupted or last.status is ActionStatus.STOPPED
