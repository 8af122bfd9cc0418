"""One sentence for each event of a timeline, as a person reads it."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from vigil.domain.alert import done_there, source_name
from vigil.domain.hypothesis import percent
from vigil.domain.plan import PeakUse

Say = Callable[[dict[str, Any]], str]

MOST_NAMED = 5
"""Probes that are named in one line."""
WIDEST = 2000
"""Characters of one sentence; what is longer is somebody's whole log."""

MEANING = {
    "TRIGGERED": "an alert came in",
    "INVESTIGATING": "confirm the symptom, look around",
    "HYPOTHESIS_RECEIVED": "rank the explanations",
    "CONTEXT_RETRIEVED": "recall runbooks, run their checks",
    "SYNTHESIZING": "write a plan, compute its effects, ask the gate",
    "EXECUTING": "run it in the sandbox, through the broker",
    "VERIFYING": "check from the user's side until it is proven",
    "RESOLVED": "closed: proven fixed, or a false alarm",
    "ESCALATED": "handed to a person",
}


def describe(event: dict[str, Any]) -> str | None:
    """One line for an event; None for those that have a place of their own, or were erased."""
    say, payload = SENTENCES.get(event["kind"]), event["payload"]
    return say(payload) if say and payload is not None else None


def _heard(what: str) -> Say:
    def say(payload: dict[str, Any]) -> str:
        by = f" ({payload['by']})" if payload.get("by") else ""
        return f"{what} by {source_name(payload['source'])}{by}: {payload.get('name')}"

    return say


def _fits(payload: dict[str, Any]) -> str:
    found = ", ".join(f"{m['id']} (context match {m['context_match']})" for m in payload["matches"])
    past = ", ".join(f"incident {p['incident']} ({p['outcome']})" for p in payload.get("past", ()))
    return f"runbooks: {found or 'none'}; seen before: {past or 'no'}"


def _ran(payload: dict[str, Any]) -> str:
    used = PeakUse.model_validate(payload.get("peak", {})).told
    ended = str(payload["status"]).replace("_", " ")
    said = f"{payload['action']} {ended} in {payload['seconds']:.1f} s{used and f' ({used})'}"
    attestation = payload.get("attestation")
    return f"{said}, signed by the runner {attestation['runner']}" if attestation else said


def _waits(payload: dict[str, Any]) -> str:
    until = str(payload.get("expires_at") or "")[:16].replace("T", " ")
    return "waiting for a person's approval" + (f", until {until} UTC" if until else "")


def _tried(payload: dict[str, Any]) -> str:
    if payload.get("failed"):
        return f"dry run: not possible: {payload['failed']}"
    found = "; ".join(str(each["said"]) for each in payload["foreseen"])
    return f"dry run: {found or 'it calls for nothing'}"


def _looked(when: str) -> Say:
    def say(payload: dict[str, Any]) -> str:
        ill = [ref for ref, seen in payload.items() if not str(seen).startswith("passing")]
        more = ", …" if len(ill) > MOST_NAMED else ""
        found = f"{len(ill)} did not pass ({', '.join(ill[:MOST_NAMED])}{more})"
        return f"looked at {len(payload)} probes {when}: {found if ill else 'all passed'}"

    return say


def _most_likely(payload: dict[str, Any]) -> str:
    top = payload["ranked"][0]
    return f"most likely ({percent(top['likelihood'])}): {top['text']}"


SENTENCES: dict[str, Say] = {
    "opened": _heard("opened, reported"),
    "alert_joined": _heard("also reported"),
    "alert_resolved": _heard("alert resolved"),
    "alerts_counted": lambda p: str(p["text"]),
    "done_at_source": done_there,
    "doings_counted": lambda p: str(p["text"]),
    "stage_entered": lambda p: f"{p['stage']}: {MEANING[p['stage']]}",
    "evidence": lambda p: f"saw: {p['text']}",
    "hypotheses": _most_likely,
    "runbooks": _fits,
    "reasoning": lambda p: f"model: {p['text']}",
    "thought": lambda p: f"model: {p['text']}",
    "planned": lambda p: f"plan {p['digest'][7:19]}: {p['summary']}",
    "judged": lambda p: f"gate: {'; '.join(p['rules'])}",
    "dry_run": _tried,
    "looked": _looked("before a person was asked"),
    "baseline": _looked("before acting"),
    "waiting": _waits,
    "waiting_for_locks": lambda p: f"waiting until others are done: {p['text']}",
    "approved": lambda p: f"approved by {p.get('by')}",
    "rejected": lambda p: f"rejected by {p.get('by')}",
    "withdrawn": lambda _: "plan taken back: the symptom was gone before anybody answered",
    "expired": lambda _: "plan expired: nobody had answered in time, so the answer is no",
    "cancelled": lambda p: f"cancelled by {p.get('by')}: {p.get('text')}",
    "executed": _ran,
    "not_executed": lambda p: f"not executed: {p['text']}",
    "swarm_sent": lambda p: f"swarm: {p['text']}",
    "swarm_so_far": lambda p: f"swarm: {p['text']}",
    "swarm": lambda p: f"swarm: {p['text']}",
    "proof": lambda p: f"proof: {p['outcome']}: {p['text']}",
    "looked_after": lambda p: f"afterwards: {p['text']}",
    "came_back": lambda p: str(p["text"]),
    "recurred": lambda p: str(p["text"]),
    "breaker_reset": lambda p: f"breaker {p['breaker']} reset by {p.get('by')}: {p.get('why')}",
    "told": lambda p: f"told {source_name(p['channel'])} ({p.get('deed')}): {p['text']}",
    "not_told": lambda p: f"not told {source_name(p['channel'])}: {p['text']}",
    "not_told_yet": lambda p: f"not told {source_name(p['channel'])} yet: {p['text']}",
    "learned": lambda p: f"learned: {p['text']}",
    "closed": lambda p: f"closed: {p['outcome']}",
}


def heard_from(sources: Iterable[str]) -> str:
    """Who reported a trouble."""
    *others, last = [source_name(source) for source in sources] or ["nobody"]
    return f"{', '.join(others)} and {last}" if others else last


def short(text: str) -> str:
    """Digests at a length that people compare."""
    return re.sub(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}", r"\1…", text)
