"""The numbered promises of ``ports/trackers.py``, over PagerDuty's adapter (about 3 s)."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.support.http_server import Answer
from tests.support.vendors.pagerduty import (
    CONTRACT,
    JSON,
    KEY,
    SENDER,
    Account,
    Fault,
    against_contract,
    failing,
    running,
)

from vigil.domain.errors import NotFound, PermanentError, PortUnavailable, ToldToWait
from vigil.domain.message import Sending
from vigil.domain.tokens import Tokens
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.integrations.trackers import pagerduty, pagerduty_asking
from vigil.integrations.trackers.pagerduty import PagerDutyTrackers
from vigil.ports.trackers import Trackers

HERE = "QPLACE1"
TEXT = "Fixed, and proven; ask anna@example.org"
FAULTS = {
    "slow": Answer(200, b"{}", JSON, delay_s=2.0),
    "server error": failing(503),
    "limit": failing(429, wait="7"),
    "limit without a word": Answer(429),
    "refused": failing(401),
    "forbidden": failing(403),
    "half an answer": Answer(200, b'{"note": {"id"', JSON),
    "cut off": Answer(200, b"", (*JSON, ("transfer-encoding", "chunked"))),
    "another type": Answer(200, b"<html>log in</html>", (("content-type", "text/html"),)),
    "no object": Answer(200, b"[]", JSON),
    "moved": Answer(302, b"", (("location", "http://127.0.0.1:1/"),)),
    "deep": Answer(200, b"[" * 100_000, JSON),
}


def sending(text: str = TEXT, mark: str = "vigil:0123456789abcdef01234567") -> Sending:
    redacted = EmbeddedRedaction().at_once(text, Tokens())
    return Sending(redacted.outbound, "https://vigil.example.org/incidents/1", mark)


@dataclass
class Place:
    """An account with one incident, and Vigil's way to it."""

    account: Account
    tracker: Trackers
    port: int


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(pagerduty_asking, "QUESTION_S", 0.2)
    account = Account()
    account.trigger(HERE)
    async with running(account) as server:
        yield Place(account, PagerDutyTrackers(server.url(), KEY, SENDER), server.port)


@pytest.mark.parametrize(
    ("source", "fingerprint", "expected"),
    [
        ("pagerduty", "PT4KHLK", "PT4KHLK"),
        ("pagerduty", "Q02JTSNZWHSEKV", "Q02JTSNZWHSEKV"),
        ("alertmanager", "PT4KHLK", None),
        ("pagerduty", "sha256:" + "0" * 64, None),
        ("pagerduty", "PT4KHLK/../..", None),
        ("pagerduty", "PT4KHLK\n", None),
        ("pagerduty", "", None),
        ("pagerduty", "Q" * 41, None),
    ],
    ids=["old id", "new id", "other source", "no id", "path", "line end", "empty", "long"],
)
def test_1_a_place_is_the_trackers_own_name(
    source: str, fingerprint: str, expected: str | None
) -> None:
    tracker = PagerDutyTrackers("http://127.0.0.1:1", KEY, SENDER)
    assert tracker.place(source, fingerprint) == expected


async def test_2_a_note_stands_there_once(place: Place) -> None:
    first = await place.tracker.note(HERE, sending())
    again = await place.tracker.note(HERE, sending())
    assert (first.text, again.text) == ("noted", "it stood there already")
    assert first.remote == again.remote != ""
    (written,) = place.account.written(HERE)
    assert written.startswith("Fixed, and proven; ask [EMAIL_1]")
    assert "https://vigil.example.org/incidents/1" in written
    await place.tracker.note(HERE, sending(mark="vigil:another"))
    assert len(place.account.written(HERE)) == 2


@pytest.mark.parametrize("fault", FAULTS)
async def test_2_a_note_whose_answer_was_lost_is_not_written_again(
    place: Place, fault: str
) -> None:
    place.account.faults = [Fault(FAULTS[fault], does=True, method="POST")]
    with pytest.raises(PortUnavailable):
        await place.tracker.note(HERE, sending())
    assert (await place.tracker.note(HERE, sending())).text == "it stood there already"
    assert len(place.account.written(HERE)) == 1


@pytest.mark.parametrize("fault", FAULTS)
async def test_2_where_the_notes_cannot_be_read_none_is_written(place: Place, fault: str) -> None:
    place.account.faults = [Fault(FAULTS[fault], method="GET")]
    with pytest.raises(PortUnavailable):
        await place.tracker.note(HERE, sending())
    assert place.account.written(HERE) == []


async def test_2_pages_of_notes_are_turned(place: Place) -> None:
    place.account.page = 2
    for number in range(5):
        await place.tracker.note(HERE, sending(mark=f"vigil:{number}"))
    for number in range(5):
        await place.tracker.note(HERE, sending(mark=f"vigil:{number}"))
    assert len(place.account.written(HERE)) == 5


async def test_2_notes_without_end_are_not_read_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagerduty, "MOST_PAGES", 3)
    page = {"notes": [{"content": "again"}], "more": True}
    place.account.always = Answer(200, json.dumps(page).encode(), JSON)
    with pytest.raises(PermanentError, match="cannot be read to their end"):
        await place.tracker.note(HERE, sending())
    assert place.account.written(HERE) == []


async def test_2_a_long_text_is_cut_and_keeps_its_mark(place: Place) -> None:
    await place.tracker.note(HERE, sending("long " * 10_000))
    (written,) = place.account.written(HERE)
    assert len(written) < pagerduty.MOST_CHARS + 200
    assert (await place.tracker.note(HERE, sending())).text == "it stood there already"


async def test_3_what_is_resolved_stays_as_it_is(place: Place) -> None:
    assert (await place.tracker.resolve(HERE, sending())).text == "resolved"
    assert place.account.incidents[HERE]["status"] == "resolved"
    assert place.account.resolutions[HERE].startswith("Fixed, and proven")
    again = await place.tracker.resolve(HERE, sending("another text"))
    assert again.text == "it was resolved already"
    assert place.account.resolutions[HERE].startswith("Fixed, and proven")


@pytest.mark.parametrize("fault", FAULTS)
async def test_3_a_change_whose_answer_was_lost_is_found_done(place: Place, fault: str) -> None:
    place.account.faults = [Fault(FAULTS[fault], does=True, method="PUT")]
    with pytest.raises(PortUnavailable):
        await place.tracker.resolve(HERE, sending())
    assert (await place.tracker.resolve(HERE, sending())).text == "it was resolved already"
    assert place.account.asked("PUT") == 1


async def test_4_it_acknowledges_what_nobody_has_in_hand(place: Place) -> None:
    sent = await place.tracker.acknowledge(HERE)
    assert (sent.text, sent.remote) == ("acknowledged", "Vigil")
    assert place.account.incidents[HERE]["status"] == "acknowledged"


@pytest.mark.parametrize("status", ["acknowledged", "resolved"])
async def test_4_it_never_opens_an_incident_again(place: Place, status: str) -> None:
    place.account.incidents[HERE]["status"] = status
    sent = await place.tracker.acknowledge(HERE)
    assert (sent.text, sent.remote) == (f"not acknowledged: it is {status}", "")
    assert place.account.incidents[HERE]["status"] == status
    assert place.account.asked("PUT") == 0


@pytest.mark.parametrize("seconds", [None, 0], ids=["none", "zero"])
async def test_4_nor_where_nobody_would_be_called_again(place: Place, seconds: int | None) -> None:
    place.account.acknowledgement_timeout = seconds
    sent = await place.tracker.acknowledge(HERE)
    assert "no acknowledgement timeout" in sent.text
    assert place.account.incidents[HERE]["status"] == "triggered"


@pytest.mark.parametrize("fault", FAULTS)
async def test_5_what_may_go_better_later_says_so(place: Place, fault: str) -> None:
    place.account.always = FAULTS[fault]
    for ask in (place.tracker.note, place.tracker.resolve):
        with pytest.raises(PortUnavailable):
            await ask(HERE, sending())
    with pytest.raises(PortUnavailable):
        await place.tracker.acknowledge(HERE)


@pytest.mark.parametrize("name", ["retry-after", "ratelimit-reset"])
async def test_5_it_says_how_long_it_is_to_wait(place: Place, name: str) -> None:
    place.account.faults = [Fault(failing(429, wait="41", name=name))]
    with pytest.raises(ToldToWait) as raised:
        await place.tracker.note(HERE, sending())
    assert raised.value.retry_after_s == 41.0


@pytest.mark.parametrize("wait", ["soon", "-1", "9" * 30, ""], ids=["word", "past", "ever", "none"])
async def test_5_a_wait_that_is_none_is_not_believed(place: Place, wait: str) -> None:
    place.account.faults = [Fault(failing(429, wait=wait))]
    with pytest.raises(PortUnavailable) as raised:
        await place.tracker.note(HERE, sending())
    assert not isinstance(raised.value, ToldToWait)


async def test_5_an_incident_that_is_gone_is_not_found(place: Place) -> None:
    for ask in (place.tracker.note, place.tracker.resolve):
        with pytest.raises(NotFound):
            await ask("QGONE99", sending())
    with pytest.raises(NotFound):
        await place.tracker.acknowledge("QGONE99")


async def test_5_nobody_there_is_no_answer() -> None:
    tracker = PagerDutyTrackers("http://127.0.0.1:1", KEY, SENDER)
    with pytest.raises(PortUnavailable, match="PAGERDUTY_API_URL"):
        await tracker.note(HERE, sending())


@pytest.mark.parametrize(("status", "setting"), [(401, "API_KEY"), (400, "FROM")])
async def test_5_a_refusal_names_the_setting_to_look_at(
    place: Place, status: int, setting: str
) -> None:
    place.account.faults = [Fault(failing(status))]
    with pytest.raises(PortUnavailable, match=f"PAGERDUTY_{setting}"):
        await place.tracker.note(HERE, sending())


async def test_5_and_whoever_writes_has_to_be_somebody_there(place: Place) -> None:
    stranger = PagerDutyTrackers(f"http://127.0.0.1:{place.port}", KEY, "nobody@example.org")
    with pytest.raises(PortUnavailable, match="PAGERDUTY_FROM"):
        await stranger.note(HERE, sending())


@pytest.mark.parametrize("fault", FAULTS)
async def test_6_no_error_says_a_secret_or_the_text(place: Place, fault: str) -> None:
    place.account.always = FAULTS[fault]
    with pytest.raises(PortUnavailable) as raised:
        await place.tracker.note(HERE, sending())
    assert KEY not in str(raised.value)
    assert "proven" not in str(raised.value)


async def test_6_an_answer_without_end_is_not_read_to_its_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagerduty_asking, "MOST_ANSWER", 10_000)
    place.account.always = Answer(200, b" " * 5_000, JSON, repeat=100)
    with pytest.raises(PortUnavailable, match="longer than 10000"):
        await place.tracker.note(HERE, sending())


async def test_6_what_it_says_of_an_error_is_cut_and_cleaned(place: Place) -> None:
    said = {"error": {"message": "\x1b[31mno\n" + "a" * 5000, "code": 1}}
    place.account.always = Answer(500, json.dumps(said).encode(), JSON)
    with pytest.raises(PortUnavailable) as raised:
        await place.tracker.note(HERE, sending())
    assert "\x1b" not in str(raised.value)
    assert len(str(raised.value)) < 400


@pytest.mark.skipif(not CONTRACT.exists(), reason="PagerDuty's API description is not here")
async def test_2_requests_and_answers_are_as_pagerduty_describes_them(place: Place) -> None:
    await place.tracker.acknowledge(HERE)
    await place.tracker.note(HERE, sending())
    await place.tracker.note(HERE, sending())
    await place.tracker.resolve(HERE, sending())
    assert {(e.method, e.template) for e in place.account.exchanges} == {
        ("GET", "/incidents/{id}"),
        ("PUT", "/incidents/{id}"),
        ("GET", "/incidents/{id}/notes"),
        ("POST", "/incidents/{id}/notes"),
        ("GET", "/services/{id}"),
    }
    for exchange in place.account.exchanges:
        assert against_contract(exchange) == []
    wrong = place.account.exchanges[0]._replace(answer={"incident": {"status": "asleep"}})
    assert against_contract(wrong), "the comparison sees nothing"
