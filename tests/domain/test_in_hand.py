"""Who has an incident in hand at its source."""

from typing import Any

import pytest

from vigil.domain.in_hand import in_hand
from vigil.domain.timeline import GENESIS, Event

AT = "2026-03-01T12:00:00Z"
ABOUT = {"source": "pagerduty", "fingerprint": "Q1"}


def told(*events: tuple[str, dict[str, Any] | None]) -> tuple[str, ...]:
    return in_hand(
        [
            Event.model_validate(
                {
                    "incident": "a",
                    "seq": number,
                    "at": AT,
                    "kind": kind,
                    "payload_digest": GENESIS,
                    "previous": GENESIS,
                    "hash": GENESIS,
                    "payload": payload,
                }
            )
            for number, (kind, payload) in enumerate(events, 1)
        ]
    )


def done(did: str, by: str = "Ann", *, person: bool = True) -> tuple[str, dict[str, Any]]:
    said = {"did": did, "by": by, "person": person, "text": ""}
    return ("done_at_source", ABOUT | said)


def over(by: str = "", source: str = "pagerduty") -> tuple[str, dict[str, Any]]:
    return ("alert_resolved", ABOUT | {"source": source} | ({"by": by} if by else {}))


OPENED, AGAIN = ("opened", ABOUT), ("alert_joined", ABOUT)
OTHERS = ("alert_joined", ABOUT | {"source": "alertmanager"})
ANOTHER = ("alert_joined", ABOUT | {"fingerprint": "Q2"})
SAID = "people have it in hand: {} it at PagerDuty"
UNSEEN = ("people may have it in hand: more was done at sources than is told here",)
ACKNOWLEDGED, RESOLVED = (SAID.format("Ann acknowledged"),), (SAID.format("Ann resolved"),)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], ()),
        ([OPENED], ()),
        ([OPENED, done("acknowledged")], ACKNOWLEDGED),
        ([OPENED, done("acknowledged", "")], (SAID.format("somebody acknowledged"),)),
        ([OPENED, done("acknowledged"), done("wrote", "Bob")], ACKNOWLEDGED),
        ([OPENED, done("reassigned")], (SAID.format("Ann reassigned"),)),
        ([OPENED, done("acknowledged", person=False)], ()),
        ([OPENED, done("escalated"), done("ran"), done("wrote"), done("merged"), done("?")], ()),
        ([OPENED, done("acknowledged"), done("unacknowledged", "", person=False)], ()),
        ([OPENED, done("acknowledged"), OTHERS, ANOTHER], ACKNOWLEDGED),
        ([OPENED, done("acknowledged"), AGAIN], ()),
        ([OPENED, over("Ann")], RESOLVED),
        ([OPENED, over()], ()),
        ([OPENED, over("Ann"), AGAIN], ()),
        ([OPENED, over("Ann"), over(source="alertmanager")], RESOLVED),
        ([OPENED, ("done_at_source", None), ("opened", None)], ()),
        ([OPENED, done("acknowledged"), ("doings_counted", {"text": ""})], ACKNOWLEDGED),
        ([OPENED, ("doings_counted", {"text": "", "unseen": True})], UNSEEN),
    ],
)
def test_who_said_last_that_people_see_to_it(
    events: list[tuple[str, dict[str, Any] | None]], said: tuple[str, ...]
) -> None:
    assert told(*events) == said


def own(deed: str = "acknowledge", place: str = "Q1", remote: str = "Vigil") -> tuple[str, Any]:
    """What Vigil told there."""
    return "told", {"channel": "pagerduty", "place": place, "deed": deed, "remote": remote}


@pytest.mark.parametrize(
    ("events", "by"),
    [
        ([own(), done("acknowledged", "Vigil")], ""),
        ([done("acknowledged", "Vigil"), own()], ""),
        ([own(), done("acknowledged", "Vigil"), done("acknowledged", "Ann")], "Ann"),
        ([own(), done("acknowledged", "Ann")], "Ann"),
        ([own(deed="note"), done("acknowledged", "Vigil")], "Vigil"),
        ([own(place="Q2"), done("acknowledged", "Vigil")], "Vigil"),
        ([own(remote=""), done("acknowledged", "")], "somebody"),
        ([("told", None), done("acknowledged", "Vigil")], "Vigil"),
    ],
    ids=[
        "seen afterwards",
        "seen before it was written down",
        "then a person",
        "a person",
        "it only wrote",
        "elsewhere",
        "as nobody knows whom",
        "erased",
    ],
)
def test_what_vigil_acknowledged_itself_is_in_nobodys_hand(
    events: list[tuple[str, dict[str, Any] | None]], by: str
) -> None:
    assert told(OPENED, *events) == ((SAID.format(f"{by} acknowledged"),) if by else ())
