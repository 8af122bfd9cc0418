"""A whole Vigil on a real record, beside a shop that the test plays: it can be told to any point.

Journal, locks, memory and reasoner are the real ones. The shop, and the sandbox that works on it,
are the world: they go on while Vigil is killed and started again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine
from tests.support.hand_clock import START, HandClock
from tests.support.record import Record, open_record, receive
from tests.support.shop import CountingSandbox, Shop
from tests.support.world import (
    HandSwitch,
    ScriptedChanges,
    ScriptedInventories,
    ScriptedProbes,
    ScriptedSessions,
    ScriptedTelemetry,
    catalogue,
)

from vigil.cli.runbooks import read_library
from vigil.domain.alert import Alert, AlertStatus, Severity
from vigil.domain.catalogue import Autonomy
from vigil.domain.errors import LockHeld
from vigil.domain.incident import Incident, WaitingOn
from vigil.domain.policy import Policy
from vigil.domain.runbook import Record as RunbookRecord
from vigil.domain.runbook import Runbook, Step
from vigil.domain.verdict import Answer, Approval
from vigil.integrations.journal import Keys, SqlInbox, SqlJournal
from vigil.integrations.journal.on_record import OnRecord
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.memory import memory_in
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.lifecycle import Lifecycle
from vigil.observe.intake import symptom_of, title_of
from vigil.orient.scene import Senses
from vigil.ports.journal import NextSegment
from vigil.ports.switch import Switch
from vigil.shift import free_left_over
from vigil.story.parts import Parts

Result = TypeVar("Result")
RUNBOOKS = Path(__file__).resolve().parents[2] / "runbooks"
MEASURED = RunbookRecord(trials=60, successes=60, commit="0" * 40, measured_on="2026-03-01")
MOST_SEGMENTS = 50


class PowerCut(BaseException):
    """Vigil is killed here: nothing of it runs on, not even its own last words."""


@dataclass
class Fuse:
    """Burns down by one before and after each write of the record, and then cuts the power."""

    left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise PowerCut
            self.left -= 1


class Fused(OnRecord):
    """The real record in a house whose power may be cut."""

    fuse: Fuse

    async def _write(self, work: Callable[[Connection], Result]) -> Result:
        self.fuse.burn()
        result = await super()._write(work)
        self.fuse.burn()
        return result


class FusedInbox(Fused, SqlInbox):
    """Where the power may be cut while letters are received."""

    def __init__(self, engine: Engine, keys: Keys, fuse: Fuse) -> None:
        super().__init__(engine, keys)
        self.fuse = fuse


class FusedJournal(Fused, SqlJournal):
    """Where the power may be cut at each step of an incident."""

    def __init__(
        self, engine: Engine, keys: Keys, fuse: Fuse, switch: Switch | None = None
    ) -> None:
        known = switch or HandSwitch()
        super().__init__(engine, keys, switched=lambda _: known.read())
        self.fuse = fuse


@dataclass
class Story:
    """One Vigil, its world, and the segments that were handed out so far."""

    record: Record
    clock: HandClock
    shop: Shop
    sandbox: CountingSandbox
    switch: Switch
    probes: ScriptedProbes
    fuse: Fuse
    parts: Parts
    handed_out: list[NextSegment] = field(default_factory=list)

    @property
    def journal(self) -> SqlJournal:
        return self.record.journal

    @property
    def lifecycle(self) -> Lifecycle:
        """A new one each time: nothing may be remembered but what is on record."""
        return Lifecycle(self.parts)

    def with_parts(self, **changes: object) -> None:
        """Other parts from here on."""
        self.parts = replace(self.parts, **changes)  # type: ignore[arg-type] # by field name

    async def hear(
        self,
        name: str = "checkout-errors",
        source: str = "watch",
        since: float = 0.0,
        status: AlertStatus = AlertStatus.FIRING,
        *,
        followed: bool = False,
        by: str = "",
    ) -> Incident:
        """An alert comes in, or its end, as the engine receives it."""
        alert = Alert(
            source=source,
            name=name,
            service="web",
            status=status,
            fingerprint=f"{source}/{name}",
            severity=Severity.CRITICAL,
            starts_at=START + timedelta(seconds=since),
            followed=followed,
            by=by,
        )
        joined = await receive(
            self.record.inbox,
            alert=alert,
            service="web",
            symptom=symptom_of(alert, self.parts.catalogue),
            title=title_of(alert),
            now=self.clock.now(),
            new_id=self.clock.new_id(),
        )
        assert joined.incident is not None
        return joined.incident

    async def go_on(self) -> None:
        """Hand out what is due until nothing is, as the engine's sweeper does."""
        for _ in range(MOST_SEGMENTS):
            due = await self.journal.due(10)
            if not due:
                return
            for following in due:
                if following not in self.handed_out:
                    self.handed_out.append(following)
                await self.run(following)
                await self.journal.mark(following)
        raise AssertionError(f"still not at the end after {MOST_SEGMENTS} rounds")

    async def approve(self, incident: Incident) -> Incident:
        """Ada says yes to the plan that waits; what has become of it when nothing is due."""
        assert incident.waiting_on is WaitingOn.APPROVAL
        assert incident.plan_digest is not None
        yes = Approval(
            plan_digest=incident.plan_digest, answer=Answer.APPROVED, by="Ada", at=self.clock.now()
        )
        assert (await self.journal.answer(incident.id, yes)).won
        await self.go_on()
        return await self.journal.incident(incident.id)

    async def run(self, segment: NextSegment) -> None:
        await self.lifecycle.run(segment.segment, segment.incident, segment.attempt)

    async def told(self, incident_id: str) -> list[str]:
        """The kinds of events, in order; what scripts print is not part of the story."""
        events = await self.journal.events(incident_id)
        return [e.kind for e in events if e.kind != "action_output"]

    async def payloads(self, incident_id: str, kind: str) -> list[dict[str, object]]:
        events = await self.journal.events(incident_id)
        return [dict(e.payload or {}) for e in events if e.kind == kind]

    async def ending(self, incident_id: str) -> str:
        (closed,) = await self.payloads(incident_id, "closed")
        return str(closed["text"])

    async def leases_end(self) -> None:
        """So much time goes by, and what was left to closed incidents is freed."""
        self.clock.advance(600)
        await free_left_over(self.parts)

    async def locks_are_free(self) -> bool:
        """Whether somebody else gets everything at once."""
        wanted = ("service:db", "service:web")
        try:
            await self.parts.locks.take(wanted, "somebody else", "w", self.clock.now(), 1.0)
        except LockHeld:
            return False
        finally:
            await self.parts.locks.release("somebody else")
        return True


@cache
def measured_runbooks() -> tuple[Runbook, ...]:
    """The shipped runbooks as if the lab had measured them, whatever it did."""
    shipped = read_library(RUNBOOKS).runbooks
    return tuple(runbook.model_copy(update={"lab_record": MEASURED}) for runbook in shipped)


async def teach(story: Story, *steps: Step) -> None:
    """The runbook for a bad release says this instead, and was measured as well."""
    runbooks = [
        each.model_copy(update={"steps": steps}) if each.id == "bad-release" else each
        for each in measured_runbooks()
    ]
    await story.parts.memory.ingest("shipped", runbooks)


async def begin(
    directory: Path,
    *,
    autonomy: Autonomy = Autonomy.AUTO,
    policy: Policy | None = None,
    url: str | None = None,
    switch_on: Callable[[Engine], Switch] = lambda _: HandSwitch(),
) -> Story:
    """A Vigil that knows the shipped runbooks, which were measured, and a shop that is broken."""
    record = open_record(directory, url)
    clock, switch, fuse = HandClock(), switch_on(record.engine), Fuse()
    shop = Shop(clock)
    sandbox = CountingSandbox(shop)
    journal = FusedJournal(record.engine, record.keys, fuse, switch)
    memory = memory_in(record.engine)
    await memory.ingest("shipped", measured_runbooks())
    probes = ScriptedProbes(clock, {"web/checkout": shop.checkout, "web/catalogue": shop.catalogue})
    parts = Parts(
        catalogue=catalogue(autonomy),
        policy=policy or Policy(),
        senses=Senses(
            probes=probes,
            telemetry=ScriptedTelemetry(
                clock,
                bad=lambda: 0.6 if shop.checkout_fails(shop) else 0.0,
                errors=shop.errors,
            ),
            changes=ScriptedChanges(shop.releases()),
            sessions=ScriptedSessions(),
            inventories=ScriptedInventories(),
            clock=clock,
        ),
        journal=journal,
        memory=memory,
        reasoner=PlaybookReasoner(),
        sandbox=sandbox,
        switch=switch,
        locks=SqlLocks(record.engine),
    )
    inbox = FusedInbox(record.engine, record.keys, fuse)
    whole = Record(record.engine, record.keys, journal, inbox)
    return Story(whole, clock, shop, sandbox, switch, probes, fuse, parts)
