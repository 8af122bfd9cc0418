"""``session.terminate`` against a real PostgreSQL: it ends the leaked session and nothing else."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runner.bench import Bench, wait_until
from tests.runner.sessions import IDLE_S, OTHER, SECRET, Sessions, cut_when_sent, database
from tests.runner.test_idempotency import leave_begun
from tests.support.programs import free_port

from vigil.domain.catalogue import Service
from vigil.domain.effects import Call
from vigil.domain.plan import ActionStatus
from vigil.domain.verbs.session import SessionTerminateGrant
from vigil.runner.verbs import one_session, operation
from vigil.runner.verbs.base import LEAST_EFFECT_S, Deadline, NotDone, Refusal, Unfinished
from vigil.runner.verbs.session_terminate import SessionTerminate

LONG_AGO = "1.1000000000000000"
LEAST_S = 1.0
"""What a grant in a catalogue may say at least."""


def in_time() -> Deadline:
    return Deadline.within(10.0)


@pytest.fixture(scope="module")
def server() -> Iterator[Sessions]:
    with database() as made:
        yield made


@pytest.fixture
def sessions(server: Sessions) -> Iterator[Sessions]:
    yield server
    server.forget()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    # Seconds of the machine; nobody should wait them out where nobody ever waits.
    monkeypatch.setattr(one_session, "PATIENCE_S", 0.3)


def refused(grant: SessionTerminateGrant, session: str, *words: str) -> None:
    """Neither looking nor a do without a look ends it."""
    call = SessionTerminate(grant, session)
    with pytest.raises(Refusal) as refusal:
        call.look()
    outcome = call.do({"session": session, "gone": False}, in_time())
    assert not outcome.ok
    for word in (session, *words):
        assert word in str(refusal.value)
        assert word in outcome.text


def test_the_leaked_session_is_ended_and_the_others_go_on(sessions: Sessions) -> None:
    leaked, beside = sessions.leak(), sessions.leak(row=2)
    waiting = sessions.wait_for()
    call = SessionTerminate(sessions.grant(), leaked)
    before = call.look()
    assert before == {"session": leaked, "gone": False, "would": f"end session {leaked}"}
    assert sessions.lives(leaked), "looking changes nothing"
    assert call.done_since(before) is None
    outcome = call.do(before, in_time())
    assert outcome.ok
    assert "1 waited for it" in outcome.text
    assert not sessions.lives(leaked)
    assert sessions.lives(beside)
    assert sessions.lives(sessions.id_of(waiting))
    assert sessions.quantity() == 0, "what it had not committed is rolled back"
    after = call.done_since(before)
    assert after is not None
    assert after.ok


def test_held_up_before_it_tells_it_to_end_it_does_not(sessions: Sessions) -> None:
    leaked = sessions.leak()
    sessions.wait_for()
    call = SessionTerminate(sessions.grant(), leaked)
    before = call.look()
    with pytest.raises(Unfinished, match="held up"):
        call.do(before, Deadline.within(LEAST_EFFECT_S - 0.1))
    assert sessions.lives(leaked)


def test_one_that_is_gone_is_said_to_be_gone(sessions: Sessions) -> None:
    leaked = sessions.leak()
    sessions.wait_for()
    call = SessionTerminate(sessions.grant(), leaked)
    seen = call.look()
    sessions.end(leaked)
    outcome = call.do(seen, in_time())
    assert (outcome.ok, "gone already" in outcome.text) == (True, True)
    before = call.look()
    assert before["gone"] is True
    outcome = call.do(before, in_time())
    assert (outcome.ok, "gone already" in outcome.text) == (True, True)
    assert call.done_since(before) == outcome


def test_one_at_work_is_left_alone(sessions: Sessions) -> None:
    busy = sessions.open()
    busy.execute("UPDATE stock SET quantity = 1 WHERE id = 1")
    busy.pgconn.send_query(b"SELECT pg_sleep(60)")
    sessions.wait_for()
    time.sleep(2 * IDLE_S)
    session = sessions.id_of(busy.info.backend_pid)
    refused(sessions.grant(), session, "not idle in a transaction")
    assert sessions.lives(session)


def test_one_of_another_role_is_left_alone(sessions: Sessions) -> None:
    foreign = sessions.leak(role=OTHER)
    sessions.wait_for()
    refused(sessions.grant(), foreign, "not of the grant's role")
    # Neither does a grant reach further than its own login may see.
    refused(sessions.grant(role=OTHER), foreign, "may not see it")
    assert sessions.lives(foreign)


def test_a_login_that_may_see_and_not_end_says_so(sessions: Sessions) -> None:
    foreign = sessions.leak(role=OTHER)
    sessions.wait_for()
    with sessions.seeing_everything():
        call = SessionTerminate(sessions.grant(role=OTHER), foreign)
        outcome = call.do(call.look(), in_time())
    assert not outcome.ok
    assert "cannot be ended" in outcome.text
    assert sessions.lives(foreign)


def test_one_that_paused_for_a_moment_is_left_alone(sessions: Sessions) -> None:
    leaked = sessions.leak()
    sessions.wait_for()
    refused(sessions.grant(idle_s=3600), leaked, "the grant asks for 3600 s")
    assert sessions.lives(leaked)


@pytest.mark.usefixtures("impatient")
def test_one_that_holds_nobody_up_is_left_alone(sessions: Sessions) -> None:
    leaked = sessions.leak()
    sessions.leak(row=2)
    sessions.wait_for(row=2)
    refused(sessions.grant(), leaked, "nobody waits for it")
    assert sessions.lives(leaked)


def test_those_who_wait_may_give_up_and_come_back(sessions: Sessions) -> None:
    leaked = sessions.leak()
    coming = threading.Timer(0.7, sessions.ask_for)
    coming.start()
    call = SessionTerminate(sessions.grant(), leaked)
    outcome = call.do(call.look(), in_time())
    coming.join()
    assert outcome.ok
    assert not sessions.lives(leaked)


def test_a_later_transaction_of_the_same_process_is_left_alone(sessions: Sessions) -> None:
    """Of a later session, or of the same pooled connection: what is ended was looked at."""
    leaked = sessions.leak()
    sessions.wait_for()
    pid, began = leaked.split(".")
    for earlier in (f"{pid}.{int(began) - 1}", f"{pid}.1000000000000000"):
        call = SessionTerminate(sessions.grant(), earlier)
        with pytest.raises(Refusal, match="another transaction now"):
            call.look()
        outcome = call.do({"session": earlier, "gone": False}, in_time())
        assert (outcome.ok, "none was ended" in outcome.text) == (True, True)
    assert sessions.lives(leaked)


def test_one_in_another_database_is_left_alone(sessions: Sessions) -> None:
    elsewhere, waiting = (sessions.open(dbname="elsewhere") for _ in range(2))
    elsewhere.execute("SELECT pg_advisory_xact_lock(1)")
    waiting.pgconn.send_query(b"SELECT pg_advisory_xact_lock(1)")
    sessions.until_it_waits(waiting.info.backend_pid)
    time.sleep(IDLE_S)
    session = sessions.id_of(elsewhere.info.backend_pid)
    refused(sessions.grant(), session, "another database")
    assert sessions.lives(session)


@pytest.mark.parametrize(
    "words",
    [
        *("", "1", "1.2", ".", "-1.1000000000000000", "0.1000000000000000"),
        "1.1000000000000000 OR true",
        "1.1000000000000000; DROP TABLE stock",
        "1.1000000000000000\n2.1000000000000000",
        "1.1000000000000000\n",
        "1' OR '1'='1.1000000000000000",
        "99999999.1000000000000000",
        "1.99999999999999999",
        "\N{ARABIC-INDIC DIGIT ONE}.1000000000000000",
        "%(pid)s.1000000000000000",
    ],
)
def test_only_two_numbers_are_a_session(words: str) -> None:
    grant = SessionTerminateGrant(verb="session.terminate", dsn="host=127.0.0.1", role="shop")
    with pytest.raises(Refusal, match="no session"):
        SessionTerminate(grant, words)


def test_a_role_is_a_value_and_no_piece_of_a_query(sessions: Sessions) -> None:
    leaked = sessions.leak()
    sessions.wait_for()
    refused(sessions.grant(role="' OR ''='"), leaked, "not of the grant's role")
    assert sessions.lives(leaked)


@pytest.mark.parametrize(
    "dsn", [f"host=127.0.0.1 port={{port}} user=shop password={SECRET}", f"{SECRET} is no dsn"]
)
def test_no_error_has_the_password(dsn: str) -> None:
    grant = SessionTerminateGrant(
        verb="session.terminate", dsn=dsn.format(port=free_port()), role="shop"
    )
    with pytest.raises((NotDone, Refusal)) as error:
        SessionTerminate(grant, LONG_AGO).look()
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None


def test_a_wrong_password_is_not_done_and_not_repeated(sessions: Sessions) -> None:
    dsn = sessions.login("shop").replace(SECRET, "wrong-secret")
    grant = SessionTerminateGrant(verb="session.terminate", dsn=dsn, role="shop")
    with pytest.raises(NotDone, match="password authentication failed") as error:
        SessionTerminate(grant, LONG_AGO).look()
    assert "wrong-secret" not in str(error.value)


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"host=127.0.0.1 port={silent.getsockname()[1]}"
        grant = SessionTerminateGrant(verb="session.terminate", dsn=dsn, role="shop")
        began = time.monotonic()
        with pytest.raises(NotDone):
            SessionTerminate(grant, LONG_AGO).do({"session": LONG_AGO, "gone": False}, in_time())
        assert time.monotonic() - began < 30


def test_a_session_that_does_not_go_is_unfinished_in_time(sessions: Sessions) -> None:
    leaked = sessions.leak()
    sessions.wait_for()
    call = SessionTerminate(sessions.grant(), leaked)
    before = call.look()
    pid = int(leaked.split(".")[0])
    os.kill(pid, signal.SIGSTOP)  # it was told to end, and cannot
    try:
        began = time.monotonic()
        with pytest.raises(Unfinished, match="still there"):
            call.do(before, Deadline.within(2.0))
        assert time.monotonic() - began < 30
        assert call.done_since(before) is None
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_line_that_goes_dead_after_the_call_is_unfinished_in_time(sessions: Sessions) -> None:
    leaked = sessions.leak()
    sessions.wait_for()
    before = SessionTerminate(sessions.grant(), leaked).look()
    with cut_when_sent(sessions.port, b"pg_terminate_backend") as port:
        grant = sessions.grant()
        dsn = grant.dsn.replace(f"port={sessions.port}", f"port={port}")
        call = SessionTerminate(grant.model_copy(update={"dsn": dsn}), leaked)
        began = time.monotonic()
        with pytest.raises(Unfinished, match="stopped answering") as error:
            call.do(before, Deadline.within(2.0))
        assert time.monotonic() - began < 30
    assert SECRET not in str(error.value)
    # It was done all the same, and the next look finds that out.
    wait_until(lambda: not sessions.lives(leaked))
    after = SessionTerminate(grant, leaked).done_since(before)
    assert after is not None
    assert after.ok


def test_without_the_driver_it_says_what_to_install(tmp_path: Path) -> None:
    asked = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from vigil.domain.catalogue import Service\n"
        "from vigil.domain.effects import Call\n"
        "from vigil.runner.verbs import operation\n"
        "grant = {'verb': 'session.terminate', 'dsn': 'host=x', 'role': 'shop'}\n"
        "service = Service.model_validate({'grants': {'sessions': grant}})\n"
        f"call = Call(verb='session.terminate', grant='sessions', arguments=({LONG_AGO!r},))\n"
        "try:\n    operation('shop', service, call, 'key')\n"
        "except Exception as refusal:\n    print(type(refusal).__name__, refusal)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert said.stdout.startswith("Refusal what session.terminate needs is not installed")
    assert "psycopg[binary]" in said.stdout


def test_a_grant_of_another_verb_does_not_do() -> None:
    grant = {"verb": "session.terminate", "dsn": "host=x", "role": "shop"}
    service = Service.model_validate({"grants": {"sessions": grant}})
    with pytest.raises(Refusal, match="is for session"):
        operation("shop", service, Call(verb="x", grant="sessions", arguments=("1",)), "key")


class TestThroughTheRunner:
    """The same, asked from a sandbox."""

    @pytest.fixture
    def own(self, bench: Bench, sessions: Sessions) -> Bench:
        bench.more_grants["sessions"] = sessions.grant(idle_s=LEAST_S).model_dump()
        return bench

    async def test_it_is_ended_once_and_answered_from_the_record(
        self, own: Bench, sessions: Sessions
    ) -> None:
        own.start()
        leaked = sessions.leak(idle_s=LEAST_S)
        sessions.wait_for()
        order = own.order(f"vigil-do session.terminate sessions {leaked}")
        first = await own.run(order)
        assert first.status is ActionStatus.SUCCEEDED
        assert [(c.allowed, c.repeated) for c in first.calls] == [(True, False)]
        assert not sessions.lives(leaked)
        own.kill()
        own.start()
        assert await own.run(order) == first
        assert SECRET not in own.log.read_text()

    async def test_a_refusal_reaches_the_script(self, own: Bench, sessions: Sessions) -> None:
        own.start()
        foreign = sessions.leak(role=OTHER)
        result = await own.do(f"vigil-do session.terminate sessions {foreign}")
        assert (result.status, result.exit_code) == (ActionStatus.FAILED, 77)
        assert "not of the grant's role" in result.calls[0].result
        assert sessions.lives(foreign)

    async def test_begun_and_not_done(self, own: Bench, sessions: Sessions) -> None:
        leaked = sessions.leak(idle_s=LEAST_S)
        sessions.wait_for()
        order = own.order(f"vigil-do session.terminate sessions {leaked}")
        leave_begun(own, order, {"session": leaked, "gone": False})
        own.start()
        result = await own.run(order)
        assert result.status is ActionStatus.SUCCEEDED
        assert [(c.allowed, c.repeated) for c in result.calls] == [(True, False)]
        assert not sessions.lives(leaked)

    async def test_done_and_not_recorded(self, own: Bench, sessions: Sessions) -> None:
        leaked = sessions.leak(idle_s=LEAST_S)
        sessions.wait_for()
        order = own.order(f"vigil-do session.terminate sessions {leaked}")
        leave_begun(own, order, {"session": leaked, "gone": False})
        sessions.end(leaked)
        own.start()
        result = await own.run(order)
        assert result.status is ActionStatus.SUCCEEDED
        assert [(c.allowed, c.repeated) for c in result.calls] == [(True, True)]
        assert "was ended" in result.calls[0].result
