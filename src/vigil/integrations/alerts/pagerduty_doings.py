"""What people do with an incident at PagerDuty, out of the events that tell of it."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from vigil.domain.alert import Did, Doing
from vigil.domain.scrub import clean
from vigil.integrations._clients.untrusted import MOST_TEXT, identifier, member, words

DOINGS: Mapping[str, Did] = MappingProxyType(
    {
        "incident.acknowledged": Did.ACKNOWLEDGED,
        "incident.action_invocation.created": Did.RAN,
        "incident.action_invocation.terminated": Did.RAN,
        "incident.action_invocation.updated": Did.RAN,
        "incident.annotated": Did.WROTE,
        # To another escalation policy.
        "incident.delegated": Did.REASSIGNED,
        "incident.escalated": Did.ESCALATED,
        "incident.priority_updated": Did.RATED,
        "incident.reassigned": Did.REASSIGNED,
        "incident.responder.added": Did.CALLED,
        "incident.responder.replied": Did.CALLED,
        "incident.service_updated": Did.MOVED,
        "incident.status_update_published": Did.WROTE,
        "incident.unacknowledged": Did.UNACKNOWLEDGED,
        "incident.workflow.completed": Did.RAN,
        "incident.workflow.started": Did.RAN,
    }
)
"""Each is seen, and says nothing about the service."""

_ACTION = (("action", "summary"), ("state",))
_PERSON = (("user", "summary"), ("state",), ("message",))
_SAID: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "incident.action_invocation.created": _ACTION,
        "incident.action_invocation.terminated": _ACTION,
        "incident.action_invocation.updated": _ACTION,
        "incident.annotated": (("content",),),
        "incident.delegated": (("escalation_policy", "summary"),),
        "incident.priority_updated": (("priority", "summary"),),
        "incident.responder.added": _PERSON,
        "incident.responder.replied": _PERSON,
        "incident.service_updated": (("service", "summary"),),
        "incident.status_update_published": (("message",),),
        "incident.workflow.completed": (("summary",), ("state",)),
        "incident.workflow.started": (("summary",),),
    }
)
"""Where in the data stands what there is to say beyond the kind."""
_OWN = re.compile(r"\[vigil:[0-9a-f]{24}\]\Z")
"""The mark at the end of each note of Vigil's."""
MOST_NAME = 200
MOST_NAMES = 5
"""People that one line names."""


def is_own_note(event: Mapping[str, Any]) -> bool:
    """Whether Vigil wrote what was written there; to tell it here would be an echo."""
    return _OWN.search(identifier(member(event, "data", "content"))) is not None


def doing_of(source: str, kind: str, event: Mapping[str, Any]) -> Doing | None:
    """What was done, or None where the event names no incident that it was done with."""
    data = event.get("data")
    # The data is the incident, or something that belongs to one.
    path = ("incident", "id") if member(data, "incident") is not None else ("id",)
    number = identifier(member(data, *path))
    if not number:
        return None
    return Doing(
        source=source,
        fingerprint=number,
        did=DOINGS[kind],
        by=agent(event),
        person=is_person(event),
        text=_said(kind, data),
    )


def merge_of(source: str, event: Mapping[str, Any]) -> Doing | None:
    """The merge that ended an incident, where it says into which other one."""
    incident = event.get("data")
    number = identifier(member(incident, "id"))
    into = identifier(member(incident, "resolve_reason", "incident", "id"))
    if not (number and into) or number == into:
        return None
    title = words(member(incident, "resolve_reason", "incident", "summary"))
    return Doing(
        source=source,
        fingerprint=number,
        did=Did.MERGED,
        by=agent(event),
        person=is_person(event),
        text=f"into {title or into}",
        into=into,
    )


def agent(event: Mapping[str, Any]) -> str:
    """Who did it; empty where PagerDuty names nobody, as for some automations."""
    return clean(words(member(event, "agent", "summary")), MOST_NAME)


def is_person(event: Mapping[str, Any]) -> bool:
    """Whether a user did it, and no service, integration or workflow."""
    return member(event, "agent", "type") == "user_reference"


def _said(kind: str, data: object) -> str:
    if kind == "incident.reassigned":
        return _to(member(data, "assignees"))
    found = [words(member(data, *path)) for path in _SAID.get(kind, ())]
    cut = " (cut there)" if member(data, "trimmed") is True else ""
    return clean(", ".join(text for text in found if text), MOST_TEXT) + cut


def _to(assignees: object) -> str:
    found = assignees if isinstance(assignees, list) else []
    named = [words(member(one, "summary")) for one in found[:MOST_NAMES]]
    names = ", ".join(name for name in named if name)
    return f"to {names}" if names else ""
