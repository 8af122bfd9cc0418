"""The engine: one running Vigil, as its entry points see it.

It hears deliveries, watches, hands segments to the workflow, takes people's answers and says what
is known. Entry points (web, CLI) hold an Engine and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from vigil.aftercare import Aftercare
from vigil.crew import Solo
from vigil.decisions import Decisions
from vigil.domain.account import Account
from vigil.domain.alert import Delivery
from vigil.domain.breaker import Breaker
from vigil.domain.course import Course
from vigil.domain.incident import Incident
from vigil.domain.message import Standing
from vigil.domain.plan import Plan
from vigil.domain.proof import Proof
from vigil.domain.run import Health
from vigil.domain.switch import SwitchState
from vigil.domain.timeline import Event, Head
from vigil.domain.value import Instant, Sha256
from vigil.domain.verdict import Answer, Verdict
from vigil.ports.alerts import Alerts
from vigil.ports.bus import Bus
from vigil.ports.inbox import Backlog, Inbox
from vigil.ports.journal import Decided, Load
from vigil.ports.locks import Lock
from vigil.ports.screenshots import Screenshots
from vigil.ports.workers import Role, Worker
from vigil.ports.workflow import Workflow
from vigil.posting import Posting
from vigil.roll_call import (
    Check,
    breakers_health,
    locks_health,
    source_health,
    switch_health,
    within_deadline,
    work_health,
    workers_health,
)
from vigil.shift import Shift
from vigil.story.accounts import account_of
from vigil.story.parts import Parts
from vigil.story.recorded import Recorded
from vigil.taking_in import TakingIn, inbox_health, unlimited
from vigil.watcher import Watcher
from vigil.writing_down import WritingDown

log = structlog.get_logger()

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

    ``crew`` stands for the other workers on the same record; ``led`` are loops that only one of
    them may run; ``posting`` tells people outside. ``background`` are loops that integrations need
    (the metrics scraper); ``closing`` ends what they started (the browser); ``checks`` tell how
    each part fares and are asked by ``/ready`` and ``vigil doctor``.
    """

    parts: Parts
    inbox: Inbox
    workflow: Workflow
    sources: Mapping[str, Source]
    checks: Mapping[str, Check] = field(default_factory=dict)
    background: Sequence[Background] = ()
    closing: Sequence[Background] = ()
    screenshots: Screenshots | None = None
    bus: Bus | None = None
    crew: Solo = field(default_factory=Solo)
    led: Mapping[Role, Background] = field(default_factory=dict)
    posting: Posting | None = None
    decisions: Decisions = field(init=False)
    writing_down: WritingDown = field(init=False)
    taking_in: TakingIn = field(init=False)
    shift: Shift = field(init=False)

    def __post_init__(self) -> None:
        self.decisions = Decisions(self.parts)
        inbox, clock = self.inbox, self.parts.senses.clock
        self.writing_down = WritingDown(inbox, clock)
        written = self.writing_down.written
        room = unlimited if self.bus is None else self.bus.room
        self.taking_in = TakingIn(inbox, self.parts.catalogue, clock, written, room)
        self.shift = Shift(self.parts, self.workflow, self.crew)

    # --- running ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what is on record and begin to look around."""
        watcher = Watcher(self.parts, self.hear, self.answer)
        led = {
            Role.WATCHING: watcher.watch,
            Role.AFTERCARE: Aftercare(self.parts, self.hear).watch,
            Role.INTAKE: self.taking_in.work,
            Role.EXPIRY: self.decisions.expire,
        }
        if self.posting is not None:
            led[Role.POST] = self.posting.work
        await self.shift.begin({**led, **self.led}, self.background)

    async def drain(self, within_s: float) -> None:
        """Begin nothing more and end what is under way; what takes longer is left to others."""
        await self.shift.drain(within_s)

    async def stop(self) -> None:
        """Stop looking and leave what is under way to the next process."""
        await self.shift.end()
        # Late: what a segment sees while its browser is taken away must not be recorded.
        for close in self.closing:
            await close()

    async def leave(self) -> None:
        """After ``stop``, and when its runner has ended too: others may take over all of it."""
        await self.crew.leave()

    # --- what it is told ----------------------------------------------------------------------

    async def hear(self, delivery: Delivery) -> None:
        """One authentic delivery; on disk when this returns, and taken in afterwards."""
        await self.writing_down.put(delivery)

    async def answer(self, incident_id: str, plan_digest: str, answer: Answer, by: str) -> Decided:
        """A person's answer to one plan, or the watcher's; of several exactly one wins."""
        return await self.decisions.answer(incident_id, plan_digest, answer, by)

    async def cancel(self, incident_id: str, by: str, reason: str = "") -> Decided:
        """A person takes an incident in hand: Vigil begins nothing more of it."""
        return await self.decisions.cancel(incident_id, by, reason)

    async def reset_breaker(self, breaker: str, incident_id: str, by: str, why: str) -> Decided:
        """A person closes a breaker that this incident tripped."""
        return await self.decisions.reset(breaker, incident_id, by, why)

    def turn_switch(self, state: SwitchState) -> SwitchState:
        """Stop or resume, which the runner reads as well; a stop may win over who resumes."""
        said = self.parts.switch.set(state)
        log.warning("switch turned", stopped=said.stopped, now=said.now, by=said.by)
        return said

    # --- what it knows ------------------------------------------------------------------------

    def now(self) -> Instant:
        """The time by which it works."""
        return self.parts.senses.clock.now()

    def switch(self) -> SwitchState:
        """What the stop switch says."""
        return self.parts.switch.read()

    async def breakers(self) -> tuple[Breaker, ...]:
        """The breakers of the policy that are tripped now."""
        return await self.decisions.breakers()

    async def locks(self) -> tuple[Lock, ...]:
        """What incidents keep from each other."""
        return await self.parts.locks.held()

    async def workers(self) -> tuple[Worker, ...]:
        """Everybody who works on this record, or is being taken over from."""
        return await self.crew.everyone()

    async def load(self) -> Load:
        """How much there is to do now."""
        return await self.parts.journal.load()

    async def lines(self) -> tuple[Backlog, ...]:
        """How much of each source lies in the inbox."""
        return await self.inbox.lines()

    async def standings(self) -> Mapping[str, Standing]:
        """How each way out fares on which people are told things."""
        return await self.posting.standings() if self.posting else {}

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

    async def course(self, incident_id: str) -> Course:
        """Which stages an incident entered, and when; its timeline is read once a version."""

        async def read() -> Course:
            return Course.of(await self.parts.journal.events(incident_id))

        news = await self.parts.journal.news(incident_id)
        return await (read() if self.bus is None else self.bus.remembered(news, read))

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

    async def account(self, incident_id: str, attempt: int | None = None) -> Account | None:
        """What people are shown of an attempt's proof, by default of the newest that has a plan."""
        incident = await self.incident(incident_id)
        for recorded in await self._attempts(incident_id, attempt):
            account = await account_of(recorded, incident)
            if account is not None:
                return account
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
            "inbox": self._inbox_health,
            "workers": self._workers_health,
            "work": self._work_health,
            "locks": self._locks_health,
            "breakers": self._breakers_health,
            **(self.posting.checks if self.posting else {}),
            **self.checks,
        }
        asked = await asyncio.gather(*(within_deadline(part, own[part]) for part in own))
        heard = (
            source_health(name, source.accepted, source.refused_last)
            for name, source in self.sources.items()
        )
        return (*asked, switch_health(self.switch()), *heard)

    async def _inbox_health(self) -> Health:
        return inbox_health(await self.lines(), self.now())

    async def _workers_health(self) -> Health:
        return workers_health(await self.workers(), self.now(), draining=self.shift.draining)

    async def _work_health(self) -> Health:
        return work_health(await self.load(), self.now())

    async def _breakers_health(self) -> Health:
        return breakers_health(await self.breakers())

    async def _locks_health(self) -> Health:
        return locks_health(await self.locks(), self.now())
