"""The runner's ledger forgets runs that ended long ago, and nothing else (about 2 s)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.story import begin

from vigil.domain.errors import LockHeld
from vigil.domain.plan import ActionResult, ActionStatus
from vigil.domain.run import Fence, RunOrder
from vigil.runner.forgetting import forget
from vigil.runner.ledger import Ledger, Outcome
from vigil.runner.store import open_store

ENDED = ActionResult(
    action="action-1",
    status=ActionStatus.SUCCEEDED,
    exit_code=0,
    calls=(),
    output="words of a target",
    seconds=1.0,
)


async def an_order(directory: Path) -> RunOrder:
    """A run that a healed incident asked for."""
    story = await begin(directory)
    orders: list[RunOrder] = []
    story.sandbox.before = orders.append
    await story.hear()
    await story.go_on()
    story.record.engine.dispose()
    (order,) = orders
    return order


async def test_runs_that_ended_long_ago_are_forgotten(tmp_path: Path, database_url: str) -> None:
    order = await an_order(tmp_path)
    ledger = Ledger(open_store(tmp_path / "runner.sqlite", database_url))
    call, fences = order.plan.actions[0].effects.calls[0], order.lease.fences
    unended = order.model_copy(update={"run_key": f"{order.run_key}-2"})
    for each in (order, unended):
        ledger.begin_run(each, order.plan.digest)
        ledger.begin_effect(f"{each.run_key}:0", call, {}, fences)
        ledger.end_effect(f"{each.run_key}:0", Outcome(ok=True, text="done"))
    ledger.end_run(order, ENDED)
    await forget(ledger, datetime.now(UTC) - timedelta(days=1))
    assert ledger.begin_run(order, order.plan.digest) == ENDED, "younger than that"
    await forget(ledger, datetime.now(UTC) + timedelta(days=1))
    assert ledger.effect(f"{order.run_key}:0") is None
    assert ledger.begin_run(order, order.plan.digest) is None
    assert ledger.effect(f"{unended.run_key}:0") is not None, "one without an end is kept"
    with pytest.raises(LockHeld):
        ledger.note([Fence(resource=fences[0].resource, token=fences[0].token - 1)])
    ledger.close()
