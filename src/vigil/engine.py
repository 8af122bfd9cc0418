"""The engine: one running Vigil, as its entry points see it.

It hears deliveries, watches, hands segments to the workflow, takes people's answers and says what
is known. Entry points (web, CLI) hold an Engine and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from vigil.domain.alert import Delivery
from vigil.domain.catalogue import Symptom
from vigil.domain.errors import TemporaryError
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.plan import Plan
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.proof import Proof
from vigil.domain.run import Health
from vigil.domain.switch import SwitchState
from vigil.domain.telemetry import Ratio
from vigil.domain.timeline import Event, Head
from vigil.domain.value import Sha256
from vigil.domain.verdict import Answer, Approval, Verdict
from vigil.lifecycle import Lifecycle, Parts
from vigil.observe.intake import TakenIn, intake
from vigil.observe.watch import SOURCE, Watched, is_bad
from vigil.orient.investigators.releases import OWN_NAME
from vigil.ports.alerts import Alerts
from vigil.ports.journal import Decided
from vigil.ports.screenshots import Screenshots
from vigil.ports.workflow import Workflow
from vigil.progress import VERDICT, recorded_plan

log = structlog.get_logger()

SWEEP_S = 0.2
"""How often written segments are handed to the workflow."""
SWEEP_BATCH = 100
HEARD = frozenset({"opened", "alert_joined", "alert_resolved"})
"""What a timeline says of alerts."""
MOST_REMEMBERED = 500
"""Newest incidents in which a starting watcher looks for trouble that was there before it."""
WELL = timedelta(seconds=20)
"""How long a symptom must be gone before a plan that waits for a person is taken back: longer than
the window that a condition usually looks at."""
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
        loops = (self._sweep, self._watch, self._sign, *self.background)
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

    async def _watch(self) -> None:
        """The own watcher: look at every symptom of the catalogue, again and again."""
        catalogue = self.parts.catalogue
        states = await self._remembered()
        while True:
            states = list(await asyncio.gather(*(self._look(state) for state in states)))
            await self._withdraw(states)
            await asyncio.sleep(catalogue.watch.interval_s)

    async def _withdraw(self, states: Sequence[Watched]) -> None:
        """A plan that waits for a person while its symptom is gone is taken back.

        Level, not edge: it makes no difference whether the symptom went before or after the plan
        began to wait, nor which of several processes saw it.
        """
        now = self.parts.senses.clock.now()
        well = {(s.service, s.symptom) for s in states if s.well_for(now) >= WELL}
        for incident in await self.parts.journal.incidents(MOST_REMEMBERED, only_open=True):
            waits = incident.waiting_on is WaitingOn.APPROVAL and incident.plan_digest is not None
            if waits and (incident.service, incident.symptom) in well:
                await self.answer(
                    incident.id, str(incident.plan_digest), Answer.WITHDRAWN, OWN_NAME
                )

    async def _remembered(self) -> list[Watched]:
        """What a watcher before this one had seen: trouble that is open or in somebody's hand.

        Otherwise its end would never be told, and what comes after it would be taken for it. What
        was said to be over is forgotten: else one bad look would be enough to open it anew.
        """
        newest: dict[tuple[str, str], Incident] = {}
        for incident in await self.parts.journal.incidents(MOST_REMEMBERED):
            newest.setdefault((incident.service, incident.symptom), incident)
        since = {
            place: incident.opened_at
            for place, incident in newest.items()
            if incident.stage is not Stage.RESOLVED and not await self._said_to_be_over(incident)
        }
        return [
            Watched(
                service=name,
                symptom=symptom,
                firing=(name, symptom) in since,
                since=since.get((name, symptom)),
            )
            for name, service in self.parts.catalogue.services.items()
            for symptom in service.symptoms
        ]

    async def _said_to_be_over(self, incident: Incident) -> bool:
        """Whether the last that any source said of it is that it ended."""
        events = await self.parts.journal.events(incident.id)
        heard = [event.kind for event in events if event.kind in HEARD]
        return heard[-1:] == ["alert_resolved"]

    async def _look(self, state: Watched) -> Watched:
        symptom = self.parts.catalogue.services[state.service].symptoms[state.symptom]
        results, ratio = await asyncio.gather(
            asyncio.gather(*(self._probe(state.service, probe) for probe in symptom.probes)),
            self._condition(state.service, symptom),
        )
        now = self.parts.senses.clock.now()
        bad = is_bad(symptom, tuple(results), ratio)
        after, turned = state.seen(now, bad=bad, failures=self.parts.catalogue.watch.failures)
        if turned is None:
            return after
        worst = next((r.text for r in results if r.outcome is ProbeOutcome.FAILING), "")
        alert = after.alert(turned, symptom, f"{state.symptom}: {worst}".rstrip(": "), now)
        try:
            await self.hear(Delivery(source=SOURCE, alerts=(alert,)))
        except TemporaryError as error:
            # Not told, so not turned: the next look tells it again.
            log.warning("alert not recorded", symptom=state.symptom, why=str(error))
            return state
        return after

    async def _probe(self, service: str, probe: str) -> ProbeResult:
        ref = ProbeRef(service=service, probe=probe)
        return await self.parts.senses.probes.run(ref, self.parts.catalogue.probe(ref))

    async def _condition(self, service: str, symptom: Symptom) -> Ratio | None:
        if symptom.condition is None:
            return None
        return await self.parts.senses.telemetry.bad_ratio(service, symptom.condition)

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
        """A person's answer to one plan; of several exactly one wins."""
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
        journal = self.parts.journal
        for number in await self._attempts(incident_id, attempt):
            plan = await recorded_plan(journal, incident_id, number)
            if plan is not None:
                text = await journal.output(incident_id, number, Stage.SYNTHESIZING, VERDICT)
                verdict = Verdict.model_validate_json(text) if text else None
                return Judged(plan=plan, verdict=verdict)
        return None

    async def proof(self, incident_id: str, attempt: int | None = None) -> Proof | None:
        """The proof of an attempt, by default of the newest one that has a proof."""
        for number in await self._attempts(incident_id, attempt):
            text = await self.parts.journal.output(incident_id, number, Stage.VERIFYING)
            if text is not None:
                return Proof.model_validate_json(text)
        return None

    async def screenshot(self, digest: Sha256) -> bytes | None:
        """A picture (PNG) that a journey took; None when it is not kept, or not any more."""
        return await self.screenshots.read(digest) if self.screenshots else None

    async def _attempts(self, incident_id: str, asked: int | None) -> Sequence[int]:
        """The attempt asked for, or all of them, newest first."""
        incident = await self.incident(incident_id)
        return (asked,) if asked is not None else range(incident.attempt, 0, -1)

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
