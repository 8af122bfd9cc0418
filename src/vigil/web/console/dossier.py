"""Everything that the page of one incident shows, gathered from the record."""

from dataclasses import dataclass

from vigil.domain.account import Account
from vigil.domain.course import Course
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.plan import ActionResult, PlanKind
from vigil.domain.verdict import Answer
from vigil.engine import Engine, Judged
from vigil.web.console.headline import Headline, headline
from vigil.web.console.lines import Line, lines
from vigil.web.console.told import Answered, Told, Tried, told


@dataclass(frozen=True)
class Attempt:
    """One plan that was judged, and what became of it."""

    number: int
    judged: Judged
    answer: Answered | None
    tried: Tried | None
    """What it would have done, before a person was asked."""
    results: tuple[ActionResult, ...]
    refused: str | None
    account: Account
    """What was to be proven, and what was seen."""

    @property
    def rollback(self) -> bool:
        """It undoes the attempt before it."""
        return self.judged.plan.kind is PlanKind.ROLLBACK


@dataclass(frozen=True)
class Dossier:
    """One incident for one page; ``attempts`` newest first."""

    incident: Incident
    headline: Headline
    stages: dict[Stage, float]
    told: Told
    attempts: tuple[Attempt, ...]
    lines: tuple[Line, ...]
    events: int

    @property
    def waits(self) -> bool:
        """The newest plan waits for an answer."""
        return self.incident.waiting_on is WaitingOn.APPROVAL and bool(self.attempts)

    @property
    def in_place(self) -> tuple[str, ...]:
        """Where it ended without a proof: what was done, is there now, and how it is undone."""
        return self.attempts[0].account.in_place if self.attempts else ()

    @property
    def alarm(self) -> Account | None:
        """An undo after which not everything is as it was before."""
        newest = self.attempts[0].account if self.attempts else None
        return newest if newest is not None and newest.undo_failed else None

    @property
    def may_cancel(self) -> bool:
        """Vigil is on it, and nobody has taken it in hand."""
        return self.incident.closed_at is None and self.incident.cancelled_by is None


async def dossier(engine: Engine, incident_id: str) -> Dossier:
    """Read it all; NotFound."""
    incident = await engine.incident(incident_id)
    events = await engine.timeline(incident_id)
    now = engine.now()
    found = told(events)
    attempts = [
        one
        for number in range(incident.attempt, 0, -1)
        if (one := await _attempt(engine, incident, number, found)) is not None
    ]
    answer = attempts[0].answer if attempts else None
    approved_by = answer.by if answer and answer.kind == Answer.APPROVED else None
    return Dossier(
        incident=incident,
        headline=headline(incident, now, engine.switch(), approved_by),
        stages=Course.of(events).seconds(incident, now),
        told=found,
        attempts=tuple(attempts),
        lines=lines(events, incident.opened_at),
        events=len(events),
    )


async def _attempt(engine: Engine, incident: Incident, number: int, found: Told) -> Attempt | None:
    judged = await engine.judged(incident.id, number)
    account = await engine.account(incident.id, number)
    if judged is None or account is None:
        return None
    return Attempt(
        number=number,
        judged=judged,
        answer=found.answers.get(judged.plan.digest),
        tried=found.tried.get(judged.plan.digest),
        results=tuple(found.results.get(number, ())),
        refused=found.refused.get(number),
        account=account,
    )
