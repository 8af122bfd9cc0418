"""What a timeline tells, read back into values; what cannot be read is counted, never guessed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from vigil.domain.evidence import Evidence
from vigil.domain.foreseen import Foreseen
from vigil.domain.hypothesis import Hypothesis
from vigil.domain.lesson import Lesson
from vigil.domain.plan import ActionResult
from vigil.domain.runbook import CheckResult, Record
from vigil.domain.shown import shown
from vigil.domain.timeline import Event
from vigil.domain.value import Instant

SYMPTOM = "symptom"
"""The investigator that asks whether the alert is true."""
LIKELY = 0.05
"""Explanations below this are folded away; the leading one never is."""


class _Seen(BaseModel):
    """A part of a payload: other fields may stand beside these."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Match(_Seen):
    """A runbook that was considered."""

    id: str
    title: str
    context_match: int
    reasons: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    record: Record


class Ranked(_Seen):
    """Competing hypotheses, likeliest first."""

    ranked: tuple[Hypothesis, ...]


class Considered(_Seen):
    """Runbooks, best match first, and lessons of incidents like this one, newest first."""

    matches: tuple[Match, ...]
    past: tuple[Lesson, ...] = ()


class Closed(_Seen):
    """How it ended."""

    text: str
    look_next: tuple[str, ...] = ()


class Answered(_Seen):
    """A person's answer to a plan, or Vigil's taking it back."""

    kind: str
    by: str
    plan_digest: str
    at: Instant


class Entered(_Seen):
    """A stage was entered in this attempt."""

    attempt: int


class Heard(_Seen):
    """An alert that opened the incident, or joined it."""

    source: str
    summary: str = ""


class Back(_Seen):
    """It came back after it was proven fixed; ``other`` is the incident before or after this."""

    text: str
    other: str


class Said(_Seen):
    """Why nothing, or nothing more, was started; what was learned."""

    text: str


class Thought(_Seen):
    """Which model was asked and what it cost, or what was saved as none had to be."""

    text: str
    alternatives: tuple[str, ...] = ()
    """What it weighed, where it proposes nothing; otherwise that is part of its plan."""
    would_change_mind: tuple[str, ...] = ()


class _Foreseen(Foreseen):
    """What one call would do; its sentence stands beside it in the payload, and is made anew."""

    model_config = ConfigDict(extra="ignore")


class Tried(_Seen):
    """What the calls of a plan would have done, before a person was asked."""

    plan_digest: str
    foreseen: tuple[_Foreseen, ...] = ()
    failed: str | None = None

    def of(self, action: str) -> list[str]:
        """What is foreseen of one action, a sentence each."""
        return [str(each) for each in self.foreseen if each.action == action]


@dataclass
class Told:
    """Everything of a timeline that has a place of its own on the page."""

    heard: list[Heard] = field(default_factory=list)
    back: list[Back] = field(default_factory=list)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    hypotheses: tuple[Hypothesis, ...] = ()
    matches: tuple[Match, ...] = ()
    past: tuple[Lesson, ...] = ()
    answers: dict[str, Answered] = field(default_factory=dict)
    tried: dict[str, Tried] = field(default_factory=dict)
    """By the plan's digest."""
    results: dict[int, list[ActionResult]] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    learned: list[str] = field(default_factory=list)
    thoughts: list[Thought] = field(default_factory=list)
    closed: Closed | None = None
    attempt: int = 1
    erased: int = 0
    unreadable: int = 0

    def take(self, event: Event) -> None:
        """One event, in order."""
        if event.payload is None:
            self.erased += 1
            return
        read = _READERS.get(event.kind)
        if read is None:
            return
        try:
            read(self, event, event.payload)
        except ValidationError:
            self.unreadable += 1

    @property
    def of_the_symptom(self) -> tuple[Evidence, ...]:
        """What was seen of the symptom itself."""
        return tuple(e for e in self.evidence.values() if e.investigator == SYMPTOM)

    @property
    def likely(self) -> tuple[Hypothesis, ...]:
        """The leading explanation, and others that are worth a look."""
        return tuple(h for n, h in enumerate(self.hypotheses) if n == 0 or h.likelihood >= LIKELY)

    @property
    def unlikely(self) -> tuple[Hypothesis, ...]:
        """The others, which were weighed too."""
        return self.hypotheses[len(self.likely) :]

    @property
    def sources(self) -> list[str]:
        """Who reported it, each once."""
        return list(dict.fromkeys(one.source for one in self.heard))


def told(events: Sequence[Event]) -> Told:
    """What a whole timeline tells."""
    found = Told()
    for event in events:
        found.take(event)
    return found


Payload = dict[str, JsonValue]


def _heard(found: Told, _: Event, payload: Payload) -> None:
    found.heard.append(Heard.model_validate(payload))


def _came_back(found: Told, _: Event, payload: Payload) -> None:
    found.back.append(Back.model_validate({**payload, "other": payload.get("former")}))


def _recurred(found: Told, _: Event, payload: Payload) -> None:
    found.back.append(Back.model_validate({**payload, "other": payload.get("incident")}))


def _entered(found: Told, _: Event, payload: Payload) -> None:
    found.attempt = Entered.model_validate(payload).attempt


def _evidence(found: Told, event: Event, payload: Payload) -> None:
    piece = Evidence.model_validate({**payload, "at": event.at})
    found.evidence[piece.id] = piece


def _hypotheses(found: Told, _: Event, payload: Payload) -> None:
    found.hypotheses = Ranked.model_validate(payload).ranked


def _runbooks(found: Told, _: Event, payload: Payload) -> None:
    considered = Considered.model_validate(payload)
    found.matches, found.past = considered.matches, considered.past


def _answered(found: Told, event: Event, payload: Payload) -> None:
    given = Answered.model_validate({**payload, "kind": event.kind, "at": event.at})
    found.answers[given.plan_digest] = given


def _cancelled(found: Told, event: Event, payload: Payload) -> None:
    """Of a plan that waited it is the answer."""
    if payload.get("plan_digest") is not None:
        _answered(found, event, payload)


def _tried(found: Told, _: Event, payload: Payload) -> None:
    tried = Tried.model_validate(payload)
    found.tried[tried.plan_digest] = tried


def _executed(found: Told, _: Event, payload: Payload) -> None:
    result = shown(ActionResult.model_validate(payload))
    found.results.setdefault(found.attempt, []).append(result)


def _not_executed(found: Told, _: Event, payload: Payload) -> None:
    found.refused[found.attempt] = Said.model_validate(payload).text


def _learned(found: Told, _: Event, payload: Payload) -> None:
    found.learned.append(Said.model_validate(payload).text)


def _thought(found: Told, _: Event, payload: Payload) -> None:
    found.thoughts.append(Thought.model_validate(payload))


def _closed(found: Told, _: Event, payload: Payload) -> None:
    found.closed = Closed.model_validate(payload)


_READERS: Mapping[str, Callable[[Told, Event, Payload], None]] = {
    "opened": _heard,
    "alert_joined": _heard,
    "came_back": _came_back,
    "recurred": _recurred,
    "stage_entered": _entered,
    "evidence": _evidence,
    "hypotheses": _hypotheses,
    "runbooks": _runbooks,
    "approved": _answered,
    "rejected": _answered,
    "withdrawn": _answered,
    "expired": _answered,
    "cancelled": _cancelled,
    "dry_run": _tried,
    "executed": _executed,
    "not_executed": _not_executed,
    "learned": _learned,
    "thought": _thought,
    "closed": _closed,
}
