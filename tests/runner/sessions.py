"""A real PostgreSQL with a table that a service and somebody else write to, and their sessions."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from tests.runner.bench import wait_until
from tests.support.programs import postgres

from vigil.domain.verbs.session import SessionTerminateGrant

SECRET = "hunter2-of-the-database"
ROLE, OTHER = "shop", "reports"
IDLE_S = 0.2
"""Less than a grant may say, so that tests need not wait for it."""

_SETUP = (
    f"CREATE ROLE {ROLE} LOGIN PASSWORD '{SECRET}'",
    f"CREATE ROLE {OTHER} LOGIN PASSWORD '{SECRET}'",
    "CREATE TABLE stock AS SELECT n AS id, 0 AS quantity FROM generate_series(1, 9) AS n",
    f"GRANT SELECT, UPDATE ON stock TO {ROLE}, {OTHER}",
    "CREATE DATABASE elsewhere",
)

_STATEMENT = (
    "SELECT pid || '.' || (extract(epoch FROM query_start) * 1000000)::bigint "
    "FROM pg_stat_activity WHERE pid = %s"
)


class Sessions:
    """Opens sessions as the service and others do, and tells them apart as Vigil does."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._stack = contextlib.ExitStack()
        self._watcher = self._stack.enter_context(
            contextlib.closing(psycopg.connect(dsn, autocommit=True))
        )
        self._opened: list[psycopg.Connection] = []

    @property
    def port(self) -> int:
        return self._watcher.info.port

    def setup(self) -> None:
        for statement in _SETUP:
            self._watcher.execute(statement.encode())

    def close(self) -> None:
        self.forget()
        self._stack.close()

    def forget(self) -> None:
        """End every session that a test has opened."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        ours = "FROM pg_stat_activity WHERE usename = ANY(%s)"
        # A server does not notice that a client went away while it works or waits for it.
        self._one(f"SELECT count(pg_terminate_backend(pid)) {ours}", [ROLE, OTHER])
        wait_until(lambda: not self._one(f"SELECT count(*) {ours}", [ROLE, OTHER]))

    def grant(self, role: str = ROLE, idle_s: float = IDLE_S) -> SessionTerminateGrant:
        """As a careful owner gives it: the login is that of the service itself."""
        given = SessionTerminateGrant(verb="session.terminate", dsn=self.login(ROLE), role=role)
        return given.model_copy(update={"idle_s": idle_s})

    def login(self, role: str) -> str:
        return make_conninfo(self.dsn, user=role, password=SECRET)

    @contextmanager
    def seeing_everything(self) -> Iterator[None]:
        """The service's login may watch everybody's sessions, and end its own only."""
        self._watcher.execute(f"GRANT pg_read_all_stats TO {ROLE}")
        try:
            yield
        finally:
            self._watcher.execute(f"REVOKE pg_read_all_stats FROM {ROLE}")

    def open(self, role: str = ROLE, **changes: str) -> psycopg.Connection:
        connection = psycopg.connect(make_conninfo(self.login(role), **changes))
        self._opened.append(connection)
        return connection

    def leak(self, row: int = 1, role: str = ROLE, *, idle_s: float = IDLE_S) -> str:
        """A session that holds a row and does nothing, until it has done so for a while."""
        leaked = self.open(role)
        leaked.execute("UPDATE stock SET quantity = quantity + 1 WHERE id = %s", (row,))
        pid = leaked.info.backend_pid
        wait_until(
            lambda: bool(
                self._one(
                    "SELECT state LIKE 'idle in%%' "
                    "AND extract(epoch FROM now() - state_change) > %s::float8 "
                    "FROM pg_stat_activity WHERE pid = %s",
                    idle_s,
                    pid,
                )
            )
        )
        return self.id_of(pid)

    def work(self, row: int = 1, role: str = ROLE, *, running_s: float = IDLE_S) -> str:
        """A session that holds a row and has been at one statement for a while; the statement."""
        working = self.open(role)
        working.execute("UPDATE stock SET quantity = quantity + 1 WHERE id = %s", (row,))
        working.pgconn.send_query(b"SELECT pg_sleep(60)")
        pid = working.info.backend_pid
        wait_until(
            lambda: bool(
                self._one(
                    "SELECT state = 'active' "
                    "AND extract(epoch FROM now() - query_start) > %s::float8 "
                    "FROM pg_stat_activity WHERE pid = %s",
                    running_s,
                    pid,
                )
            )
        )
        return str(self._one(_STATEMENT, pid))

    def works(self, statement: str) -> bool:
        """Whether it still is at this statement."""
        query = f"{_STATEMENT} AND state = 'active'"
        return self._one(query, _pid_of(statement)) == statement

    def ask_for(self, row: int = 1) -> int:
        """A session that wants a row, and so waits while another one holds it; its process."""
        waiting = self.open()
        waiting.execute("SELECT 1")
        waiting.pgconn.send_query(b"UPDATE stock SET quantity = 0 WHERE id = %d" % row)
        return waiting.info.backend_pid

    def wait_for(self, row: int = 1) -> int:
        """The same, once it waits."""
        pid = self.ask_for(row)
        self.until_it_waits(pid)
        return pid

    def until_it_waits(self, pid: int) -> None:
        wait_until(lambda: bool(self._one("SELECT cardinality(pg_blocking_pids(%s)) > 0", pid)))

    def id_of(self, pid: int) -> str:
        return str(
            self._one(
                "SELECT pid || '.' || (extract(epoch FROM xact_start) * 1000000)::bigint "
                "FROM pg_stat_activity WHERE pid = %s",
                pid,
            )
        )

    def lives(self, session: str) -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        return bool(self._one(query, _pid_of(session)))

    def end(self, session: str) -> None:
        """As a person would."""
        self._one("SELECT pg_terminate_backend(%s)", _pid_of(session))
        wait_until(lambda: not self.lives(session))

    def quantity(self, row: int = 1) -> object:
        return self._one("SELECT quantity FROM stock WHERE id = %s", row)

    def _one(self, query: str, *values: object) -> object:
        row = self._watcher.execute(query.encode(), values).fetchone()
        return None if row is None else row[0]


def _pid_of(session: str) -> int:
    return int(session.partition(".")[0])


@contextmanager
def cut_when_sent(port: int, words: bytes) -> Iterator[int]:
    """A line to a server that goes dead, without closing, once these words were sent along it."""
    sent = threading.Event()

    def forth(near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):  # its end was closed
            while data := near.recv(65536):
                if words in data:
                    sent.set()
                far.sendall(data)

    def back(near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if not sent.is_set():
                    near.sendall(data)

    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        contextlib.ExitStack() as stack,
    ):

        def serve() -> None:
            near = stack.enter_context(server.accept()[0])
            far = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            for pump in (forth, back):
                threading.Thread(target=pump, args=(near, far), daemon=True).start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        yield server.getsockname()[1]
        accepting.join()


@contextmanager
def database() -> Iterator[Sessions]:
    """One server for all tests of a module."""
    with postgres() as dsn, contextlib.closing(Sessions(dsn)) as sessions:
        sessions.setup()
        yield sessions
