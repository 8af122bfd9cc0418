"""A cure that was proven is looked at again, until its time is over (about 6 s)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.hand_clock import START
from tests.support.record import receive
from tests.support.story import Story, begin
from tests.support.world import (
    NEW,
    ScriptedChanges,
    ScriptedInventories,
    ScriptedProbes,
    catalogue,
    watching,
)

from vigil.aftercare import LATE_S, Aftercare
from vigil.domain.alert import Delivery
from vigil.domain.catalogue import Catalogue
from vigil.domain.change import Release
from vigil.domain.errors import PortUnavailable
from vigil.domain.incident import Incident, Stage
from vigil.domain.inventory import Inventory, Item, Kind
from vigil.domain.journey import JourneyProbe, JourneyStep
from vigil.domain.proof import Outcome
from vigil.domain.switch import SwitchState
from vigil.engine import Engine
from vigil.integrations.workflow.dbos import DbosWorkflow
from vigil.observe.aftercare import FEWEST, SOURCE
from vigil.observe.intake import symptom_of, title_of

WATCHED_S = 900
BUY = "web/buy"
PATIENCE_S = 30.0


def watched_shop() -> Catalogue:
    """The shop with a journey that proves its checkout, and 15 minutes in which it is watched."""
    known = catalogue()
    web = known.services["web"]
    journey = JourneyProbe(kind="journey", steps=(JourneyStep(open="http://127.0.0.1:1/"),))
    symptom = web.symptoms["checkout-errors"].model_copy(update={"prove_with": ("buy",)})
    changed = web.model_copy(
        update={
            "probes": {**web.probes, "buy": journey},
            "symptoms": {**web.symptoms, "checkout-errors": symptom},
        }
    )
    services = {**known.services, "web": changed}
    return watching(WATCHED_S, known.model_copy(update={"services": services}))


@dataclass
class After:
    """A cure that was proven, and the worker that looks after it."""

    story: Story
    probes: ScriptedProbes
    buying: str = ""
    """What the journey sees, look by look; empty: the same as the checkout."""
    there: tuple[Item, ...] = (Item(kind=Kind.ENDPOINT, service="web", name=":80", there=True),)
    heard: list[Delivery] = field(default_factory=list)
    refuse: bool = False
    first: Incident = field(init=False)
    care: Aftercare = field(init=False)

    def buy(self) -> str:
        letter, self.buying = self.buying[:1], self.buying[1:]
        return letter or self.story.shop.checkout()

    async def hear(self, delivery: Delivery) -> None:
        """The inbox, at once."""
        if self.refuse:
            raise PortUnavailable("the record does not answer")
        self.heard.append(delivery)
        for alert in delivery.alerts:
            await receive(
                self.story.record.inbox,
                alert=alert,
                service=alert.service,
                symptom=symptom_of(alert, self.story.parts.catalogue),
                title=title_of(alert),
                now=self.story.clock.now(),
                new_id=self.story.clock.new_id(),
            )

    def restart(self) -> None:
        """Another process goes on."""
        self.care = Aftercare(self.story.parts, self.hear)

    async def looks(self) -> list[dict[str, object]]:
        """What the timeline tells of them."""
        return await self.story.payloads(self.first.id, "looked_after")

    async def pass_by(self, seconds: float, every_s: float = 20.0) -> None:
        """Time goes by, with a round every so often."""
        until = self.story.clock.elapsed() + seconds
        while self.story.clock.elapsed() < until:
            self.story.clock.advance(every_s)
            await self.care.round()


@pytest.fixture
async def after(tmp_path: Path) -> AsyncIterator[After]:
    story = await begin(tmp_path)
    shop, clock = story.shop, story.clock
    probes = ScriptedProbes(clock, {"web/checkout": shop.checkout, "web/catalogue": shop.catalogue})
    made = After(story, probes)
    scripts = {
        "web/checkout": shop.checkout,
        "web/catalogue": shop.catalogue,
        BUY: made.buy,
    }
    made.probes = ScriptedProbes(clock, scripts)
    senses = replace(
        story.parts.senses,
        probes=made.probes,
        inventories=ScriptedInventories(lambda: Inventory(items=made.there)),
    )
    story.with_parts(catalogue=watched_shop(), senses=senses)
    incident = await story.hear()
    await story.go_on()
    made.first = await story.journal.incident(incident.id)
    assert made.first.outcome is Outcome.VERIFIED
    made.restart()
    yield made
    story.record.engine.dispose()


async def came_back(after: After) -> Incident:
    """What its alert became."""
    (delivery,) = after.heard
    assert delivery.source == SOURCE
    await after.story.go_on()
    newest, _ = await after.story.journal.incidents()
    (told,) = await after.story.payloads(newest.id, "came_back")
    assert told["former"] == after.first.id
    assert len(await after.story.payloads(after.first.id, "recurred")) == 1
    return newest


async def test_while_all_is_well_it_is_looked_at_seldom_and_that_is_told(after: After) -> None:
    walks = after.probes.looks[BUY]
    await after.pass_by(40)
    assert after.probes.looks[BUY] == walks
    await after.pass_by(WATCHED_S)
    assert after.probes.looks[BUY] == walks + 3
    looks = await after.looks()
    assert [look["number"] for look in looks] == [1, 2, 3]
    assert [look["last"] for look in looks] == [False, False, True]
    assert {look["back"] for look in looks} == {False}
    assert "What proved it passes (web/checkout, web/buy, web/catalogue)" in str(looks[0]["text"])
    assert str(looks[2]["text"]).endswith("Nothing further is looked at.")
    await after.pass_by(3 * WATCHED_S, every_s=300)
    assert after.probes.looks[BUY] == walks + 3
    assert after.heard == []


async def test_a_journey_that_fails_afterwards_is_a_recurrence_though_all_else_is_well(
    after: After,
) -> None:
    walks = after.probes.looks[BUY]
    after.buying = "F" * 50
    await after.pass_by(70)
    assert after.probes.looks[BUY] == walks + FEWEST
    newest = await came_back(after)
    assert newest.symptom == after.first.symptom
    assert (newest.stage, newest.outcome) == (Stage.ESCALATED, Outcome.NOTHING_TO_CHECK)
    (told,) = await after.story.payloads(newest.id, "came_back")
    assert "web/buy failed 3 times in a row" in str(told["text"])
    assert "web/buy failed 3 times in a row" in await after.story.ending(newest.id)
    (opened,) = await after.story.payloads(newest.id, "opened")
    assert opened["source"] == SOURCE
    await after.pass_by(WATCHED_S)
    assert len(await after.looks()) == 1, "nobody looks any more at what is known to be back"


async def test_so_is_what_would_show_the_cause(after: After) -> None:
    after.story.shop.catalogue_fails = lambda _: True
    await after.pass_by(70)
    (look,) = await after.looks()
    assert "web/catalogue failed 3 times in a row" in str(look["text"])
    await came_back(after)


async def test_what_fails_once_or_twice_is_chance(after: After) -> None:
    after.buying = "FFP" + "FP" + "P"
    await after.pass_by(WATCHED_S + 100)
    assert [look["back"] for look in await after.looks()] == [False, False, False]
    assert after.heard == []


async def test_what_cannot_be_seen_says_nothing_and_is_told(after: After) -> None:
    after.buying = "?" + "F?" + "P"
    await after.pass_by(WATCHED_S + 100)
    looks = await after.looks()
    assert [look["back"] for look in looks] == [None, None, False]
    assert "Nobody could look through web/buy" in str(looks[0]["text"])
    assert after.heard == []


async def test_what_is_gone_at_the_end_is_a_recurrence(after: After) -> None:
    after.there = ()
    await after.pass_by(800)
    assert after.heard == []
    await after.pass_by(200)
    assert [look["back"] for look in await after.looks()] == [False, False, True]
    (told,) = [look["text"] for look in await after.looks() if look["back"]]
    assert "endpoint :80 of web was there before and is gone." in str(told)
    await came_back(after)


async def test_after_somebody_released_there_is_nothing_more_to_look_at(after: After) -> None:
    """What fails then is looked at by whoever watches the new release."""
    walks, after.buying = after.probes.looks[BUY], "F" * 50
    story = after.story
    release = Release(at=story.clock.now(), service="web", release="r3", digest=NEW, by="Ada")
    known = await story.parts.senses.changes.releases("web", START - timedelta(days=2))
    changes = ScriptedChanges((release, *(known or ())))
    story.with_parts(senses=replace(story.parts.senses, changes=changes))
    after.restart()
    await after.pass_by(WATCHED_S + 100)
    (look,) = await after.looks()
    assert (look["last"], look["back"]) == (True, None)
    assert "Ada has released r3 since then" in str(look["text"])
    assert after.probes.looks[BUY] == walks


async def test_another_process_goes_on_where_one_stopped_and_repeats_nothing(after: After) -> None:
    walks = after.probes.looks[BUY]
    for _ in range(12):
        await after.pass_by(100)
        after.restart()
    assert [look["number"] for look in await after.looks()] == [1, 2, 3]
    assert after.probes.looks[BUY] == walks + 3


async def test_one_that_was_away_makes_up_for_nothing_and_looks_once_at_the_end(
    after: After,
) -> None:
    after.story.clock.advance(WATCHED_S + LATE_S / 2)
    await after.pass_by(100)
    assert [look["number"] for look in await after.looks()] == [3]


async def test_long_after_its_time_nobody_looks(after: After) -> None:
    after.story.clock.advance(WATCHED_S + LATE_S + 10)
    await after.pass_by(100)
    assert await after.looks() == []


async def test_what_was_seen_and_could_not_be_told_is_told_by_the_next(after: After) -> None:
    after.buying, after.refuse = "F" * 3, True
    with pytest.raises(PortUnavailable):
        await after.pass_by(100)
    assert [look["back"] for look in await after.looks()] == [True]
    after.refuse = False
    after.restart()
    await after.pass_by(20)
    await came_back(after)
    after.restart()
    await after.pass_by(WATCHED_S)
    assert len(after.heard) == 1
    assert len(await after.story.journal.incidents()) == 2


@pytest.mark.parametrize(("when_s", "set_by_s"), [(20, 7200.0), (200, -7200.0), (600, 7200.0)])
async def test_a_clock_that_jumps_skips_no_look_and_repeats_none(
    after: After, when_s: int, set_by_s: float
) -> None:
    await after.pass_by(when_s)
    after.story.clock.set_wall(set_by_s)
    await after.pass_by(WATCHED_S)
    assert [look["number"] for look in await after.looks()] == [1, 2, 3]


async def test_while_vigil_is_stopped_nobody_walks(after: After) -> None:
    walks = after.probes.looks[BUY]
    after.story.switch.set(SwitchState(stopped=True, by="Ada"))
    await after.pass_by(500)
    assert after.probes.looks[BUY] == walks
    after.story.switch.set(SwitchState(stopped=False, by="Ada"))
    await after.pass_by(10)
    assert [look["number"] for look in await after.looks()] == [2]


async def test_while_somebody_is_at_work_there_nobody_looks(after: After) -> None:
    walks = after.probes.looks[BUY]
    after.story.shop.release = NEW
    await after.story.hear(since=500)
    await after.pass_by(200)
    assert after.probes.looks[BUY] == walks
    assert await after.looks() == []


async def test_the_worker_that_leads_it_looks(after: After, tmp_path: Path) -> None:
    """A real engine, whose rounds are its own."""
    after.story.clock.advance(70)
    workflow = DbosWorkflow(f"sqlite:///{tmp_path / 'workflow.sqlite'}")
    engine = Engine(after.story.parts, after.story.record.inbox, workflow, sources={})
    await engine.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await after.looks():  # noqa: ASYNC110 - the record is another one's
                await asyncio.sleep(0.05)
    finally:
        await engine.stop()
