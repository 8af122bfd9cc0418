"""What the broker checks before it does anything, counted at the target."""

import asyncio
import shutil
import time
import xmlrpc.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest
from tests.runner.bench import Bench, Supervised, lease_of, running, until

from vigil.domain.effects import Call, Effects
from vigil.domain.errors import LockHeld, NotFound, PlanMismatch
from vigil.domain.plan import ActionStatus
from vigil.domain.run import Lease
from vigil.runner.limits import MAX_RESULT_CHARS
from vigil.runner.server import only_runner

LONG = "sleep 61.357"
"""Still running whenever it is looked at."""


@pytest.fixture
def own(shared: Bench) -> Iterator[Bench]:
    """The shared runner; what a test does to its target is undone."""
    yield shared
    shared.reset()


async def test_switch_and_restart(own: Bench) -> None:
    before = own.supervised.starts("web-1")
    result = await own.do(f"{own.to('one')}\nvigil-do process.restart restart web-1")
    assert result.status is ActionStatus.SUCCEEDED
    assert [c.allowed for c in result.calls] == [True, True]
    assert own.current == "one"
    assert own.logged_switches() == ["one"]
    assert own.supervised.starts("web-1") == before + 1


async def test_a_switch_to_where_the_link_is_changes_nothing(shared: Bench) -> None:
    result = await shared.do(shared.to("two"))
    assert result.status is ActionStatus.SUCCEEDED
    assert shared.logged_switches() == []


async def test_a_relative_link_stays_relative(own: Bench) -> None:
    own.link.unlink()
    own.link.symlink_to("releases/two")
    await own.do(own.to("one"))
    assert str(own.link.readlink()) == "releases/one"


async def test_a_script_that_fails_by_itself_was_not_interrupted(shared: Bench) -> None:
    result = await shared.do("exit 3")
    assert (result.status, result.interrupted) == (ActionStatus.FAILED, False)


async def test_a_process_that_does_not_start_is_reported(shared: Bench) -> None:
    result = await shared.do("vigil-do process.restart restart broken")
    assert (result.status, result.exit_code) == (ActionStatus.FAILED, 1)
    assert [c.allowed for c in result.calls] == [True]
    assert "cannot be started" in result.calls[0].result


async def test_a_supervisor_that_is_gone_is_temporary(bench: Bench, tmp_path: Path) -> None:
    elsewhere = tmp_path / "gone"
    elsewhere.mkdir()
    bench.supervised = Supervised.__new__(Supervised)
    bench.supervised.socket = elsewhere / "s.sock"
    bench.start()
    result = await bench.do("vigil-do process.restart restart web-1")
    assert (result.status, result.exit_code) == (ActionStatus.FAILED, 75)
    assert [c.allowed for c in result.calls] == [False]


class TestReleases:
    async def refused(self, bench: Bench, reason: str) -> None:
        result = await bench.do(bench.to("one"))
        assert (result.status, result.exit_code) == (ActionStatus.FAILED, 77)
        assert reason in result.calls[0].result
        assert bench.link.resolve().name != "one"

    async def test_tampered(self, own: Bench) -> None:
        (own.releases / "one" / "app" / "main.py").write_text("print('0ne')\n")
        await self.refused(own, "no release below")

    async def test_with_a_file_more(self, own: Bench) -> None:
        (own.releases / "one" / "app" / "sitecustomize.py").write_text("")
        await self.refused(own, "no release below")

    async def test_with_a_link_inside(self, own: Bench) -> None:
        (own.releases / "one" / "app" / "more").symlink_to("/etc")
        await self.refused(own, "is a symbolic link")

    async def test_that_is_itself_a_link_to_elsewhere(self, own: Bench) -> None:
        shutil.move(own.releases / "one", own.folder / "elsewhere")
        (own.releases / "one").symlink_to(own.folder / "elsewhere")
        await self.refused(own, "no release below")

    async def test_where_the_link_is_a_folder(self, own: Bench) -> None:
        own.link.unlink()
        own.link.mkdir()
        await self.refused(own, "is not a symbolic link")


class TestPlan:
    async def test_another_digest(self, shared: Bench) -> None:
        order = shared.order(shared.to("one"), approved_digest="sha256:" + "0" * 64)
        with pytest.raises(PlanMismatch, match="nothing was run"):
            await shared.run(order)
        assert shared.current == "two"

    async def test_effects_that_the_guard_does_not_find(self, shared: Bench) -> None:
        order = shared.order("echo nothing")
        lie = order.plan.actions[0].effects
        calls = (Call(verb="process.restart", grant="restart", arguments=("web-1",)),)
        action = order.plan.actions[0].model_copy(
            update={"effects": Effects(kind=lie.kind, effects=lie.effects, calls=calls)}
        )
        plan = order.plan.model_copy(update={"actions": (action,)})
        order = order.model_copy(update={"plan": plan, "approved_digest": plan.digest})
        with pytest.raises(PlanMismatch, match="other calls"):
            await shared.run(order)

    async def test_an_action_that_is_not_in_it(self, shared: Bench) -> None:
        with pytest.raises(PlanMismatch, match="no action 'a2'"):
            await shared.run(shared.order("true", action="a2"))

    async def test_a_service_that_is_not_here(self, shared: Bench) -> None:
        order = shared.order("true")
        plan = order.plan.model_copy(update={"service": "elsewhere"})
        order = order.model_copy(update={"plan": plan, "approved_digest": plan.digest})
        with pytest.raises(NotFound, match="elsewhere"):
            await shared.run(order)

    async def test_a_key_that_stands_for_another_plan(self, shared: Bench) -> None:
        order = shared.order("true")
        await shared.run(order)
        with pytest.raises(PlanMismatch, match="new key"):
            await shared.run(shared.order("echo other", run_key=order.run_key))


class TestFences:
    @staticmethod
    def held(token: int) -> Lease:
        return lease_of(90, "shop/release:release", token=token)

    async def test_a_token_that_was_overtaken(self, bench: Bench) -> None:
        own = bench
        own.start()
        assert (await own.run(own.order(own.to("one"), lease=self.held(7)))).calls[0].allowed
        own.kill()
        own.start()  # it is remembered
        with pytest.raises(LockHeld, match="stale: token 6, and 7 has been seen"):
            await own.run(own.order(own.to("two"), lease=self.held(6)))
        assert own.current == "one"
        assert (await own.run(own.order(own.to("two"), lease=self.held(7)))).calls[0].allowed

    async def test_a_token_that_is_overtaken_while_the_script_runs(self, bench: Bench) -> None:
        own = bench
        own.start()
        order = own.order(f"{own.to('one')}\nsleep 1\n{own.to('two')}", lease=self.held(7))
        running = asyncio.create_task(own.run(order))
        await until(lambda: own.current == "one")
        # Seen when a run begins, whether it calls for anything or not.
        await own.run(own.order("true", lease=self.held(8)))
        result = await running
        assert result.status is ActionStatus.FAILED
        assert "stale" in result.calls[1].result
        assert own.current == "one"

    async def test_a_resource_without_a_lock(self, shared: Bench) -> None:
        result = await shared.run(shared.order(shared.to("one"), lease=lease_of(90)))
        assert result.status is ActionStatus.FAILED
        assert "holds no lock on shop/release:release" in result.calls[0].result
        assert shared.current == "two"

    async def test_a_target_that_another_service_may_grant_too(self, shared: Bench) -> None:
        """The service's own name for it keeps nobody else away."""
        order = shared.order(shared.to("one"))
        own = tuple(f for f in order.lease.fences if f.resource.startswith("shop/"))
        assert len(own) < len(order.lease.fences)
        lease = order.lease.model_copy(update={"fences": own})
        result = await shared.run(order.model_copy(update={"lease": lease}))
        assert result.status is ActionStatus.FAILED
        assert "holds no lock on path:sha256:" in result.calls[0].result
        assert shared.current == "two"


HOUR_S = 3600.0


class TestLease:
    @staticmethod
    def lasting(seconds: float, *, set_back_s: float = 0.0) -> Lease:
        """What is left of it when the order comes, and what the wall clock did since it was given.

        A clock that is set forwards makes the end come early, one that is set back makes it late.
        """
        return lease_of(seconds, "shop/release:release", late_s=set_back_s)

    @pytest.mark.parametrize("set_back_s", [0.0, HOUR_S])
    async def test_that_is_over(self, shared: Bench, set_back_s: float) -> None:
        lease = self.lasting(-1, set_back_s=set_back_s)
        result = await shared.run(shared.order(shared.to("one"), lease=lease))
        assert (result.status, result.calls) == (ActionStatus.NOT_BEGUN, ())
        assert "lease" in result.output

    async def test_that_is_over_by_a_clock_that_was_set_forwards(self, shared: Bench) -> None:
        lease = self.lasting(90, set_back_s=-HOUR_S)
        result = await shared.run(shared.order(shared.to("one"), lease=lease))
        assert (result.status, result.calls) == (ActionStatus.NOT_BEGUN, ())

    async def test_that_ends_while_it_runs(self, shared: Bench) -> None:
        started = time.monotonic()
        lease = self.lasting(6.5, set_back_s=HOUR_S)
        result = await shared.run(shared.order("sleep 60; true", lease=lease))
        assert (result.status, result.interrupted) == (ActionStatus.TIMED_OUT, True)
        assert time.monotonic() - started < 30

    @pytest.mark.parametrize("set_back_s", [0.0, HOUR_S])
    async def test_that_is_too_short_for_a_call(self, shared: Bench, set_back_s: float) -> None:
        lease = self.lasting(6.8, set_back_s=set_back_s)
        result = await shared.run(shared.order(shared.to("one"), lease=lease))
        assert (result.status, result.interrupted) == (ActionStatus.FAILED, True)
        assert "too soon" in result.calls[0].result

    async def test_that_ran_out_while_the_runner_stood_still(self, own: Bench) -> None:
        """Frozen between two calls, past the lease; the script goes on as soon as it can."""
        script = f"{own.to('one')}\nsleep 0.5\n{own.to('two')}"
        order = own.order(script, lease=self.lasting(8.5, set_back_s=HOUR_S))
        running = asyncio.create_task(own.run(order))
        await until(lambda: own.logged_switches() == ["one"])
        with own.frozen():
            await asyncio.sleep(3.5)
        result = await running
        assert result.status is not ActionStatus.SUCCEEDED
        assert own.current == "one"
        assert own.logged_switches() == ["one"]


class TestStopSwitch:
    @pytest.mark.parametrize(
        "text",
        ['{"stopped": true}', "", "no", "[]", "{}", '{"stopped": "false"}', '{"now": false}', None],
    )
    async def test_stopped_or_unreadable_runs_nothing(self, own: Bench, text: str | None) -> None:
        file = own.state / "switch.json"
        file.unlink()
        if text is not None:
            file.write_text(text)
        result = await own.do(f"echo started; {own.to('one')}")
        assert (result.status, result.calls) == (ActionStatus.STOPPED, ())
        assert "stop switch" in result.output
        assert own.current == "two"

    async def test_stopped_between_calls(self, own: Bench) -> None:
        script = f"{own.to('one')}\nsleep 3\nvigil-do process.restart restart web-1"
        before = own.supervised.starts("web-1")
        run = asyncio.create_task(own.do(script))
        await until(lambda: own.logged_switches() == ["one"])
        own.switch(stopped=True)
        result = await run
        assert (result.status, result.interrupted) == (ActionStatus.STOPPED, True)
        assert [c.allowed for c in result.calls] == [True, False]
        assert own.supervised.starts("web-1") == before

    async def test_now_before_any_effect(self, own: Bench) -> None:
        run = asyncio.create_task(own.do(LONG))
        await until(lambda: bool(running(LONG)))
        own.switch(stopped=True, now=True)
        pulled = time.monotonic()
        result = await run
        assert time.monotonic() - pulled < 20
        assert result.status is ActionStatus.STOPPED

    async def test_now_after_an_effect(self, own: Bench) -> None:
        run = asyncio.create_task(own.do(f"{own.to('one')}\n{LONG}"))
        await until(lambda: bool(running(LONG)))
        own.switch(stopped=True, now=True)
        result = await run
        assert (result.status, result.interrupted) == (ActionStatus.UNCERTAIN, True)
        assert [c.allowed for c in result.calls] == [True]

    async def test_now_while_a_call_is_under_way(self, own: Bench) -> None:
        before = own.supervised.starts("web-2")
        run = asyncio.create_task(own.do("vigil-do process.restart restart web-2\necho LEAK"))
        await until(lambda: own.supervised.starts("web-2") == before + 1)
        own.switch(stopped=True, now=True)
        result = await run
        assert result.status is ActionStatus.UNCERTAIN
        assert "LEAK" not in result.output
        assert own.supervised.starts("web-2") == before + 1


async def test_one_runner_for_a_state(shared: Bench) -> None:
    with pytest.raises(LockHeld, match="another runner"), only_runner(shared.state):
        pass


class Talkative(BaseHTTPRequestHandler):
    """Where a supervisor should be, somebody who does not come to an end."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = xmlrpc.client.dumps(xmlrpc.client.Fault(10, "no" * 250_000)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


async def test_what_a_target_says_has_a_bound(bench: Bench) -> None:
    """The script has to get it in one reply, and the worker in one line."""
    socket = bench.folder / "t.sock"
    bench.more_grants["talk"] = {
        "verb": "process.restart",
        "supervisor": str(socket),
        "processes": ["web-1"],
    }
    with ThreadingUnixStreamServer(str(socket), Talkative) as server:
        serving = asyncio.create_task(asyncio.to_thread(server.serve_forever, 0.05))
        bench.start()
        result = await bench.do("vigil-do process.restart talk web-1")
        server.shutdown()
        await serving
    assert result.exit_code == 77
    assert "says of 'web-1': nonono" in result.calls[0].result
    assert len(result.calls[0].result) == MAX_RESULT_CHARS


async def test_every_call_is_logged_with_its_reason(own: Bench) -> None:
    await own.do(own.to("one"))
    await own.do("vigil-do process.restart restart other")
    log = own.log.read_text()
    lines = [line for line in log.splitlines() if '"event": "call"' in line][-2:]
    assert '"allowed": true' in lines[0]
    assert "now points at one" in lines[0]
    assert '"allowed": false' in lines[1]
    assert "does not cover 'other'" in lines[1]
