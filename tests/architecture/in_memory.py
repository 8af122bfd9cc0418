"""A Vigil whose every part is a value in memory: nothing of it needs a world."""

from collections.abc import Sequence

from tests.support.hand_clock import START, HandClock
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

from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.domain.breaker import Reset
from vigil.domain.cost import Spent
from vigil.domain.effects import Risk
from vigil.domain.errors import NotFound
from vigil.domain.evidence import Finding
from vigil.domain.executed import Executed
from vigil.domain.hypothesis import FailureType
from vigil.domain.incident import Incident, Stage
from vigil.domain.lesson import Lesson
from vigil.domain.news import News
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.recurrence import Recurrence
from vigil.domain.run import Fence
from vigil.domain.runbook import Check, Record, Runbook, Step
from vigil.domain.timeline import Checkpoint, Event, Head
from vigil.domain.value import Instant
from vigil.domain.verdict import Approval, Cancellation
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.lifecycle import Lifecycle
from vigil.observe.intake import intake
from vigil.orient.scene import Senses
from vigil.ports.inbox import Arrival, Backlog, Full, Joined, Letter, MappedAlert, TakenIn
from vigil.ports.journal import (
    Decided,
    Load,
    NextSegment,
    Note,
    Proviso,
    StageOutput,
)
from vigil.ports.locks import Lock
from vigil.ports.memory import Ingested, Occurrence, Recalled
from vigil.ports.workflow import Segment
from vigil.story.parts import Parts

SCRIPT = (
    "vigil-do release.switch {{grant.release.switch}} {{release.%s}}\n"
    "vigil-do process.restart {{grant.process.restart}} {{processes}}\n"
)
RUNBOOK = Runbook(
    id="bad-release",
    title="A new release broke it",
    service=("web-application",),
    failure_types=(FailureType.BAD_RELEASE,),
    risk_level=Risk.LOW,
    checks=(Check(id="recent", title="A release came", finding=Finding.RELEASE_RECENT),),
    steps=(
        Step(
            title="Switch back",
            script=SCRIPT % "previous",
            verbs=("release.switch", "process.restart"),
            undo=SCRIPT % "current",
        ),
    ),
    body="",
    path="bad-release.md",
)


class ListJournal:
    """Fulfils ``Journal`` and ``Inbox`` for one process that is never killed."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._outputs: dict[tuple[str, int, str, str], StageOutput] = {}
        self.notes: list[Note] = []
        self.following: list[NextSegment] = []

    async def write_down(
        self, deliveries: Sequence[Delivery], now: Instant
    ) -> tuple[int | Full, ...]:
        raise NotImplementedError

    async def lines(self) -> tuple[Backlog, ...]:
        return ()

    async def letters(self, source: str, limit: int) -> tuple[Letter, ...]:
        return ()

    async def receive(self, arrivals: Sequence[Arrival]) -> tuple[TakenIn, ...]:
        taken = [(arrival, tuple(map(self._open, arrival.alerts))) for arrival in arrivals]
        return tuple(TakenIn(arrival=arrival, joined=joined) for arrival, joined in taken)

    def _open(self, mapped: MappedAlert) -> Joined:
        opened = Incident(
            id=mapped.new_id,
            service=mapped.service,
            symptom=mapped.symptom,
            severity=mapped.alert.severity,
            title=mapped.title,
            opened_at=START,
        )
        self._incidents[opened.id] = opened
        self.following.append(NextSegment(segment=Segment.ORIENT, incident=opened.id, attempt=1))
        return Joined(incident=opened, opened=True, repeated=False)

    async def set_aside(self, number: int, why: str) -> None:
        raise NotImplementedError

    async def try_again(self, since: Instant) -> None:
        raise NotImplementedError

    async def incident(self, incident_id: str) -> Incident:
        if incident_id not in self._incidents:
            raise NotFound(incident_id)
        return self._incidents[incident_id]

    async def take_up(self, following: NextSegment, worker: str) -> Incident | None:
        return await self.incident(following.incident)

    async def let_go(self, incident: Incident) -> None:
        return None

    async def forfeit(self, workers: Sequence[str]) -> None:
        return None

    async def incidents(self, limit: int = 100, *, only_open: bool = False) -> tuple[Incident, ...]:
        return tuple(self._incidents.values())

    async def outputs(self, incident_id: str, attempt: int) -> tuple[StageOutput, ...]:
        its = self._outputs.values()
        return tuple(o for o in its if (o.incident, o.attempt) == (incident_id, attempt))

    async def commit(
        self,
        *,
        incident: Incident,
        expected: tuple[Stage, int],
        now: Instant,
        outputs: Sequence[StageOutput] = (),
        notes: Sequence[Note] = (),
        following: NextSegment | None = None,
    ) -> bool:
        self._incidents[incident.id] = incident
        for o in outputs:
            self._outputs.setdefault((o.incident, o.attempt, o.stage, o.name), o)
        self.notes += notes
        self.following += [following] if following else []
        return True

    async def count_in(
        self,
        *,
        incident: Incident,
        expected: tuple[Stage, int],
        now: Instant,
        outputs: Sequence[StageOutput],
        notes: Sequence[Note],
        proviso: Proviso,
    ) -> bool:
        assert proviso.holds(0, ())
        return await self.commit(
            incident=incident, expected=expected, now=now, outputs=outputs, notes=notes
        )

    async def append(self, incident_id: str, notes: Sequence[Note], now: Instant) -> None:
        self.notes += notes

    async def events(self, incident_id: str, after: int = 0) -> tuple[Event, ...]:
        return ()

    async def answer(self, incident_id: str, approval: Approval) -> Decided:
        raise NotImplementedError

    async def cancel(self, incident_id: str, cancellation: Cancellation) -> Decided:
        raise NotImplementedError

    async def cancellation(self, incident_id: str) -> Cancellation | None:
        return None

    async def overdue(self, now: Instant, limit: int) -> tuple[Incident, ...]:
        return ()

    async def approval(self, incident_id: str, plan_digest: str) -> Approval | None:
        return None

    async def due(self, limit: int) -> tuple[NextSegment, ...]:
        return tuple(self.following)

    async def mark(self, *handed: NextSegment) -> None:
        for following in handed:
            self.following.remove(following)

    async def newest(self, incident_id: str, kind: str) -> Event | None:
        return None

    async def heads(self, limit: int) -> tuple[Head, ...]:
        return ()

    async def news(self, incident_id: str) -> News:
        raise NotImplementedError

    async def said_to_be_over(self, incident_id: str) -> bool:
        return False

    async def wake(self, incident_id: str) -> bool:
        return False

    async def due_again(self) -> None:
        return None

    async def load(self) -> Load:
        raise NotImplementedError

    async def claimants(self) -> frozenset[str]:
        return frozenset()

    async def executions_since(self, since: Instant, besides: str) -> int:
        return 0

    async def executed_since(self, since: Instant, besides: str) -> tuple[Executed, ...]:
        return ()

    async def reset(self, incident_id: str, attempt: int, given: Reset) -> Decided:
        raise NotImplementedError

    async def recur(self, recurrence: Recurrence) -> Recurrence:
        return recurrence

    async def verified_since(
        self, since: Instant, limit: int, of: tuple[str, str] | None = None
    ) -> tuple[Incident, ...]:
        return ()

    async def spent_since(self, since: Instant) -> tuple[Spent, ...]:
        return ()

    async def checkpoint(self, now: Instant) -> Checkpoint | None:
        return None


class OneRunbook:
    """Fulfils ``ports.memory.Memory``."""

    def __init__(self) -> None:
        self.lessons: list[Lesson] = []

    async def ingest(self, origin: str, runbooks: Sequence[Runbook]) -> Ingested:
        raise NotImplementedError

    async def recall(self, words: str, limit: int) -> tuple[Recalled, ...]:
        return (Recalled(runbook=RUNBOOK, text_score=1.0),)

    async def learn(self, lesson: Lesson, attempt: int) -> None:
        self.lessons.append(lesson)

    async def like(self, like: Occurrence, limit: int) -> tuple[Lesson, ...]:
        return ()

    async def came_back(self, incident: str, attempt: int, came_back_as: str) -> Lesson | None:
        return None

    async def record(self, runbook: Runbook, service_kind: str) -> Record:
        tried = sum(lesson.runbook == runbook.id for lesson in self.lessons)
        proven = sum(lesson.outcome is Outcome.VERIFIED for lesson in self.lessons)
        return Record(trials=60 + tried, successes=60 + proven)


class NobodyElse:
    """Fulfils ``ports.locks.Locks`` where nobody else wants anything."""

    async def take(
        self, resources: Sequence[str], owner: str, holder: str, now: Instant, lease_s: float
    ) -> tuple[Fence, ...]:
        return tuple(Fence(resource=resource, token=1) for resource in sorted(resources))

    async def release(self, owner: str, holder: str | None = None) -> None:
        return None

    async def let_go(self, owner: str, holder: str | None = None) -> None:
        return None

    async def renew(self, holder: str, now: Instant, lease_s: float) -> None:
        return None

    async def forfeit(self, holders: Sequence[str]) -> None:
        return None

    async def ready(self, limit: int) -> tuple[str, ...]:
        return ()

    async def held(self) -> tuple[Lock, ...]:
        return ()


async def heal(*, cure_helps: bool) -> tuple[str, list[str]]:
    """One incident from its alert to its end: how it ended, and what was done to the shop."""
    clock = HandClock()
    shop = Shop(clock)
    if not cure_helps:
        shop.checkout_fails = lambda _: True
    journal = ListJournal()
    senses = Senses(
        probes=ScriptedProbes(clock, {"web/checkout": shop.checkout}),
        telemetry=ScriptedTelemetry(
            clock,
            bad=lambda: 0.6 if shop.checkout_fails(shop) else 0.0,
            errors=shop.errors,
        ),
        changes=ScriptedChanges(shop.releases()),
        sessions=ScriptedSessions(),
        inventories=ScriptedInventories(),
        clock=clock,
    )
    parts = Parts(
        catalogue=catalogue(),
        policy=Policy(),
        senses=senses,
        journal=journal,
        memory=OneRunbook(),
        reasoner=PlaybookReasoner(),
        sandbox=CountingSandbox(shop),
        switch=HandSwitch(),
        locks=NobodyElse(),
    )
    alert = Alert(
        source="watch",
        name="CheckoutErrors",
        service="web",
        status=AlertStatus.FIRING,
        fingerprint="f",
        severity=Severity.CRITICAL,
        starts_at=START,
    )
    delivery = Delivery(source="watch", alerts=(alert,))
    letter = Letter(number=1, source="watch", at=START, delivery=delivery)
    await intake([letter], catalogue=parts.catalogue, inbox=journal, clock=clock)
    while journal.following:
        segment = journal.following[0]
        await Lifecycle(parts).run(segment.segment, segment.incident, segment.attempt)
        await journal.mark(segment)
    (incident,) = await journal.incidents()
    texts = [str(note.payload["text"]) for note in journal.notes if note.kind == "closed"]
    return f"{incident.stage} {incident.outcome} {texts}", shop.done
