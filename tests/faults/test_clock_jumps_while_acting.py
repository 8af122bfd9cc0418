"""Somebody sets the clock by an hour while a script is at work: between two of its calls.

The hands are the real ones (runner, sandbox, broker, ledger), and so is what they act on. Of two
clocks the runner believes the one that leaves less of the lease: set forwards, it makes no further
call; set backwards, it goes on as if nothing had happened.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from tests.runner.bench import sandboxes_in
from tests.support.hand_clock import HandClock
from tests.support.plant.effects import START, STOP, SWITCH
from tests.support.plant.owner import Plant, running_plant
from tests.support.plant.works import Fault
from tests.support.story import Story, begin
from tests.support.world import ScriptedChanges

from vigil.domain.catalogue import Catalogue
from vigil.domain.change import Release
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, CallRecord, Plan
from vigil.domain.run import Health, RunOrder
from vigil.domain.switch import SWITCH_FILE, SwitchState
from vigil.guard import analyse
from vigil.ports.sandbox import OnOutput
from vigil.runner import lease
from vigil.runner.ledger import Ledger
from vigil.runner.runs import Listener, Runs
from vigil.runner.server import LEDGER
from vigil.runner.store import in_file
from vigil.runner.switch import switch_at

HOUR_S = 3600.0
SERVICE = "s00"

pytestmark = [pytest.mark.lab, pytest.mark.takes(10)]


class Hands:
    """Fulfils ``ports.sandbox.Sandbox`` with a runner in this process."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.results: list[ActionResult] = []
        self.after_call: Callable[[CallRecord], None] = lambda _: None
        """Something that happens when a call was answered, before the script goes on."""

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        listener = Listener(line=lambda _: None, call=self.after_call)
        self.results.append(await self._runs.run(order, listener))
        return self.results[-1]

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        return await self._runs.dry_run(plan)

    async def health(self) -> Health:
        return await self._runs.isolation.health()


class WallClock:
    """Stands for ``datetime`` where the runner asks what time it is."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock

    def now(self, _: object) -> datetime:
        return self._clock.now()


@pytest.fixture
def plant() -> Iterator[Plant]:
    with running_plant(services=1, hubs=0) as made:
        made.break_({SERVICE: Fault.RELEASE})
        yield made


@pytest.fixture
async def story(
    tmp_path: Path, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Story]:
    """A Vigil whose web shop is the service at the plant, and whose clock is set by hand."""
    story = await begin(tmp_path)
    story.shop.checkout_fails = lambda _: SERVICE in plant.complaints()
    catalogue = at_the_plant(story.parts.catalogue, plant)
    changes = ScriptedChanges(released_there(story.shop.releases(), plant))
    monkeypatch.setattr(lease, "datetime", WallClock(story.clock))
    (tmp_path / SWITCH_FILE).write_text(SwitchState(stopped=False).model_dump_json())
    ledger = Ledger(in_file(tmp_path / LEDGER))
    isolation = sandboxes_in(tmp_path)
    switch = switch_at(tmp_path / SWITCH_FILE)
    story.with_parts(
        catalogue=catalogue,
        senses=replace(story.parts.senses, changes=changes),
        sandbox=Hands(Runs(catalogue, isolation, ledger, analyse, switch)),
    )
    yield story
    ledger.close()


def at_the_plant(catalogue: Catalogue, plant: Plant) -> Catalogue:
    """The catalogue with grants that lead to a service which is there."""
    where, web = plant.layout, catalogue.services["web"]
    assert web.processes is not None
    link, releases = str(where.link(SERVICE)), str(where.releases(SERVICE))
    supervisor, names = str(where.supervisor), where.processes(SERVICE)
    grants: dict[str, dict[str, object]] = {
        "release": {"link": link, "releases": releases},
        "restart": {"supervisor": supervisor, "processes": names},
    }
    there = {
        "processes": web.processes.model_copy(update={"supervisor": supervisor, "names": names}),
        "grants": {k: web.grants[k].model_copy(update=grants[k]) for k in grants},
    }
    services = catalogue.services | {"web": web.model_copy(update=there)}
    return catalogue.model_copy(update={"services": services})


def released_there(known: tuple[Release, ...], plant: Plant) -> tuple[Release, ...]:
    """These two releases, with the digests of what was put live at the plant."""
    new, old = known
    last = json.loads(plant.layout.release_log(SERVICE).read_text().splitlines()[-1])
    digest, previous = last["digest"], last["previous"]
    return (
        new.model_copy(update={"digest": digest, "previous": previous}),
        old.model_copy(update={"digest": previous}),
    )


def jumps_after_the_first_call(story: Story, jump_s: float) -> Hands:
    hands, jumps = story.parts.sandbox, iter([jump_s])
    assert isinstance(hands, Hands)
    hands.after_call = lambda _: story.clock.set_wall(next(jumps, 0.0))
    return hands


def done_at(plant: Plant) -> list[str]:
    """What was done to the service since it was broken, in order."""
    return [f"{effect.kind} {effect.what}" for effect in plant.done(SERVICE) if effect.kind != STOP]


async def test_set_forwards_no_further_call_is_made_and_a_person_is_told_why(
    story: Story, plant: Plant
) -> None:
    """What was done so far is undone under a new lease, as after any plan that was cut short."""
    hands = jumps_after_the_first_call(story, HOUR_S)
    incident = await story.hear()
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome) == ("ESCALATED", "not_fixed")
    cut_short, undo = hands.results
    assert (cut_short.status, [call.allowed for call in cut_short.calls]) == ("failed", [1, 0])
    assert undo.status == "succeeded"
    restarts = [f"{START} {name}" for name in plant.layout.processes(SERVICE)]
    assert done_at(plant) == [f"{SWITCH} good-0001", f"{SWITCH} bad-0002", *restarts]
    text = await story.ending(incident.id)
    assert "The plan was not run to its end" in text
    assert "the worker's lease ends at" in text
    assert "it was set forwards" in text
    assert "has been undone" in text
    assert await story.locks_are_free()


async def test_set_backwards_every_call_is_made_once(story: Story, plant: Plant) -> None:
    hands = jumps_after_the_first_call(story, -HOUR_S)
    incident = await story.hear()
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert (incident.stage, incident.outcome, incident.attempt) == ("RESOLVED", "verified", 1)
    assert [call.allowed for result in hands.results for call in result.calls] == [1, 1, 1]
    restarts = [f"{START} {name}" for name in plant.layout.processes(SERVICE)]
    assert done_at(plant) == [f"{SWITCH} good-0001", *restarts]
    assert await story.locks_are_free()
