"""A script that holds a grant cannot exceed it, whatever it tries; each refusal is on record.

What a script may not do at all is in ``test_attacks.py``; here it has a grant and wants more of it.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.runner.bench import Bench, Supervised, lease_of
from tests.runner.test_idempotency import leave_begun

from vigil.domain.errors import PlanMismatch
from vigil.domain.plan import ActionResult, ActionStatus, Execution
from vigil.runner.server import LEDGER
from vigil.story.telling import tell_execution

SELDOM = 2


@pytest.fixture(scope="module")
def granting(tmp_path_factory: pytest.TempPathFactory, supervised: Supervised) -> Iterator[Bench]:
    """A runner with further grants for the same link, each of which may be used twice an hour."""
    made = Bench(tmp_path_factory.mktemp("granting"), supervised)
    release = {"link": str(made.link), "releases": str(made.releases)}
    seldom = {"verb": "release.switch", "most_per_hour": SELDOM, **release}
    made.more_grants.update({f"seldom-{number}": seldom for number in range(4)})
    made.start()
    yield made
    made.close()


@pytest.fixture
def own(granting: Bench) -> Iterator[Bench]:
    yield granting
    granting.reset()


def assert_told(result: ActionResult, reason: str) -> None:
    """The refusal fails the action, and whoever reads the timeline finds it with its reason."""
    assert result.status is not ActionStatus.SUCCEEDED
    execution = Execution(plan_digest="sha256:" + "0" * 64, results=(result,))
    (note,) = tell_execution(execution)
    assert note.kind == "executed"
    refused = [call for call in note.payload["calls"] if not call["allowed"]]  # type: ignore[index, union-attr, call-overload] # JSON
    assert any(reason in str(call["result"]) for call in refused), json.dumps(note.payload)  # type: ignore[index, call-overload] # JSON


def seldom_to(bench: Bench, release: str, number: int) -> str:
    return f"vigil-do release.switch seldom-{number} {bench.digests[release]}"


async def test_in_a_parameter(own: Bench) -> None:
    result = await own.do("vigil-do process.restart restart other")
    assert_told(result, "does not cover 'other'")


async def test_in_rate_across_runs_and_restarts_of_the_runner(own: Bench) -> None:
    for release in ("one", "two")[:SELDOM]:
        assert (await own.do(seldom_to(own, release, 0))).status is ActionStatus.SUCCEEDED
    own.kill()
    own.start()
    result = await own.do(seldom_to(own, "one", 0))
    assert_told(result, f"the grant shop/seldom-0 allows {SELDOM} calls an hour")
    assert own.current == "two"
    # Another grant has a count of its own, or none.
    assert (await own.do(own.to("one"))).status is ActionStatus.SUCCEEDED


async def test_in_rate_within_one_script(own: Bench) -> None:
    script = "\n".join(seldom_to(own, release, 1) for release in ("one", "two", "one"))
    result = await own.do(script)
    assert [call.allowed for call in result.calls] == [True, True, False]
    assert_told(result, "calls an hour")
    assert own.current == "two"


async def test_what_is_answered_from_the_record_does_not_count(own: Bench) -> None:
    order = own.order(seldom_to(own, "one", 2))
    for _ in range(SELDOM + 1):
        assert (await own.run(order)).status is ActionStatus.SUCCEEDED
    assert (await own.do(seldom_to(own, "two", 2))).status is ActionStatus.SUCCEEDED


async def test_in_rate_by_what_is_repeated_after_a_crash(own: Bench) -> None:
    """What was begun and not made is made once more, which is one more."""
    order = own.order(seldom_to(own, "one", 3))
    own.kill()
    leave_begun(own, order, {"link": str(own.releases / "two")})
    own.start()
    for _ in range(SELDOM - 1):
        assert (await own.run(order)).status is ActionStatus.SUCCEEDED
    assert (await own.do(seldom_to(own, "two", 3))).status is ActionStatus.SUCCEEDED
    assert_told(await own.do(seldom_to(own, "one", 3)), f"allows {SELDOM} calls an hour")
    assert own.current == "two"


async def test_in_time(own: Bench) -> None:
    lease = lease_of(8.5, "shop/release:release")
    result = await own.run(own.order(f"sleep 2\n{own.to('one')}", lease=lease))
    assert_told(result, "too soon")
    assert own.current == "two"


async def test_after_the_plan_ended(own: Bench) -> None:
    """What a script leaves behind dies with it, and its run is only ever answered again."""
    late = f"(sleep 1; {own.to('one')}) & disown; echo end"
    order = own.order(late)
    result = await own.run(order)
    assert result.output == "end"
    await asyncio.sleep(1.5)
    assert own.current == "two"
    assert await own.run(order) == result
    assert own.current == "two"


async def test_a_call_that_is_replayed(own: Bench) -> None:
    script = f'{own.to("one")}\nbash -c "{own.to("one")}"'
    result = await own.do(script)
    assert_told(result, "1 times, not more")
    assert own.logged_switches() == ["one"]


async def test_calls_in_another_order(own: Bench) -> None:
    """Judged are one, then two; a bash that the guard did not look into asks for the second."""
    script = f"bash -c '{own.to('two')}'\n{own.to('one')}\n{own.to('two')}"
    result = await own.do(script)
    assert [call.allowed for call in result.calls] == [True, False]
    assert_told(result, "calls are made in its order")
    assert own.current == "two"


async def test_a_call_that_is_forged(own: Bench) -> None:
    forged = json.dumps({"verb": "release.switch", "grant": "seldom-0", "arguments": ["x"]})
    knock = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/vigil/broker.sock'); "
        f"s.sendall(b'{forged}\\n'); print(s.makefile().readline())"
    )
    result = await own.do(f'python3 -c "{knock.replace(chr(34), chr(92) + chr(34))}"; exit 0')
    assert_told(result, "does not contain this call")
    assert own.current == "two"


async def test_a_script_cannot_try_what_it_may_do(own: Bench) -> None:
    tries = own.to("one").replace("vigil-do", "vigil-do --dry-run")
    result = await own.do(tries)
    assert (result.exit_code, result.calls) == (64, ())
    assert "tried before it is approved" in result.output
    forged = json.dumps({"verb": "--dry-run", "grant": "release", "arguments": []})
    knock = f"s.sendall(b'{forged}\\n'); print(s.makefile().readline())"
    script = (
        "python3 - <<'END'\nimport socket\ns = socket.socket(socket.AF_UNIX)\n"
        f"s.connect('/vigil/broker.sock')\n{knock}\nEND\n"
    )
    assert_told(await own.do(script), "does not contain this call")
    assert own.current == "two"


async def test_a_plan_that_was_changed_after_it_was_judged(own: Bench) -> None:
    order = own.order(own.to("one"))
    action = order.plan.actions[0].model_copy(update={"script": own.to("two")})
    plan = order.plan.model_copy(update={"actions": (action,)})
    with pytest.raises(PlanMismatch, match="nothing was run"):
        await own.run(order.model_copy(update={"plan": plan}))


async def test_each_refusal_is_in_the_ledger(own: Bench) -> None:
    order = own.order("vigil-do process.restart restart other")
    await own.run(order)
    with closing(sqlite3.connect(own.state / LEDGER)) as ledger:
        query = "SELECT record FROM calls WHERE run_key = ?"
        rows = ledger.execute(query, [order.run_key]).fetchall()
    assert [json.loads(row)["allowed"] for (row,) in rows] == [False]
