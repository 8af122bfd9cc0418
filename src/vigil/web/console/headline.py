"""Where an incident stands, in words for somebody who has just woken up, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

from vigil.domain.incident import HANDED_OVER, Incident, Stage, WaitingOn
from vigil.domain.proof import Outcome
from vigil.domain.switch import SwitchState
from vigil.domain.value import Instant


class Standing(StrEnum):
    """Whose turn it is; the order of the members is the order of the list."""

    WAITS = "waits"
    """A plan waits for a person's answer."""
    WORKING = "working"
    """Vigil is on it."""
    HANDED_OVER = "handed-over"
    """A person was told a short while ago and has it in hand."""
    CLOSED = "closed"


NAMES = {
    Standing.WAITS: "Waits for your answer",
    Standing.WORKING: "Vigil is working on it",
    Standing.HANDED_OVER: "Over to you",
    Standing.CLOSED: "Closed",
}


@dataclass(frozen=True)
class Headline:
    """``title`` says where it stands, ``todo`` what the reader should do."""

    standing: Standing
    good: bool
    title: str
    todo: str


def standing(incident: Incident, now: Instant) -> Standing:
    """Whose turn it is."""
    if incident.closed_at is None:
        waits = incident.waiting_on is WaitingOn.APPROVAL
        return Standing.WAITS if waits else Standing.WORKING
    recent = now - incident.closed_at < HANDED_OVER
    escalated = incident.stage is Stage.ESCALATED
    return Standing.HANDED_OVER if escalated and recent else Standing.CLOSED


def headline(
    incident: Incident, now: Instant, switch: SwitchState, approved_by: str | None
) -> Headline:
    """For the top of an incident's page; ``approved_by`` is who let the plan at hand run."""
    whose = standing(incident, now)
    if incident.closed_at is not None:
        return _closed(incident, whose)
    if whose is Standing.WAITS:
        todo = _STOPPED_AND_ASKING if switch.stopped else _ASKING
        return Headline(whose, good=False, title="Vigil has a plan and asks you", todo=todo)
    if incident.cancelled_by is not None:
        title = f"{incident.cancelled_by} has it in hand; Vigil is coming to its end"
        return Headline(whose, good=False, title=title, todo=_CANCELLED)
    if incident.waiting_on is WaitingOn.LOCKS and not switch.stopped:
        return Headline(whose, good=False, title=_BUSY, todo=_IN_LINE)
    title = _WORKING[incident.stage]
    if approved_by and incident.stage is Stage.SYNTHESIZING:
        title = f"Approved by {approved_by}; about to act"
    return Headline(whose, good=False, title=title, todo=_STOPPED if switch.stopped else _NOTHING)


def _closed(incident: Incident, whose: Standing) -> Headline:
    title, todo = _ENDED[incident.outcome or Outcome.NOT_EXECUTED]
    good = incident.stage is Stage.RESOLVED
    if good:
        todo = _DONE.get(incident.outcome or Outcome.VERIFIED, "There is nothing for you to do.")
    elif incident.cancelled_by is not None:
        title, todo = f"{incident.cancelled_by} took it in hand", _TAKEN
    return Headline(whose, good, title, todo)


_ASKING = "Read the plan and its effects, then approve or reject it. Nothing runs until then."
_STOPPED_AND_ASKING = (
    "The stop switch is on, so nothing can be approved. Read the plan; reject it, or let Vigil act "
    "again and approve it then."
)
_BUSY = "Vigil waits until another incident is done with the same things"
_IN_LINE = (
    "There is nothing for you to do: it goes on by itself when everything that its plan touches "
    "and its proof looks at is free. The timeline says who is at work there."
)
_NOTHING = "There is nothing for you to do; this page follows it."
_TAKEN = "Ask there first. Below stands what was found and done, and what is in place."
_CANCELLED = "Vigil begins nothing more. What it found and did stands below."
_STOPPED = "The stop switch is on, so Vigil will not act."

_WORKING = {
    Stage.TRIGGERED: "An alert came in; Vigil is about to look",
    Stage.INVESTIGATING: "Vigil is looking into it",
    Stage.HYPOTHESIS_RECEIVED: "Vigil is weighing what it could be",
    Stage.CONTEXT_RETRIEVED: "Vigil is recalling what is known about this",
    Stage.SYNTHESIZING: "Vigil is working out what to do",
    Stage.EXECUTING: "Vigil is carrying out the plan",
    Stage.VERIFYING: "Done; Vigil is proving from the user's side whether it helped",
}
_ENDED = {
    Outcome.VERIFIED: (
        "Fixed, and proven from the user's side",
        "See below why it was handed over all the same.",
    ),
    Outcome.FALSE_ALARM: (
        "False alarm: nothing is wrong",
        "See below why it was handed over all the same.",
    ),
    Outcome.NOT_EXECUTED: (
        "Over to you: Vigil did nothing",
        "Read below why, and what to look at next.",
    ),
    Outcome.NOT_FIXED: (
        "Over to you: what was tried is not proven to have fixed it",
        "Read below what was done, what is still in place, and what to look at next.",
    ),
    Outcome.REGRESSED: (
        "Over to you: what was tried made something worse",
        "Read below what was undone, what is still in place, and what to look at next.",
    ),
    Outcome.NOTHING_TO_CHECK: (
        "Over to you: nobody can say how users fare",
        "Look at the service yourself, then map this alert to a probe.",
    ),
}
_DONE = {
    Outcome.VERIFIED: "There is nothing for you to do now. Find out in daylight how it got there.",
    Outcome.FALSE_ALARM: "There is nothing for you to do. If it comes often, look at the alert.",
}
