"""The engine: one running Vigil, as its entry points see it.

It hears deliveries, watches, hands segments to the workflow, takes people's answers and says what
is known. Entry points (web, CLI) hold an Engine and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from vigil.domain.alert import Delivery
from vigil.domain.errors import TemporaryError
from vigil.domain.incident import Incident
from vigil.domain.plan import Plan
from vigil.domain.proof import Proof
from vigil.domain.run import Health
from vigil.domain.switch import SwitchState
from vigil.domain.timeline import Event, Head
from vigil.domain.value import Sha256
from vigil.domain.verdict import Answer, Approval, Verdict
from vigil.lifecycle import Lifecycle
from vigil.observe.intake import TakenIn, intake
from vigil.parts import Parts
from vigil.ports.alerts import Alerts
from vigil.ports.journal import Decided
from vigil.ports.screenshots import Screenshots
from vigil.ports.workflow import Workflow
from vigil.recorded import Recorded
from vigil.watcher import Watcher

log = structlog.get_logger()

SWEEP_S = 0.2
"""How often written segments are handed to the workflow."""
SWEEP_BATCH = 100
CHECKPOINT_S = 5.0
"""How often the heads of all timelines are signed."""
HEALTH_DEADLINE_S = 5.0

Check = Callable[[], Awaitable[Health]]
Background = Callable[[], Awaitable[None]]


@dataclass
class Source:
    """One alert source and what became of its deliveries since the start."""

    adapter: Alerts
    accepted: int = 0
    refused: int = 0
    refused_last: str | None = None


@dataclass(frozen=True)
class Judged:
    """A plan and the gate's word on it, of the newest attempt that has them."""

    plan: Plan
    verdict: Verdict | None


@dataclass
class Engine:
    """One running Vigil.

    ``background`` are loops that integrations need (the metrics scraper); ``closing`` ends what
    they started (the browser); ``checks`` tell how each part fares and are asked by ``/ready`` and
    ``vigil doctor``.
    """

    parts: Parts
    workflow: Workflow
    sources: Mapping[str, Source]
    checks: Mapping[str, Check] = field(default_factory=dict)
    background: Sequence[Background] = ()
    closing: Sequence[Background] = ()
    screenshots: Screenshots | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    # --- running ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what is on record and begin to look around."""
        lifecycle = Lifecycle(self.parts)
        # Twice is once where the workflow remembers; where its history is gone, this is all of it.
        await self.parts.journal.due_again()
        await self.workflow.launch(lifecycle.run, lifecycle.give_up)
        watcher = Watcher(self.parts, self.hear, self.answer)
        loops = (self._sweep, watcher.watch, self._sign, *self.background)
        self._tasks = [asyncio.create_task(_forever(loop)) for loop in loops]

    async def stop(self) -> None:
        """Stop looking and leave what is under way to the next process."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.parts.journal.checkpoint(self.parts.senses.clock.now())
        # Late, because it takes the loop's threads with it.
        await self.workflow.shutdown()
        # Later still: what a segment sees while its browser is taken away must not be recorded.
        for close in self.closing:
            await close()

    async def _sweep(self) -> None:
        """Hand written segments to the workflow; twice is once, so a crash between is harmless."""
        while True:
            for following in await self.parts.journal.due(SWEEP_BATCH):
                await self.workflow.start(following.segment, following.incident, following.attempt)
                await self.parts.journal.mark(following)
            await asyncio.sleep(SWEEP_S)

    async def _sign(self) -> None:
        while True:
            await self.parts.journal.checkpoint(self.parts.senses.clock.now())
            await asyncio.sleep(CHECKPOINT_S)

    # --- what it is told ----------------------------------------------------------------------

    async def hear(self, delivery: Delivery) -> TakenIn:
        """Alerts of one authentic delivery, on disk when this returns; a replay changes nothing."""
        return await intake(
            delivery,
            catalogue=self.parts.catalogue,
            journal=self.parts.journal,
            clock=self.parts.senses.clock,
        )

    async def answer(self, incident_id: str, plan_digest: str, answer: Answer, by: str) -> Decided:
        """A person's answer to one plan, or the watcher's; of several exactly one wins."""
        at = self.parts.senses.clock.now()
        approval = Approval(plan_digest=plan_digest, answer=answer, by=by, at=at)
        return await self.parts.journal.answer(incident_id, approval)

    def turn_switch(self, state: SwitchState) -> None:
        """Stop or resume; the runner reads the same record."""
        self.parts.switch.set(state)
        log.warning("switch turned", stopped=state.stopped, now=state.now, by=state.by)

    # --- what it knows ------------------------------------------------------------------------

    async def incidents(self, limit: int = 100, *, only_open: bool = False) -> tuple[Incident, ...]:
        """Newest first."""
        return await self.parts.journal.incidents(limit, only_open=only_open)

    async def heads(self, limit: int) -> tuple[Head, ...]:
        """How far the timelines of the open and of the newest incidents have come."""
        return await self.parts.journal.heads(limit)

    async def incident(self, incident_id: str) -> Incident:
        """One incident; NotFound."""
        return await self.parts.journal.incident(incident_id)

    async def timeline(self, incident_id: str, after: int = 0) -> tuple[Event, ...]:
        """The events of an incident from a number on."""
        await self.incident(incident_id)
        return await self.parts.journal.events(incident_id, after)

    async def judged(self, incident_id: str, attempt: int | None = None) -> Judged | None:
        """The plan of an attempt (the newest one that has a plan), and the verdict on it."""
        for recorded in await self._attempts(incident_id, attempt):
            plan = await recorded.plan()
            if plan is not None:
                return Judged(plan=plan, verdict=await recorded.verdict())
        return None

    async def proof(self, incident_id: str, attempt: int | None = None) -> Proof | None:
        """The proof of an attempt, by default of the newest one that has a proof."""
        for recorded in await self._attempts(incident_id, attempt):
            proof = await recorded.proof()
            if proof is not None:
                return proof
        return None

    async def screenshot(self, digest: Sha256) -> bytes | None:
        """A picture (PNG) that a journey took; None when it is not kept, or not any more."""
        return await self.screenshots.read(digest) if self.screenshots else None

    async def _attempts(self, incident_id: str, asked: int | None) -> tuple[Recorded, ...]:
        """The attempt asked for, or all of them, newest first."""
        incident = await self.incident(incident_id)
        numbers = (asked,) if asked is not None else range(incident.attempt, 0, -1)
        return tuple(Recorded(self.parts.journal, incident_id, number) for number in numbers)

    async def health(self) -> tuple[Health, ...]:
        """Every part with its state and, where one is broken, a remedy."""
        own = {
            "workflow": self.workflow.health,
            "sandbox": self.parts.sandbox.health,
            **self.checks,
        }
        asked = await asyncio.gather(*(_within_deadline(part, own[part]) for part in own))
        return (*asked, self._switch_health(), *self._source_health())

    def _switch_health(self) -> Health:
        state = self.parts.switch.read()
        return Health(
            part="switch",
            ok=not state.stopped,
            text=f"stopped: {state.text}" if state.stopped else "Vigil may act",
            remedy="vigil resume, once you know why it was stopped" if state.stopped else None,
        )

    def _source_health(self) -> tuple[Health, ...]:
        return tuple(
            Health(
                part=f"source {name}",
                ok=source.refused_last is None,
                text=source.refused_last or f"{source.accepted} deliveries accepted",
                remedy="compare the secret at the sender with the one in Vigil's settings"
                if source.refused_last
                else None,
            )
            for name, source in self.sources.items()
        )


async def _within_deadline(part: str, check: Check) -> Health:
    remedy = "see Vigil's log for what it is waiting for"
    try:
        async with asyncio.timeout(HEALTH_DEADLINE_S):
            return await check()
    except TimeoutError:
        text = f"no answer within {HEALTH_DEADLINE_S:.0f} s"
        return Health(part=part, ok=False, text=text, remedy=remedy)
    except TemporaryError as error:
        return Health(part=part, ok=False, text=str(error), remedy=remedy)


async def _forever(loop: Background) -> None:
    """Keep a loop going: whatever it trips over is logged, and it starts again after a pause."""
    while True:
        try:
            await loop()
        except Exception:  # a loop that ended silently would be worse than any error
            log.exception("loop failed", loop=getattr(loop, "__qualname__", "loop"))
        await asyncio.sleep(1.0)
