"""The post goes out whatever fails: nothing lost, nothing twice, nothing private (about 30 s)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine, select, update
from structlog.testing import capture_logs
from tests.support.hand_clock import START
from tests.support.http_server import Answer
from tests.support.record import erase_payloads, receive
from tests.support.shop import CountingSandbox
from tests.support.story import Fuse, Fused, PowerCut, Story, begin
from tests.support.vendors.pagerduty import JSON, KEY, SENDER, Account, Fault, failing, running
from tests.support.world import NEW, catalogue

from vigil import posting as loops
from vigil.domain.alert import Alert, AlertStatus
from vigil.domain.catalogue import Autonomy, Outside
from vigil.domain.errors import NotRedacted, PortUnavailable
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.outbound import Redacted
from vigil.domain.plan import ActionResult
from vigil.domain.redacted import Found
from vigil.domain.run import RunOrder
from vigil.domain.tokens import Tokens
from vigil.domain.verdict import Answer as Yes
from vigil.domain.verdict import Approval
from vigil.engine import Engine as Vigil
from vigil.integrations._clients.database import read, write
from vigil.integrations.alerts.pagerduty import PagerDutyAlerts
from vigil.integrations.journal import Keys, SqlMeanings, SqlPost
from vigil.integrations.journal.tables import payloads
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.integrations.trackers import pagerduty_asking
from vigil.integrations.trackers.pagerduty import PagerDutyTrackers
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.observe.intake import symptom_of, title_of
from vigil.ports.journal import Note
from vigil.ports.post import TAKEN_UP
from vigil.ports.sandbox import OnOutput
from vigil.posting import (
    LONGEST_WAIT_S,
    MOST_TRIES,
    OLDEST,
    OLDEST_ACKNOWLEDGED,
    Channel,
    Posting,
)

HERE = "QPLACE1"
URL = "https://vigil.example.org"
ADA = "ada.lovelace@example.org"
"""Who approves: her address must not leave."""
WHOLE = ["Vigil looks into", "A plan waits", "Vigil begins", "Fixed, and proven"]


class FusedPost(Fused, SqlPost):
    """Where the power may be cut at each step of the post."""

    def __init__(self, engine: Engine, keys: Keys, fuse: Fuse) -> None:
        super().__init__(engine, keys)
        self.fuse = fuse


@dataclass
class Post:
    """A Vigil whose incidents come from PagerDuty, and the post that tells PagerDuty of them."""

    story: Story
    account: Account
    url: str
    fuse: Fuse = field(default_factory=Fuse)
    channel: Channel = field(init=False)
    posting: Posting = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another process goes on: it knows nothing but what is on record."""
        tracker = PagerDutyTrackers(self.url, KEY, SENDER)
        self.channel = Channel("pagerduty", tracker)
        record = self.story.record
        post = FusedPost(record.engine, record.keys, self.fuse)
        self.posting = Posting(self.story.parts, post, [self.channel], URL)

    def wish(self, outside: Outside) -> None:
        """What the owner of the service wants."""
        known = catalogue(Autonomy.APPROVE)
        web = known.services["web"].model_copy(update={"outside": outside})
        services = {**known.services, "web": web}
        self.story.with_parts(catalogue=known.model_copy(update={"services": services}))
        self.restart()

    async def hear(self, place: str = HERE) -> Incident:
        """PagerDuty tells of one of its incidents."""
        if place not in self.account.incidents:
            self.account.trigger(place)
        alert = Alert(
            source="pagerduty",
            name="checkout-errors",
            service="web",
            status=AlertStatus.FIRING,
            fingerprint=place,
            starts_at=START,
        )
        joined = await receive(
            self.story.record.inbox,
            alert=alert,
            service="web",
            symptom=symptom_of(alert, self.story.parts.catalogue),
            title=title_of(alert),
            now=self.story.clock.now(),
            new_id=self.story.clock.new_id(),
        )
        assert joined.incident is not None
        return joined.incident

    async def cured(self) -> Incident:
        """An incident from its first alert to its end; Ada approves the plan."""
        await self.posting.round(self.channel)
        incident = await self.hear()
        await self.story.go_on()
        incident = await self.story.journal.incident(incident.id)
        assert incident.plan_digest is not None
        now = self.story.clock.now()
        yes = Approval(plan_digest=incident.plan_digest, answer=Yes.APPROVED, by=ADA, at=now)
        assert (await self.story.journal.answer(incident.id, yes)).won
        await self.story.go_on()
        return await self.story.journal.incident(incident.id)

    async def pass_by(self, seconds: float, every_s: float = 20.0) -> None:
        """Time goes by, with a round every so often."""
        until = self.story.clock.elapsed() + seconds
        while self.story.clock.elapsed() < until:
            self.story.clock.advance(every_s)
            await self.posting.round(self.channel)

    @property
    def told(self) -> list[str]:
        """How what stands there begins."""
        written = self.account.written(HERE)
        return [next((each for each in WHOLE if text.startswith(each)), text) for text in written]

    async def events(self, incident: Incident, *kinds: str) -> list[str]:
        """Kind, deed and moment of what its timeline says of the post."""
        return [
            f"{event.kind} {event.payload['deed']} {str(event.payload['key']).split(':')[0]}"
            for event in await self.story.journal.events(incident.id)
            if event.kind in (kinds or ("told", "not_told", "not_told_yet")) and event.payload
        ]

    async def health(self) -> tuple[bool, str]:
        found = await self.posting.health(self.channel)
        return found.ok, found.text

    def is_whole(self) -> None:
        """Everything was told once, in order, and the incident there is resolved."""
        assert self.told == WHOLE
        assert self.account.incidents[HERE]["status"] == "resolved"
        assert self.account.asked("PUT") == 1
        everything = json.dumps([self.account.notes, self.account.resolutions])
        assert ADA not in everything
        assert "[EMAIL_1]" in self.account.written(HERE)[2]


@pytest.fixture
async def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    monkeypatch.setattr(pagerduty_asking, "QUESTION_S", 0.2)
    story = await begin(tmp_path, autonomy=Autonomy.APPROVE)
    record = story.record
    story.with_parts(
        redaction=EmbeddedRedaction(), meanings=SqlMeanings(record.engine, record.keys)
    )
    account = Account()
    async with running(account) as server:
        yield Post(story, account, server.url())
    story.record.engine.dispose()


TOLD = ["told note opened", "told note waiting", "told note acting", "told note closed"]
ALL_TOLD = [*TOLD, "told resolve closed"]


async def test_an_incident_is_told_and_resolved_where_it_came_from(post: Post) -> None:
    incident = await post.cured()
    await post.posting.round(post.channel)
    post.is_whole()
    assert await post.events(incident) == ALL_TOLD
    assert await post.health() == (True, "5 told, 0 due, 0 not told")
    for text in post.account.written(HERE):
        assert f"{URL}/incidents/{incident.id} [vigil:" in text
    await post.pass_by(600)
    assert await post.events(incident) == ALL_TOLD, "telling is no news to tell"
    post.is_whole()


async def test_what_came_before_the_channel_is_not_told(post: Post) -> None:
    await post.hear()
    await post.story.go_on()
    post.story.clock.advance(60)
    await post.pass_by(60)
    assert post.account.written(HERE) == []


async def test_of_what_others_reported_pagerduty_hears_nothing(post: Post) -> None:
    await post.posting.round(post.channel)
    await post.story.hear()
    await post.story.go_on()
    await post.pass_by(60)
    assert post.account.exchanges == []


async def test_a_person_there_who_resolved_it_first_is_respected(post: Post) -> None:
    incident = await post.cured()
    post.account.incidents[HERE]["status"] = "resolved"
    await post.posting.round(post.channel)
    assert post.account.asked("PUT") == 0
    assert await post.events(incident) == ALL_TOLD


class ToldMeanwhile(CountingSandbox):
    """The post goes out while an action is about to run."""

    def __init__(self, post: Post) -> None:
        super().__init__(post.story.shop)
        self._post = post
        self.seen: list[str] = []

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        await self._post.posting.round(self._post.channel)
        self.seen.append(str(self._post.account.incidents[HERE]["status"]))
        return await super().run(order, on_output)


async def test_it_acknowledges_where_the_owner_wants_it(post: Post) -> None:
    post.wish(Outside(acknowledge=True))
    sandbox = ToldMeanwhile(post)
    post.story.with_parts(sandbox=sandbox)
    post.restart()
    incident = await post.cured()
    await post.posting.round(post.channel)
    assert "told acknowledge acting" in await post.events(incident)
    assert sandbox.seen == ["acknowledged"]
    bodies = [each.body for each in post.account.exchanges if each.method == "PUT"]
    assert [(body or {})["incident"]["status"] for body in bodies] == ["acknowledged", "resolved"]


# --- what may go wrong there ---------------------------------------------------------------------

FAULTS = {
    "slow": Answer(200, b"{}", JSON, delay_s=1.0),
    "server error": failing(503),
    "limit": failing(429, wait="60"),
    "limit without a word": Answer(429),
    "refused": failing(401),
    "half an answer": Answer(200, b'{"note": {"id"', JSON),
    "another type": Answer(200, b"<html>log in</html>", (("content-type", "text/html"),)),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_while_it_fails_nothing_is_lost_and_it_is_said(post: Post, fault: str) -> None:
    post.account.always = FAULTS[fault]
    incident = await post.cured()
    await post.pass_by(600, every_s=60)
    assert post.account.notes[HERE] == []
    assert await post.events(incident) == ["not_told_yet note opened"]
    ok, text = await post.health()
    assert not ok
    assert text.startswith("0 told, 5 due, 0 not told; the oldest waits for ")
    post.account.always = None
    await post.pass_by(2 * LONGEST_WAIT_S, every_s=90)
    post.is_whole()
    assert await post.events(incident) == ["not_told_yet note opened", *ALL_TOLD]
    assert (await post.health())[0]


@pytest.mark.parametrize("fault", FAULTS)
async def test_where_the_answer_was_lost_nothing_is_told_twice(post: Post, fault: str) -> None:
    incident = await post.cured()
    lost = FAULTS[fault]
    post.account.faults = [Fault(lost, does=True, method=m) for m in ("POST",) * 4 + ("PUT",)]
    await post.pass_by(600, every_s=60)
    post.is_whole()
    assert await post.events(incident, "told") == ALL_TOLD


async def test_nobody_there_at_all(post: Post) -> None:
    post.channel.tracker = PagerDutyTrackers("http://127.0.0.1:1", KEY, SENDER)
    incident = await post.cured()
    await post.pass_by(300)
    assert await post.events(incident) == ["not_told_yet note opened"]
    assert "cannot be reached" in (await post.health())[1]
    post.restart()
    await post.pass_by(LONGEST_WAIT_S)
    post.is_whole()


async def test_a_key_that_is_taken_back_in_the_middle(post: Post) -> None:
    incident = await post.cured()
    post.account.key_good_for = 3
    await post.posting.round(post.channel)
    assert await post.events(incident) == ["told note opened", "not_told_yet note waiting"]
    await post.pass_by(300)
    assert len(post.account.written(HERE)) == 1
    assert "PAGERDUTY_API_KEY" in (await post.health())[1]
    post.account.key_good_for = None
    await post.pass_by(2 * LONGEST_WAIT_S, every_s=90)
    post.is_whole()


async def test_a_long_limit_is_kept_to(post: Post) -> None:
    await post.cured()
    post.account.faults = [Fault(failing(429, wait="1800"))]
    await post.posting.round(post.channel)
    await post.pass_by(1780)
    assert post.account.exchanges == [], "it was asked before its time"
    await post.pass_by(60)
    post.is_whole()


async def test_a_wait_that_never_ends_is_not_kept_to(post: Post) -> None:
    await post.cured()
    post.account.faults = [Fault(failing(429, wait="999999"))]
    await post.posting.round(post.channel)
    await post.pass_by(loops.LONGEST_ASKED_S + 60)
    post.is_whole()


async def test_an_incident_that_is_gone_there_is_told_nothing_more(post: Post) -> None:
    incident = await post.cured()
    del post.account.incidents[HERE]
    await post.posting.round(post.channel)
    assert await post.events(incident) == [each.replace("told", "not_told", 1) for each in ALL_TOLD]
    assert (await post.health()) == (True, "0 told, 0 due, 5 not told")


async def test_what_is_too_old_is_not_sent_any_more_and_that_is_said(post: Post) -> None:
    post.account.always = failing(503)
    incident = await post.cured()
    await post.pass_by(OLDEST.total_seconds() + 7200, every_s=600)
    post.account.always = None
    await post.pass_by(7200, every_s=600)
    assert post.account.written(HERE) == []
    events = await post.story.journal.events(incident.id)
    ends = [event.payload for event in events if event.kind == "not_told" and event.payload]
    assert len(ends) == 5
    assert {
        str(end["text"]).startswith(("PagerDuty at", "it is older than 24 h")) for end in ends
    } == {True}
    assert (await post.health())[0]


async def test_it_is_not_tried_without_end(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "MOST_TRIES", 3)
    assert OLDEST.total_seconds() < MOST_TRIES * LONGEST_WAIT_S, "its age ends it first"
    post.account.always = failing(503)
    incident = await post.cured()
    await post.pass_by(7200, every_s=60)
    events = await post.story.journal.events(incident.id)
    ends = [str((event.payload or {})["text"]) for event in events if event.kind == "not_told"]
    assert "it was tried 3 times" in ends[0]


async def test_one_channel_never_holds_up_another(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "EVERY_S", 0.01)
    monkeypatch.setattr(pagerduty_asking, "QUESTION_S", 30.0)
    well = Account()
    well.trigger(HERE)
    async with running(well) as server:
        other = Channel("other", PagerDutyTrackers(server.url(), KEY, SENDER))
        post.posting.channels = [post.channel, other]
        await post.posting.round(other)
        await post.cured()
        post.account.always = Answer(200, b"{}", JSON, delay_s=60.0)
        working = asyncio.create_task(post.posting.work())
        try:
            async with asyncio.timeout(30):
                while well.incidents[HERE]["status"] != "resolved":  # noqa: ASYNC110 - a server does it
                    await asyncio.sleep(0.01)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    assert len(well.written(HERE)) == 4
    assert post.account.written(HERE) == []


async def test_what_came_back_meanwhile_is_not_resolved(post: Post) -> None:
    """PagerDuty was away; what fires anew may have gone into the very same incident there."""
    post.account.always = failing(503)
    incident = await post.cured()
    await post.pass_by(300)
    post.story.clock.advance(300)
    post.story.shop.release = NEW
    second = await post.story.hear(since=post.story.clock.elapsed())
    assert second.id != incident.id
    post.account.always = None
    await post.pass_by(2 * LONGEST_WAIT_S, every_s=90)
    assert post.told == WHOLE
    assert post.account.incidents[HERE]["status"] == "triggered"
    assert await post.events(incident, "not_told") == ["not_told resolve closed"]


async def test_what_is_known_to_have_come_back_is_not_resolved_either(post: Post) -> None:
    post.account.always = failing(503)
    incident = await post.cured()
    await post.pass_by(60)
    note = Note(kind="recurred", payload={"incident": "another", "text": "It came back."})
    await post.story.journal.append(incident.id, [note], post.story.clock.now())
    post.account.always = None
    await post.pass_by(2 * LONGEST_WAIT_S, every_s=90)
    assert len(post.account.written(HERE)) == len(WHOLE) + 1
    assert post.account.incidents[HERE]["status"] == "triggered"


@pytest.mark.parametrize("ended", [False, True], ids=["goes on", "has ended"])
async def test_what_was_merged_with_other_trouble_is_resolved_with_it(
    post: Post, ended: bool
) -> None:
    """The pager of that other trouble must not fall silent."""
    post.account.always = failing(503)
    incident = await post.cured()
    await post.posting.round(post.channel)
    other = await post.story.hear("CatalogueErrors")
    if ended:
        done = other.model_copy(
            update={"stage": Stage.RESOLVED, "closed_at": post.story.clock.now()}
        )
        now = post.story.clock.now()
        assert await post.story.journal.commit(
            incident=done, expected=(Stage.TRIGGERED, 1), now=now
        )
    payload: dict[str, JsonValue] = {"did": "merged", "into": HERE, "incident": other.id}
    note = Note(kind="done_at_source", payload=payload)
    await post.story.journal.append(incident.id, [note], post.story.clock.now())
    post.account.always = None
    await post.pass_by(2 * LONGEST_WAIT_S, every_s=90)
    assert post.told == WHOLE
    status = post.account.incidents[HERE]["status"]
    assert status == ("resolved" if ended else "triggered")


async def test_nobody_is_kept_quiet_once_vigil_is_not_at_work_any_more(post: Post) -> None:
    post.wish(Outside(acknowledge=True, resolve=False))
    incident = await post.cured()
    await post.posting.round(post.channel)
    assert await post.events(incident, "not_told") == ["not_told acknowledge acting"]
    assert post.account.incidents[HERE]["status"] == "triggered"


async def killed_at_work(post: Post) -> Incident:
    """An incident that stays where its first action is about to run."""

    def cut(_: RunOrder) -> None:
        raise PowerCut

    post.story.sandbox.before = cut
    with pytest.raises(PowerCut):
        await post.cured()
    (incident,) = await post.story.journal.incidents(10, only_open=True)
    assert incident.stage is Stage.EXECUTING
    return incident


@pytest.mark.parametrize(
    "since",
    [
        {
            "stage": Stage.SYNTHESIZING,
            "attempt": 2,
            "waiting_on": WaitingOn.APPROVAL,
            "plan_digest": "f" * 64,
        },
        {"waiting_on": WaitingOn.LOCKS},
        {"stage": Stage.INVESTIGATING},
        {"attempt": 2},
    ],
    ids=["a plan waits", "it waits for others", "it looks again", "another attempt acts"],
)
async def test_a_late_acknowledgement_silences_nobody(post: Post, since: dict[str, object]) -> None:
    """Once Vigil does not act any more, somebody has to be called."""
    post.wish(Outside(acknowledge=True))
    incident = await killed_at_work(post)
    post.account.always = failing(503)
    await post.posting.round(post.channel)
    before = (incident.stage, incident.attempt)
    now = post.story.clock.now()
    later = incident.model_copy(update=since)
    assert await post.story.journal.commit(incident=later, expected=before, now=now)
    post.account.always = None
    await post.pass_by(120)
    assert await post.events(incident, "not_told") == ["not_told acknowledge acting"]
    assert post.account.incidents[HERE]["status"] == "triggered"
    assert post.account.asked("PUT") == 0


@pytest.mark.parametrize("fault", ["server error", "refused"])
async def test_an_acknowledgement_that_is_refused_holds_up_little(post: Post, fault: str) -> None:
    """What is said comes before it, and it is given up as soon as it is worth nothing."""
    post.wish(Outside(acknowledge=True))
    incident = await killed_at_work(post)
    post.account.faults = [Fault(FAULTS[fault], method="PUT") for _ in range(100)]
    await post.posting.round(post.channel)
    assert await post.events(incident) == [*TOLD[:3], "not_told_yet acknowledge acting"]
    await post.pass_by(OLDEST_ACKNOWLEDGED.total_seconds())
    assert await post.events(incident, "not_told") == ["not_told acknowledge acting"]
    assert 0 < 100 - len(post.account.faults) < 10
    said = Note(kind="cancelled", payload={"by": "Grace", "text": "no further action is begun"})
    await post.story.journal.append(incident.id, [said], post.story.clock.now())
    await post.pass_by(LONGEST_WAIT_S)
    assert (await post.events(incident, "told"))[-1] == "told note cancelled"


async def test_what_is_found_too_old_is_not_acknowledged(post: Post) -> None:
    """Nobody led the post meanwhile; whoever was to be called has been called by now."""
    post.wish(Outside(acknowledge=True))
    incident = await killed_at_work(post)
    post.story.clock.advance(OLDEST_ACKNOWLEDGED.total_seconds() + 1)
    await post.posting.round(post.channel)
    assert await post.events(incident) == [*TOLD[:3], "not_told acknowledge acting"]
    (event,) = [
        event for event in await post.story.journal.events(incident.id) if event.kind == "not_told"
    ]
    assert "older than 5 min" in str((event.payload or {})["text"])


# --- what may go wrong here ----------------------------------------------------------------------


async def test_killed_at_any_step_nothing_is_lost_and_nothing_told_twice(post: Post) -> None:
    """Before and after each write, of which one lies between the call and its record."""
    incident = await post.cured()
    cuts, writes_until = 0, cycle((1, 2, 3))
    while cuts < 100:
        # One write is a step before it and one after it: taken up and killed; sent and killed
        # before that was written down; written down and killed.
        post.fuse.left = next(writes_until)
        try:
            await post.posting.round(post.channel)
        except PowerCut:
            cuts += 1
            post.restart()
            post.story.clock.advance(TAKEN_UP.total_seconds())
        else:
            break
    assert cuts > 3 * len(ALL_TOLD)
    post.is_whole()
    assert await post.events(incident) == ALL_TOLD
    events = await post.story.journal.events(incident.id)
    found = [str((event.payload or {})["text"]) for event in events if event.kind == "told"]
    already = ["it stood there already"] * len(WHOLE)
    assert found == [*already, "it was resolved already"], "each was sent and not written down"


def spoil(post: Post, incident: Incident) -> Callable[[], None]:
    """Somebody changes what its first event says; returns how to put it back."""
    of_it = (payloads.c.incident == incident.id, payloads.c.seq == 1)

    def put(sealed: bytes) -> None:
        change = update(payloads).where(*of_it).values(sealed=sealed)
        write(post.story.record.engine, lambda connection: connection.execute(change))

    query = select(payloads.c.sealed).where(*of_it)
    kept = read(post.story.record.engine, lambda c: c.execute(query).scalar_one())
    put(b"\x00" * len(kept))
    return lambda: put(kept)


async def test_a_timeline_that_cannot_be_read_holds_up_no_other(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it comes first, and no more than one is read at once; once mended it is told."""
    monkeypatch.setattr(loops, "AT_ONCE", 1)
    await post.posting.round(post.channel)
    broken = await post.story.hear("CatalogueErrors", source="pagerduty")
    mend = spoil(post, broken)
    post.story.clock.advance(1)
    incident = await post.hear()
    await post.pass_by(80)
    assert await post.events(incident) == ["told note opened"]
    assert (await post.health())[0]
    await post.pass_by(60)
    ok, text = await post.health()
    assert not ok
    assert f"incident {broken.id} has not been read for " in text
    post.restart()
    assert (await post.health()) == (ok, text), "whichever process is asked"
    mend()
    await post.pass_by(loops.ASIDE_S + 60)
    assert (await post.health())[0]
    assert post.channel.aside == {}


async def test_what_is_broken_is_not_tried_in_every_round(post: Post) -> None:
    await post.posting.round(post.channel)
    spoil(post, await post.hear())
    with capture_logs() as logs:
        await post.pass_by(loops.ASIDE_S - 20)
    assert [line["event"] for line in logs].count("timeline not read") == 1


async def test_without_a_redactor_nothing_leaves_and_that_is_said(post: Post) -> None:
    post.story.with_parts(redaction=None)
    post.restart()
    incident = await post.cured()
    await post.posting.round(post.channel)
    assert post.account.exchanges == []
    assert await post.events(incident) == [each.replace("told", "not_told", 1) for each in ALL_TOLD]


@dataclass
class Faulty:
    """The real redactor, when it answers."""

    error: Exception | None

    async def redact(self, text: str, tokens: Tokens, held: Sequence[Found] = ()) -> Redacted:
        if self.error is not None:
            raise self.error
        return await EmbeddedRedaction().redact(text, tokens, held)


@pytest.mark.parametrize(
    "error",
    [PortUnavailable("no answer"), NotRedacted("two runs wrote at once"), RuntimeError(ADA)],
    ids=["no answer", "not redacted", "a mistake"],
)
async def test_while_the_redactor_fails_nothing_leaves(post: Post, error: Exception) -> None:
    faulty = Faulty(error)
    post.story.with_parts(redaction=faulty)
    post.restart()
    incident = await post.cured()
    await post.pass_by(300)
    assert post.account.exchanges == []
    assert await post.events(incident) == ["not_told_yet note opened"]
    ok, text = await post.health()
    assert not ok
    assert ADA not in text
    faulty.error = None
    await post.pass_by(2 * LONGEST_WAIT_S, every_s=90)
    post.is_whole()


async def test_one_value_has_one_token_in_everything_that_leaves(post: Post) -> None:
    """Also in what was said of the incident to somebody else before."""
    meanings = post.story.parts.meanings
    assert meanings is not None
    incident = await post.hear()
    kept = Tokens(values={"[EMAIL_1]": "first@example.org", "[EMAIL_2]": ADA})
    await meanings.keep(incident.id, kept)
    await post.posting.round(post.channel)
    post.story.clock.advance(1)
    await post.story.go_on()
    await post.story.approve(await post.story.journal.incident(incident.id))
    assert (await meanings.known(incident.id)).values == kept.values


async def test_what_was_erased_meanwhile_is_told_nobody(post: Post) -> None:
    post.account.always = failing(503)
    incident = await post.cured()
    await post.posting.round(post.channel)
    assert erase_payloads(post.story.record, incident.id, post.story.clock.now()) > 0
    post.account.always = None
    await post.pass_by(2 * LONGEST_WAIT_S, every_s=90)
    assert post.account.written(HERE) == []
    assert (await post.events(incident))[0] == "not_told note opened"


async def test_a_wall_clock_that_is_set_loses_nothing(post: Post) -> None:
    await post.cured()
    post.account.faults = [Fault(failing(503))]
    await post.posting.round(post.channel)
    post.story.clock.set_wall(-timedelta(minutes=30).total_seconds())
    await post.pass_by(2400)
    post.is_whole()


# --- whole ---------------------------------------------------------------------------------------


async def test_a_running_engine_tells_pagerduty_what_it_heard_from_there(
    post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the body of PagerDuty's webhook to the notes and the end of that incident."""
    monkeypatch.setattr(loops, "EVERY_S", 0.05)
    monkeypatch.setattr(pagerduty_asking, "QUESTION_S", 5.0)
    story = post.story
    story.with_parts(catalogue=catalogue(Autonomy.AUTO))
    post.restart()
    post.account.trigger(HERE)
    event = {
        "id": "01EVENT1",
        "event_type": "incident.triggered",
        "resource_type": "incident",
        "occurred_at": START.isoformat(),
        "data": {
            "id": HERE,
            "type": "incident",
            "title": "[FIRING:1] CheckoutErrors web (critical)",
            "created_at": START.isoformat(),
            "urgency": "high",
            "service": {"summary": "web"},
        },
    }
    source = PagerDutyAlerts("secret-of-the-test", story.clock)
    delivery = source.parse({}, json.dumps({"event": event}).encode())
    assert [alert.fingerprint for alert in delivery.alerts] == [HERE]
    workflow = DbosWorkflow(f"sqlite:///{tmp_path / 'workflow.sqlite'}")
    engine = Vigil(story.parts, story.record.inbox, workflow, sources={}, posting=post.posting)
    # Its time begins before anything is heard, whichever loop is the first to run.
    await post.posting.round(post.channel)
    await engine.hear(delivery)
    await engine.start()
    try:
        async with asyncio.timeout(60):
            while post.account.incidents[HERE]["status"] != "resolved":
                await asyncio.sleep(0.02)
                assert post.channel.failures == 0
        parts = {health.part: health for health in await engine.health()}
        assert parts["post pagerduty"].ok
        assert (await engine.standings())["pagerduty"].told > 1
    finally:
        await engine.stop()
    assert post.told[-1] == WHOLE[-1]
