"""PagerDuty's incidents, over its REST API (version 2).

What its API cannot do is to change something only if nobody else has: between the look at an
incident and the change there is a moment, which is why each look comes right before its change.
"""

import re
from typing import Any
from urllib.parse import quote

from vigil.domain.errors import PermanentError
from vigil.domain.message import Sending, Sent
from vigil.domain.scrub import clean
from vigil.integrations.trackers.pagerduty_asking import (
    Conversation,
    PagerDutyApi,
    not_understood,
)

SOURCE = "pagerduty"
_ID = re.compile(r"[A-Za-z0-9]{4,40}")
MOST_CHARS = 8000
"""Of the text of one note: more than that nobody reads there."""
MOST_WORD = 200
"""Of a word that it says."""
MOST_PAGES = 40
"""Of notes; an incident has 2000 at most."""
TRIGGERED, ACKNOWLEDGED, RESOLVED = "triggered", "acknowledged", "resolved"


class PagerDutyTrackers:
    """Fulfils ``ports.trackers.Trackers``; ``sender`` is the e-mail address of a user there."""

    def __init__(self, url: str, key: str, sender: str) -> None:
        self._api = PagerDutyApi(url, key, sender)

    def place(self, source: str, fingerprint: str) -> str | None:
        """Its own id of the incident, which is the fingerprint of its alerts."""
        return fingerprint if source == SOURCE and _ID.fullmatch(fingerprint) else None

    async def note(self, place: str, sending: Sending) -> Sent:
        """Look through what is there; write it if it is not."""
        notes = f"{_path(place)}/notes"
        async with self._api.conversation() as told:
            for note in await self._notes(told, notes):
                if sending.mark in _text(note, "content"):
                    return Sent("it stood there already", _word(note, "id"))
            body = {"note": {"content": _content(sending)}}
            written = self._object(await told.ask("POST", notes, body), "note")
        return Sent("noted", _word(written, "id"))

    async def resolve(self, place: str, sending: Sending) -> Sent:
        """Look whether it is; resolve it if not."""
        async with self._api.conversation() as told:
            incident = self._object(await told.ask("GET", _path(place)), "incident")
            if _text(incident, "status") == RESOLVED:
                return Sent("it was resolved already", place)
            changed = {"status": RESOLVED, "resolution": _content(sending)}
            await self._change(told, place, changed)
        return Sent(RESOLVED, place)

    async def acknowledge(self, place: str) -> Sent:
        """Look at the incident and its service; acknowledge it if both allow that."""
        async with self._api.conversation() as told:
            why_not = await self._why_not_acknowledge(told, place)
            if why_not is not None:
                return Sent(f"not acknowledged: {why_not}")
            changed = await self._change(told, place, {"status": ACKNOWLEDGED})
        return Sent(ACKNOWLEDGED, _word(changed.get("last_status_change_by"), "summary"))

    async def _why_not_acknowledge(self, told: Conversation, place: str) -> str | None:
        """The service first, so that nothing comes between the look at the incident and the change.

        An incident says which service it belongs to, so it is looked at twice.
        """
        incident = self._object(await told.ask("GET", _path(place)), "incident")
        service = _text(incident.get("service"), "id")
        if not _ID.fullmatch(service):
            raise not_understood(self._api.name, "the incident names no service")
        found = self._object(await told.ask("GET", f"/services/{service}"), "service")
        timeout = found.get("acknowledgement_timeout")
        if not isinstance(timeout, int) or timeout <= 0:
            return "its service has no acknowledgement timeout, so nobody would be called again"
        incident = self._object(await told.ask("GET", _path(place)), "incident")
        status = _word(incident, "status")
        return None if status == TRIGGERED else f"it is {status}"

    async def _change(
        self, told: Conversation, place: str, changed: dict[str, str]
    ) -> dict[str, Any]:
        body = {"incident": {"type": "incident_reference", **changed}}
        incident = self._object(await told.ask("PUT", _path(place), body), "incident")
        if _text(incident, "status") != changed["status"]:
            why = f"the incident is not {changed['status']} by it"
            raise not_understood(self._api.name, why)
        return incident

    async def _notes(self, told: Conversation, path: str) -> list[dict[str, Any]]:
        """All of them: at once, as the API gives them, or page by page where it says ``more``."""
        found: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            answer = await told.ask(
                "GET", path, query={"offset": str(len(found))} if found else None
            )
            page = answer.get("notes")
            if not isinstance(page, list) or not all(isinstance(note, dict) for note in page):
                raise not_understood(self._api.name, "it has no notes")
            found += page
            if answer.get("more") is not True:
                return found
            if not page:
                break
        raise PermanentError(
            f"the notes at {self._api.name} cannot be read to their end, so nobody knows whether "
            "this one is there"
        )

    def _object(self, answer: dict[str, Any], name: str) -> dict[str, Any]:
        found = answer.get(name)
        if not isinstance(found, dict):
            raise not_understood(self._api.name, f"it has no {name}")
        return found


def _path(place: str) -> str:
    return f"/incidents/{quote(place, safe='')}"


def _text(found: object, name: str) -> str:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _word(found: object, name: str) -> str:
    """Fit to be kept."""
    return clean(_text(found, name), MOST_WORD)


def _content(sending: Sending) -> str:
    """The text, cut after it was redacted: what is cut before may no longer look like a secret."""
    text = sending.text.text
    cut = text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + "…"
    return f"{cut}\n{sending.link} [{sending.mark}]"
