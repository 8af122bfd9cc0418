"""Decisive moments of an incident, in the words in which people outside are told of them.

Worked out from the timeline alone, so that any process comes to the same, and to the same keys.
What cannot be read (erased, or another version's) is left out and never guessed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from vigil.domain.catalogue import Autonomy
from vigil.domain.effects import Call
from vigil.domain.hypothesis import Hypothesis
from vigil.domain.incident import Stage
from vigil.domain.plan import ActionStatus, Plan, PlanKind
from vigil.domain.proof import Outcome
from vigil.domain.recurrence import lasting
from vigil.domain.scrub import without_control
from vigil.domain.timeline import Event
from vigil.domain.value import Instant
from vigil.domain.verdict import Decision, Verdict, readable_time

MOST_NAMED = 6
"""Things that one line names."""
MOST_NEXT = 8
"""Things to look at next."""

Payload = dict[str, JsonValue]


class Kind(StrEnum):
    """What a moment is decisive for."""

    OPENED = "opened"
    JOINED = "joined"
    CAME_BACK = "came_back"
    WAITING = "waiting"
    ACTING = "acting"
    UNPROVEN = "unproven"
    UNDONE = "undone"
    CANCELLED = "cancelled"
    RESOLVED = "resolved"
    """Proven to be fixed."""
    FALSE_ALARM = "false_alarm"
    ESCALATED = "escalated"
    RECURRED = "recurred"


_STANDS = frozenset({Kind.WAITING, Kind.CANCELLED, Kind.RESOLVED, Kind.FALSE_ALARM, Kind.ESCALATED})
"""Moments that go on being true until Vigil goes on."""


@dataclass(frozen=True)
class Moment:
    """One decisive moment; ``key`` is the same whenever and wherever it is worked out."""

    key: str
    kind: Kind
    seq: int
    at: Instant
    words: str


@dataclass(frozen=True)
class Reported:
    """An alert as the timeline names it: by its source, and by what it is called there."""

    source: str
    fingerprint: str
    seq: int


MANNERS: Mapping[Autonomy | None, str] = {
    Autonomy.OBSERVE: "It only looks: it does nothing here, and says what it would do.",
    Autonomy.SUGGEST: "It does nothing here by itself, and says what a person could do.",
    Autonomy.APPROVE: "It asks a person before it does anything.",
    Autonomy.AUTO: "It does what its policy allows by itself, and otherwise asks a person.",
    None: "It does not know this service, so it looks around and hands over to a person.",
}
"""What Vigil will do, by how far it may go; None: the service is not in its catalogue."""


def moments(events: Sequence[Event], autonomy: Autonomy | None) -> tuple[Moment, ...]:
    """All of them, in order; ``autonomy`` is that of the service, None where nobody knows it."""
    reader = _Reader(autonomy)
    return tuple(moment for event in events for moment in reader.read(event))


def reported(events: Iterable[Event]) -> Iterator[Reported]:
    """Which alerts opened or joined it, each where it is told first."""
    known: set[tuple[str, str]] = set()
    for event in events:
        if event.kind not in {"opened", "alert_joined"} or event.payload is None:
            continue
        source, fingerprint = event.payload.get("source"), event.payload.get("fingerprint")
        if isinstance(source, str) and isinstance(fingerprint, str):
            if (source, fingerprint) not in known:
                yield Reported(source, fingerprint, event.seq)
            known.add((source, fingerprint))


class _Seen(BaseModel):
    """A part of a payload: other fields may stand beside these."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Opened(_Seen):
    service: str
    symptom: str
    name: str = ""


class _Entered(_Seen):
    stage: Stage
    attempt: int


class _Ranked(_Seen):
    ranked: tuple[Hypothesis, ...]


class _Planned(Plan):
    """With its digest beside it in the payload."""

    model_config = ConfigDict(extra="ignore")


class _Waiting(_Seen):
    plan_digest: str
    expires_at: Instant | None = None


class _Answered(_Seen):
    by: str


class _Cancelled(_Seen):
    by: str
    text: str = ""
    reason: str = ""


class _Said(_Seen):
    text: str


class _Executed(_Seen):
    status: ActionStatus


class _Proof(_Seen):
    outcome: Outcome
    text: str


class _Closed(_Seen):
    outcome: Outcome
    text: str
    look_next: tuple[str, ...] = ()


class _Recurred(_Seen):
    incident: str
    text: str


@dataclass
class _Reader:
    """What was read so far, of which the next moment may have to speak."""

    autonomy: Autonomy | None
    opened_at: Instant | None = None
    cause: Hypothesis | None = None
    plan: Plan | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    approved_by: str | None = None
    stage: Stage = Stage.TRIGGERED
    attempt: int = 1
    whole: bool = True
    """Whether everything that this attempt began ended well."""
    stands: str | None = None
    """What was told last, where Vigil has ended or waits for a person since."""

    def read(self, event: Event) -> Iterator[Moment]:
        """The moment that an event is, if it is one."""
        take = _READERS.get(event.kind)
        if take is None or event.payload is None:
            return
        try:
            found = take(self, event, event.payload)
        except ValidationError:
            return
        if found is not None:
            key, kind, words = found
            self.stands = words if kind in _STANDS else self.stands
            yield Moment(key=key, kind=kind, seq=event.seq, at=event.at, words=words)

    @property
    def decided(self) -> str:
        """Who let the plan be begun."""
        if self.approved_by is not None:
            return f"approved by {_line(self.approved_by)}"
        return "unasked, as the policy allows it"


Found = tuple[str, Kind, str] | None
"""Key, kind and words."""


def _opened(found: _Reader, event: Event, payload: Payload) -> Found:
    said = _Opened.model_validate(payload)
    found.opened_at = event.at
    what = f"{_line(said.symptom)} of {_line(said.service)}"
    return "opened", Kind.OPENED, f"Vigil looks into this: {what}. {MANNERS[found.autonomy]}"


def _joined(found: _Reader, event: Event, _: Payload) -> Found:
    """Whoever is called by it must not believe that Vigil is at work where a person is needed."""
    text = "This is trouble that Vigil is at work on already; what comes of it is told here too."
    if found.stands is not None:
        text = f"This is the same trouble as before, and this is how it stands.\n{found.stands}"
    return f"joined:{event.seq}", Kind.JOINED, text


def _came_back(_: _Reader, __: Event, payload: Payload) -> Found:
    return "came_back", Kind.CAME_BACK, _line(_Said.model_validate(payload).text)


def _ranked(found: _Reader, _: Event, payload: Payload) -> Found:
    ranked = _Ranked.model_validate(payload).ranked
    found.cause = ranked[0] if ranked else None
    return None


def _planned(found: _Reader, _: Event, payload: Payload) -> Found:
    found.plan, found.approved_by, found.whole = None, None, True
    found.plan = _Planned.model_validate(payload)
    return None


def _judged(found: _Reader, _: Event, payload: Payload) -> Found:
    verdict = Verdict.model_validate(payload)
    found.verdicts[verdict.plan_digest] = verdict
    return None


def _waiting(found: _Reader, _: Event, payload: Payload) -> Found:
    waiting = _Waiting.model_validate(payload)
    until = waiting.expires_at
    ends = f" until {readable_time(until)}" if until is not None else ""
    lines = [f"A plan waits for a person's yes or no{ends}. Without an answer nothing is done."]
    if found.plan is not None:
        lines += _of_plan(found.plan)
    lines += _of_verdict(found.verdicts.get(waiting.plan_digest))
    lines += _of_cause(found.cause)
    return f"waiting:{waiting.plan_digest}", Kind.WAITING, "\n".join(lines)


def _of_plan(plan: Plan) -> Iterator[str]:
    yield f"{'Undo' if plan.kind is PlanKind.ROLLBACK else 'Plan'}: {_line(plan.summary)}"
    for action in plan.actions:
        touched = _few(sorted(action.effects.resources)) or "nothing"
        undo = "can be undone" if action.undo else f"cannot be undone: {_line(action.no_undo)}"
        yield f"- {_line(action.title)} ({action.effects.kind}; touches {touched}; {undo})"
        if action.effects.calls:
            yield f"  calls: {_few(map(_call, action.effects.calls), '; ')}"


def _call(call: Call) -> str:
    words = ", ".join(_line(word) for word in (call.grant, *call.arguments))
    return f"{_line(call.verb)}({words})"


def _of_verdict(verdict: Verdict | None) -> Iterator[str]:
    if verdict is None:
        return
    yield f"Risk {verdict.risk}, confidence {verdict.confidence} of 100."
    asks = [
        rule.removeprefix(f"{Decision.ASK}: ")
        for rule in verdict.rules
        if rule.startswith(f"{Decision.ASK}: ")
    ]
    if asks:
        yield f"Why it asks: {_few(map(_line, asks), '; ')}."


def _of_cause(cause: Hypothesis | None) -> Iterator[str]:
    if cause is not None:
        yield f"Most likely ({cause.percent}): {_line(cause.text)}"


def _approved(found: _Reader, _: Event, payload: Payload) -> Found:
    found.stands = None
    found.approved_by = _Answered.model_validate(payload).by
    return None


def _entered(found: _Reader, _: Event, payload: Payload) -> Found:
    entered = _Entered.model_validate(payload)
    found.stage, found.attempt, found.stands = entered.stage, entered.attempt, None
    if entered.stage is not Stage.EXECUTING:
        return None
    found.whole = True
    summary = _line(found.plan.summary) if found.plan else "a plan that cannot be read any more"
    undoes = found.plan is not None and found.plan.kind is PlanKind.ROLLBACK
    begins = "Vigil begins to undo what it did" if undoes else "Vigil begins"
    words = f"{begins} ({found.decided}): {summary}"
    return acting_key(entered.attempt), Kind.ACTING, words


def acting_key(attempt: int) -> str:
    """Of the moment in which this attempt begins to act."""
    return f"acting:{attempt}"


def _executed(found: _Reader, _: Event, payload: Payload) -> Found:
    found.whole &= _Executed.model_validate(payload).status is ActionStatus.SUCCEEDED
    return None


def _not_executed(found: _Reader, _: Event, __: Payload) -> Found:
    found.whole = False
    return None


def _proof(found: _Reader, _: Event, payload: Payload) -> Found:
    proof = _Proof.model_validate(payload)
    text, key = _line(proof.text), f"proof:{found.attempt}"
    if found.plan is not None and found.plan.kind is PlanKind.ROLLBACK:
        if found.whole and proof.outcome is Outcome.VERIFIED:
            return key, Kind.UNDONE, f"What was done has been undone. {text}"
        return key, Kind.UNDONE, f"THE UNDO FAILED; what is in place is told at the end. {text}"
    if proof.outcome is Outcome.VERIFIED:
        return None  # The end tells of it at once, with everything else.
    worse = proof.outcome is Outcome.REGRESSED
    how = "Something got worse" if worse else "What was done is not proven to have helped"
    return key, Kind.UNPROVEN, f"{how}. {text}"


def _cancelled(_: _Reader, __: Event, payload: Payload) -> Found:
    said = _Cancelled.model_validate(payload)
    reason = f" ({_line(said.reason)})" if said.reason else ""
    return "cancelled", Kind.CANCELLED, f"{_line(said.by)} took this in hand{reason}: {said.text}."


def _closed(found: _Reader, event: Event, payload: Payload) -> Found:
    closed = _Closed.model_validate(payload)
    key, text = f"closed:{found.attempt}", _line(closed.text)
    if found.stage is Stage.RESOLVED:
        if closed.outcome is not Outcome.VERIFIED:
            return key, Kind.FALSE_ALARM, f"Vigil found nothing wrong. {text}"
        return key, Kind.RESOLVED, "\n".join([*_audit(found, event), text])
    lines = [f"A person is needed. {text}"]
    if closed.look_next:
        lines += ["What to look at next:", *_listed(closed.look_next)]
    return key, Kind.ESCALATED, "\n".join(lines)


def _audit(found: _Reader, event: Event) -> Iterator[str]:
    took = f", {lasting(_seconds(found.opened_at, event.at))} after it was heard of"
    yield f"Fixed, and proven from the user's side{took if found.opened_at else ''}."
    yield from _of_cause(found.cause)
    yield f"Done {found.decided}; all {event.seq} steps are in a log that can be verified."


def _recurred(_: _Reader, __: Event, payload: Payload) -> Found:
    said = _Recurred.model_validate(payload)
    return f"recurred:{said.incident}", Kind.RECURRED, _line(said.text)


def _seconds(since: Instant | None, until: Instant) -> float:
    return max((until - since).total_seconds(), 0.0) if since else 0.0


def _line(text: str | None) -> str:
    """On one line, and whole: whoever redacts it has to see where a secret ends."""
    return without_control(text or "").strip()


def _few(things: Iterable[str], between: str = ", ") -> str:
    every = [*things]
    more = f"{between}and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    return between.join(every[:MOST_NAMED]) + more


def _listed(things: Sequence[str]) -> list[str]:
    more = len(things) - MOST_NEXT
    told = [f"- {_line(each)}" for each in things[:MOST_NEXT]]
    return [*told, f"- and {more} more"] if more > 0 else told


_READERS: Mapping[str, Callable[[_Reader, Event, Payload], Found]] = {
    "opened": _opened,
    "alert_joined": _joined,
    "came_back": _came_back,
    "hypotheses": _ranked,
    "planned": _planned,
    "judged": _judged,
    "waiting": _waiting,
    "approved": _approved,
    "stage_entered": _entered,
    "executed": _executed,
    "not_executed": _not_executed,
    "proof": _proof,
    "cancelled": _cancelled,
    "closed": _closed,
    "recurred": _recurred,
}
DECISIVE = frozenset(_READERS)
"""Only after one of these events there can be something new to tell."""
