"""Stages that take no time: senses, reasoner, memory and sandbox of a world that answers at once.

Journal, locks and workflow are not here: they are what is measured.
"""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

from tests.support.hand_clock import HandClock
from tests.support.world import (
    ScriptedChanges,
    ScriptedInventories,
    ScriptedSessions,
    ScriptedTelemetry,
)

from vigil.domain.briefing import Briefing, Draft, DraftAction
from vigil.domain.catalogue import Autonomy, Catalogue, Environment, Service, Symptom, Watch
from vigil.domain.effects import Risk
from vigil.domain.foreseen import Foreseen
from vigil.domain.lesson import Lesson
from vigil.domain.plan import ActionResult, ActionStatus, Plan, Reason
from vigil.domain.policy import Policy
from vigil.domain.probe import HttpProbe, HttpStep, Probe, ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.run import Health, RunOrder
from vigil.domain.runbook import Record, Runbook
from vigil.domain.value import Instant
from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.orient.scene import Senses
from vigil.ports.clock import Clock
from vigil.ports.desk import Desk
from vigil.ports.memory import Ingested, Occurrence, Recalled
from vigil.ports.sandbox import OnOutput

SYMPTOM = "broken"
STEPS = ("symptom", "cause", "runbook", "actions", "proof")
NEVER_S = 100_000.0
POLICY = Policy(auto_confidence=0, auto_context_match=0, max_executions_per_hour=1_000_000)

_slept: ContextVar[list[float]] = ContextVar("slept")


def service_name(number: int) -> str:
    """The services are told apart by their numbers."""
    return f"service-{number}"


def catalogue(services: int) -> Catalogue:
    """Services that have nothing in common, so that none waits for another's locks."""
    return Catalogue(
        version=1,
        environment=Environment.LAB,
        watch=Watch(interval_s=NEVER_S),
        services={name: _service(name) for name in map(service_name, range(services))},
    )


def _service(name: str) -> Service:
    grant = ProcessRestartGrant(
        verb="process.restart", supervisor=f"/run/{name}.sock", processes=("process",)
    )
    step = HttpStep(url="http://127.0.0.1:1/")
    return Service(
        autonomy=Autonomy.AUTO,
        # The same few services fall ill again and again: each time it is new.
        watch_after_s=0,
        probes={"answers": HttpProbe(kind="http", steps=(step,))},
        symptoms={SYMPTOM: Symptom(probes=("answers",))},
        grants={"restart": grant},
    )


class TrivialClock:
    """Whoever sleeps is awake at once, and it is later for whoever slept and for nobody else."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._start = uuid4().hex[:8]

    def now(self) -> Instant:
        """The wall clock, and what this task has slept."""
        return datetime.now(UTC) + timedelta(seconds=self._mine()[0])

    def elapsed(self) -> float:
        """The loop's clock, and what this task has slept."""
        return asyncio.get_running_loop().time() + self._mine()[0]

    def new_id(self) -> str:
        """One after the other."""
        return f"{self._start}{next(self._numbers):08}"

    async def sleep(self, seconds: float) -> None:
        """Be awake at once, later."""
        self._mine()[0] += seconds
        await asyncio.sleep(0)

    def _mine(self) -> list[float]:
        """Shared by a task and those that it begins, for it was made before they were."""
        try:
            return _slept.get()
        except LookupError:
            _slept.set(mine := [0.0])
            return mine


class TrivialProbes:
    """Each service fails until something was run for it."""

    def __init__(self, clock: Clock, cured: set[str]) -> None:
        self._clock = clock
        self._cured = cured

    async def run(self, ref: ProbeRef, probe: Probe) -> ProbeResult:  # noqa: ARG002 - the port's
        """Look once."""
        passing = ref.service in self._cured
        outcome = ProbeOutcome.PASSING if passing else ProbeOutcome.FAILING
        return ProbeResult(ref=ref, outcome=outcome, text="", seconds=0.0, at=self._clock.now())


class TrivialReasoner:
    """One action, always the same."""

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:  # noqa: ARG002 - the port's
        """Write a draft."""
        action = DraftAction(
            title="Restart it",
            script="vigil-do process.restart restart process",
            undo=None,
            no_undo="nothing to go back to",
        )
        return Draft(
            runbook=None,
            summary="Restart it.",
            reasons=tuple(Reason(step=step, text="It is so.") for step in STEPS),
            actions=(action,),
            declared_risk=Risk.LOW,
        )


class TrivialSandbox:
    """Every run succeeds at once."""

    def __init__(self, cured: set[str]) -> None:
        self._cured = cured

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:  # noqa: ARG002 - the port's
        """Cure it."""
        self._cured.add(order.plan.service)
        return ActionResult(
            action=order.action, status=ActionStatus.SUCCEEDED, exit_code=0, seconds=0.0
        )

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:  # noqa: ARG002 - the port's
        """Foresee nothing."""
        return ()

    async def health(self) -> Health:
        """It is well."""
        return Health(part="sandbox", ok=True, text="trivial")


class NoMemory:
    """Nothing was learned, and nothing is kept."""

    async def ingest(self, origin: str, runbooks: Sequence[Runbook]) -> Ingested:  # noqa: ARG002 - the port's
        """Keep nothing."""
        return Ingested(added=0, updated=0, unchanged=0, removed=0)

    async def recall(self, words: str, limit: int) -> tuple[Recalled, ...]:  # noqa: ARG002 - the port's
        """Know nothing."""
        return ()

    async def learn(self, lesson: Lesson, attempt: int) -> None:
        """Keep nothing."""

    async def like(self, like: Occurrence, limit: int) -> tuple[Lesson, ...]:  # noqa: ARG002 - the port's
        """Know nothing."""
        return ()

    async def came_back(self, incident: str, attempt: int, came_back_as: str) -> Lesson | None:  # noqa: ARG002 - the port's
        """Keep nothing."""
        return None

    async def record(self, runbook: Runbook, service_kind: str) -> Record:  # noqa: ARG002 - the port's
        """No trial."""
        return Record(trials=0, successes=0)


@dataclass(frozen=True)
class World:
    """Everything that looks or acts, on the same services."""

    clock: TrivialClock = field(default_factory=TrivialClock)
    cured: set[str] = field(default_factory=set)

    @property
    def senses(self) -> Senses:
        """What there is to see."""
        return Senses(
            probes=TrivialProbes(self.clock, self.cured),
            telemetry=ScriptedTelemetry(HandClock()),
            changes=ScriptedChanges(),
            sessions=ScriptedSessions(),
            inventories=ScriptedInventories(),
            clock=self.clock,
        )

    @property
    def sandbox(self) -> TrivialSandbox:
        """Where it is cured."""
        return TrivialSandbox(self.cured)
