"""The timeline in lines: one for each event, with its time and the seconds since the beginning."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from vigil.domain.alert import done_there, source_name
from vigil.domain.incident import Stage
from vigil.domain.plan import PeakUse
from vigil.domain.timeline import Event
from vigil.domain.value import Instant
from vigil.web.console import words

MOST_LINES = 500
"""Of a longer timeline the newest are shown; the API has all of them."""
MOST_TEXT = 600

KINDS: Mapping[str, tuple[str, str]] = {
    "opened": ("alert", "Reported by {source}: {summary}"),
    "alert_joined": ("alert", "Also reported by {source}: {summary}"),
    "alert_resolved": ("alert", "{source} says it is over"),
    "alerts_counted": ("alert", "{text}"),
    "done_at_source": ("people", ""),
    "doings_counted": ("people", "{text}"),
    "stage_entered": ("stage", "{stage}"),
    "evidence": ("saw", "{text}"),
    "hypotheses": ("cause", "The explanations were ranked"),
    "runbooks": ("known", "Runbooks were recalled and checked"),
    "reasoning": ("model", "{text} {found}"),
    "thought": ("model", "{text}"),
    "reasoned": ("reason", "{step}: {text}"),
    "planned": ("plan", "{summary}"),
    "judged": ("gate", "{rules}"),
    "dry_run": ("tried", "Tried without doing it"),
    "waiting": ("waits", "Waiting for a person's answer"),
    "waiting_for_locks": ("waits", "Waits until others are done: {text}"),
    "approved": ("answer", "Approved by {by}"),
    "rejected": ("answer", "Rejected by {by}"),
    "withdrawn": ("answer", "Taken back by {by}: the symptom was gone"),
    "expired": ("answer", "Nobody had answered in time, so the answer is no"),
    "cancelled": ("answer", "Cancelled by {by}: {text}. {reason}"),
    "looked": ("looked", "Looked at everything, before a person was asked"),
    "baseline": ("looked", "Looked at every probe, just before acting"),
    "action_output": ("printed", "{line}"),
    "executed": ("action", "{action} {status} after {seconds} s{peak}"),
    "not_executed": ("action", "Not executed: {text}"),
    "swarm_sent": ("swarm", "{text}"),
    "swarm_so_far": ("swarm", "{text}"),
    "swarm": ("swarm", "{text}"),
    "proof": ("proof", "{outcome}: {text}"),
    "looked_after": ("afterwards", "{text}"),
    "came_back": ("back", "{text}"),
    "recurred": ("back", "{text}"),
    "breaker_reset": ("answer", "{by} reset the breaker {breaker}: {why}"),
    "told": ("told", "{channel} ({deed}): {text}"),
    "not_told": ("told", "Not told to {channel} ({deed}): {text}"),
    "not_told_yet": ("told", "Not told to {channel} yet ({deed}), and tried again: {text}"),
    "learned": ("learned", "{text}"),
    "closed": ("closed", "{outcome}: {text}"),
}
"""For each kind of event its label, and its line with fields of the payload."""


@dataclass(frozen=True)
class Line:
    """One event as a person reads it; ``seconds`` since the incident was opened."""

    seq: int
    at: Instant
    seconds: float
    kind: str
    label: str
    text: str


def lines(events: Sequence[Event], opened_at: Instant) -> tuple[Line, ...]:
    """The newest of them, oldest first."""
    return tuple(_line(event, opened_at) for event in events[-MOST_LINES:])


def _line(event: Event, opened_at: Instant) -> Line:
    label, pattern = KINDS.get(event.kind, (words.spaced(event.kind), "{text}"))
    text = "(erased)" if event.payload is None else _text(event.kind, pattern, event.payload)
    seconds = (event.at - opened_at).total_seconds()
    return Line(event.seq, event.at, max(seconds, 0.0), event.kind, label, text[:MOST_TEXT])


def _text(kind: str, pattern: str, payload: dict[str, JsonValue]) -> str:
    if kind == "done_at_source":
        return done_there(payload)
    return _filled(pattern, payload)


def _filled(pattern: str, payload: dict[str, JsonValue]) -> str:
    """Names that stand in our own pattern are filled in; what was filled in is not read again."""
    parts = re.split(r"\{(\w+)\}", pattern)
    said = [
        part if n % 2 == 0 else _said(part, payload.get(part, "")) for n, part in enumerate(parts)
    ]
    return "".join(said).rstrip(": ")


def _said(name: str, value: JsonValue) -> str:
    if name == "source":
        return source_name(str(value))
    if name == "stage" and value in set(Stage):
        return words.STAGES[Stage(str(value))]
    if name == "peak":
        return _used(value)
    if name in {"outcome", "status"}:
        return words.spaced(str(value))
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _used(peak: JsonValue) -> str:
    try:
        used = PeakUse.model_validate(peak or {}).told
    except ValidationError:
        return ""  # a page with a strange payload is still a page
    return used and f" ({used})"
