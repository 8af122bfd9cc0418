"""One action after the other: each is begun on record, or not at all (below 1 s)."""

from datetime import timedelta

from tests.phases.values import action, plan
from tests.support.hand_clock import HandClock
from tests.support.shop import CountingSandbox, Shop
from tests.support.world import catalogue

from vigil.act.execute import Permit, Word, execute, locked_set
from vigil.domain.plan import Action, ActionStatus, Execution
from vigil.domain.run import Lease

PLANNED = plan(catalogue(), *(action(action_id=f"action-{n}") for n in (1, 2, 3)))


async def ran(status: ActionStatus, *, begins: int) -> tuple[Execution, list[str]]:
    """What came of it, and in which order it was begun and asked for."""
    clock, log = HandClock(), list[str]()
    sandbox = CountingSandbox(Shop(clock))
    sandbox.status = status
    sandbox.before = lambda order: log.append(f"run {order.action}")

    async def hold(_: Action) -> Lease:
        until = clock.now() + timedelta(seconds=60)
        return Lease(fences=(), until=until, seconds=60)

    async def begin(action: Action) -> Word:
        if len(log) // 2 == begins:
            return Word("Somebody cancelled.")
        log.append(f"begin {action.id}")
        return Word()

    async def on_line(_: str, __: str) -> None: ...

    permit = Permit(PLANNED.digest, hold)
    execution = await execute(PLANNED, permit, sandbox=sandbox, begin=begin, on_line=on_line)
    return execution, log


async def test_each_action_is_on_record_before_it_is_asked_for() -> None:
    execution, log = await ran(ActionStatus.SUCCEEDED, begins=9)
    assert log == [f"{what} action-{n}" for n in (1, 2, 3) for what in ("begin", "run")]
    assert execution.succeeded


async def test_what_may_not_be_begun_is_not_asked_for_nor_is_anything_after_it() -> None:
    execution, log = await ran(ActionStatus.SUCCEEDED, begins=1)
    assert log == ["begin action-1", "run action-1"]
    assert [result.action for result in execution.results] == ["action-1"]
    assert execution.refused == "Somebody cancelled."
    assert not execution.succeeded


async def test_the_first_surprise_is_the_last() -> None:
    execution, log = await ran(ActionStatus.FAILED, begins=9)
    assert log == ["begin action-1", "run action-1"]
    assert (len(execution.results), execution.refused) == (1, None)


def test_two_services_that_grant_the_same_process_lock_it_under_one_name() -> None:
    known = catalogue()
    web = known.services["web"]
    twin = web.model_copy(update={"depends_on": (), "probes": {}})
    other = known.model_copy(update={"services": {"web": web, "twin": twin}})
    alone = PLANNED.model_copy(update={"service": "twin", "proving": (), "neighbours": ()})
    shared = set(locked_set(PLANNED, other)) & set(locked_set(alone, other))
    assert len(shared) == 1
    assert shared.pop().startswith("path:")

    elsewhere = {
        name: grant.model_copy(update={"link": "/elsewhere/current"})
        if grant.verb == "release.switch"
        else grant
        for name, grant in twin.grants.items()
    }
    moved = twin.model_copy(update={"grants": elsewhere})
    other = known.model_copy(update={"services": {"web": web, "twin": moved}})
    assert not set(locked_set(PLANNED, other)) & set(locked_set(alone, other))
