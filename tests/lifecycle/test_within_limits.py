"""Plans that begin at the same instant do not pass a limit of the policy together (12 s)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.hand_clock import START
from tests.support.record import opened
from tests.support.story import Story, begin
from tests.support.world import ScriptedChanges, ScriptedProbes, catalogue

from vigil.domain.catalogue import Autonomy, Catalogue
from vigil.domain.incident import Incident, Stage
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.ports.journal import StageOutput
from vigil.ports.workflow import Segment

MANY, MOST = 4, 2
"""So many plans begin at once, and so many of them may."""


def rule(name: str, **more: object) -> dict[str, object]:
    return {"id": name, "then": "allow", "because": "It is a shop.", **more}


def within(most: int) -> dict[str, object]:
    return {"executed_in_all": {"at_most": most}}


def policy(**keys: object) -> Policy:
    return Policy.model_validate({"auto_confidence": 0, "auto_context_match": 0, **keys})


LIMITS = {
    "of all": policy(max_executions_per_hour=MOST),
    "of a rule": policy(rules=[rule("few", most_per_hour=MOST)]),
    "as a condition": policy(rules=[rule("few", when=within(MOST - 1))]),
    # What the second lets through must not be counted for the first.
    "of two rules": policy(
        rules=[
            rule("one", when={"services": ["shop-*"]}, most_per_hour=1),
            rule("more", most_per_hour=1),
        ]
    ),
}


class _AfterTaking:
    """The real locks; something happens after each of so many times that they were taken."""

    def __init__(self, real: object, happens: Callable[[], Awaitable[object]], times: int) -> None:
        self._real = real
        self._happens = happens
        self._times = times

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    async def take(self, *given: object) -> object:
        fences = await self._real.take(*given)  # type: ignore[attr-defined] # as it was given
        if self._times:
            self._times -= 1
            await self._happens()
        return fences


def catalogue_of(name: str, autonomy: Autonomy) -> Catalogue:
    """The shop's web application and database under names and in places of their own."""
    plain = catalogue(autonomy)
    web = plain.services["web"]
    grants = {
        "release": web.grants["release"].model_copy(update={"link": f"/srv/{name}/current"}),
        "restart": web.grants["restart"].model_copy(update={"supervisor": f"/run/{name}.sock"}),
    }
    service = web.model_copy(update={"depends_on": (f"{name}-db",), "grants": grants})
    services = {name: service, f"{name}-db": plain.services["db"]}
    return plain.model_copy(update={"services": services})


@asynccontextmanager
async def shops(
    directory: Path, url: str, policy: Policy, number: int, autonomy: Autonomy = Autonomy.AUTO
) -> AsyncIterator[list[Story]]:
    """Workers on one record, each with a connection and a shop that it shares with nobody."""
    stories = []
    for name in (f"shop-{n}" for n in range(number)):
        story = await begin(directory, policy=policy, url=url)
        shop = story.shop
        probes = {f"{name}/checkout": shop.checkout, f"{name}/catalogue": shop.catalogue}
        released = tuple(r.model_copy(update={"service": name}) for r in shop.releases())
        senses = replace(
            story.parts.senses,
            probes=ScriptedProbes(story.clock, probes),
            changes=ScriptedChanges(released),
        )
        known = catalogue_of(name, autonomy)
        story.with_parts(catalogue=known, senses=senses, worker=f"worker of {name}")
        stories.append(story)
    try:
        yield stories
    finally:
        for story in stories:
            story.record.engine.dispose()


async def go_on(story: Story, incident: Incident, until: Segment | None = None) -> Incident:
    """To its end, or until this segment of it is due."""
    while True:
        due = await story.journal.due(100)
        ours = next((s for s in due if s.incident == incident.id), None)
        if ours is None or ours.segment is until:
            return await story.journal.incident(incident.id)
        await story.run(ours)
        await story.journal.mark(ours)


async def broken(story: Story) -> Incident:
    """An incident that is decided, and not yet acted on."""
    name, _ = story.parts.catalogue.services
    return await go_on(story, await opened(story.record, name, "checkout-errors"), Segment.ACT)


async def act_at_once(stories: list[Story], incidents: list[Incident]) -> list[Incident]:
    """What becomes of each, when all of them have heard the gate before any is begun."""
    together = asyncio.Barrier(len(stories))
    for story in stories:
        story.with_parts(locks=_AfterTaking(story.parts.locks, together.wait, times=1))
    return await asyncio.gather(*map(go_on, stories, incidents))


@pytest.mark.parametrize("limit", LIMITS)
async def test_of_many_that_begin_at_once_only_so_many_run_unasked(
    tmp_path: Path, database_url: str, limit: str
) -> None:
    async with shops(tmp_path, database_url, LIMITS[limit], MANY) as stories:
        incidents = [await broken(story) for story in stories]
        ends = await act_at_once(stories, incidents)
        ran = [each.outcome is Outcome.VERIFIED for each in ends]
        assert sum(ran) == MOST
        for story, end in zip(stories, ends, strict=True):
            if end.outcome is not Outcome.VERIFIED:
                assert (end.stage, end.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
                assert story.shop.done == []
                first, *_, last = await story.payloads(end.id, "judged")
                assert (first["decision"], last["decision"]) == ("allow", "ask")
                assert "The gate said no: ask: " in await story.ending(end.id)
                assert "EXECUTING" not in [
                    told["stage"] for told in await story.payloads(end.id, "stage_entered")
                ]
        counted = await stories[0].journal.executions_since(START, besides="another")
        assert counted == MOST


async def test_whoever_approved_is_not_kept_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    limit = policy(max_executions_per_hour=1)
    async with shops(tmp_path, url, limit, 2, Autonomy.APPROVE) as stories:
        incidents = [await broken(story) for story in stories]
        for story, incident in zip(stories, incidents, strict=True):
            assert incident.plan_digest is not None
            yes = Approval(
                plan_digest=incident.plan_digest,
                answer=Answer.APPROVED,
                by="Ada",
                at=story.clock.now(),
            )
            assert (await story.journal.answer(incident.id, yes)).won
        ends = await act_at_once(stories, incidents)
        assert [each.outcome for each in ends] == [Outcome.VERIFIED] * 2


async def test_whoever_cancels_first_is_not_overtaken(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    async with shops(tmp_path, url, LIMITS["of all"], 1) as (story,):
        incident = await broken(story)

        async def cancel() -> None:
            taken = Cancellation(by="Ada", at=story.clock.now())
            assert (await story.journal.cancel(incident.id, taken)).won

        story.with_parts(locks=_AfterTaking(story.parts.locks, cancel, times=1))
        end = await go_on(story, incident)
        assert (end.outcome, story.shop.done) == (Outcome.NOT_EXECUTED, [])
        assert "cancelled by Ada" in await story.ending(incident.id)
        assert await story.journal.executions_since(START, besides="another") == 0


async def execute_another(story: Story) -> None:
    """Somebody else's plan is begun."""
    number = await story.journal.executions_since(START, besides="none")
    incident = await opened(story.record, f"another-{number}")
    plan = StageOutput(
        incident=incident.id,
        attempt=1,
        stage=Stage.SYNTHESIZING,
        json_text='{"plan": {"runbook": "another"}}',
    )
    executing = incident.model_copy(update={"stage": Stage.EXECUTING})
    now = story.clock.now()
    expected = (incident.stage, incident.attempt)
    assert await story.journal.commit(
        incident=executing, expected=expected, now=now, outputs=[plan]
    )


@pytest.mark.parametrize("others", [1, 4, 100])
async def test_a_plan_is_judged_anew_when_others_came_first_but_not_without_end(
    tmp_path: Path, others: int
) -> None:
    """Each of the others makes another rule decide; every one of them would allow it."""
    url = f"sqlite:///{tmp_path / 'vigil.sqlite'}"
    turns = policy(rules=[rule(f"rule-{n}", when=within(n)) for n in range(20)])
    async with shops(tmp_path, url, turns, 1) as (story,):
        incident = await broken(story)

        async def somebody_else() -> None:
            await execute_another(story)

        story.with_parts(locks=_AfterTaking(story.parts.locks, somebody_else, others))
        end = await go_on(story, incident)
        told = await story.journal.executed_since(START, besides="another")
        if others < 5:
            assert end.outcome is Outcome.VERIFIED
            (mine,) = (each for each in told if each.incident == incident.id)
            assert mine.policy_rules == (f"rule-{others}",), "counted for the one that let it begin"
        else:
            assert (end.outcome, story.shop.done) == (Outcome.NOT_EXECUTED, [])
            assert "so many others had been" in await story.ending(incident.id)
            assert await story.locks_are_free()
