"""Database sessions that somebody left open: begun by the lab, remembered, looked at and ended."""

from collections.abc import Iterator
from typing import LiteralString

import psycopg

from vigil.lab.config import LabConfig
from vigil.lab.database import Database
from vigil.lab.names import Value
from vigil.lab.programs import find_binary
from vigil.lab.supervisor import Supervisor
from vigil.lab.waiting import until

IDLE: LiteralString = "state = 'idle in transaction'"
AT_WORK: LiteralString = "state = 'active' AND wait_event = 'PgSleep'"
# With `\\;` the statements are one message to the server: it is idle only when all were done.
ALTERS_LINES = r"BEGIN\; ALTER TABLE {lines} ADD COLUMN gift_note text;"
LOCKS_ROWS = r"BEGIN\; SELECT sku, on_hand FROM {products} ORDER BY sku FOR UPDATE;"
LOCKS_TABLE = r"BEGIN\; LOCK TABLE {products} IN SHARE ROW EXCLUSIVE MODE;"
UPDATES_ROWS = r"""
BEGIN\; SELECT sku FROM {products} ORDER BY sku FOR UPDATE\;
UPDATE {products} SET description = rtrim(description);
"""
LEAKS = (LOCKS_ROWS, LOCKS_TABLE, UPDATES_ROWS)
# Each row is real work; the pause after it leaves the processor to the shop.
REPORTS_SALES = """
BEGIN; LOCK TABLE {products} IN SHARE MODE;
SELECT p.sku, d::date,
    (SELECT coalesce(sum(l.quantity), 0) FROM {lines} l JOIN {orders} o ON o.id = l.order_id
     WHERE l.sku = p.sku AND o.placed_at::date = d::date),
    pg_sleep(0.2)
FROM {products} p, generate_series(now() - interval '3 years', now(), '1 day') AS d;
"""
REPORTS_TURNOVER = """
BEGIN; LOCK TABLE {lines} IN SHARE MODE;
SELECT d::date,
    (SELECT coalesce(sum(l.quantity * l.price_cents), 0) FROM {lines} l
     JOIN {orders} o ON o.id = l.order_id WHERE o.placed_at::date <= d::date),
    pg_sleep(1)
FROM generate_series(now() - interval '10 years', now(), '1 day') AS d;
"""
REPORTS = (REPORTS_SALES, REPORTS_TURNOVER)


class Remembered(Value):
    """One session; a later one with the same process id began at another time."""

    pid: int
    began_us: int


class Sessions:
    """One at a time, run by the supervisor as the console of whoever forgot it."""

    def __init__(self, config: LabConfig, supervisor: Supervisor | None = None) -> None:
        self._config = config
        self._supervisor = supervisor or Supervisor(config.files.supervisor_socket)
        self._database = Database(config)
        self._file = config.files.private / "sessions.jsonl"

    def alter_lines(self) -> None:
        """A console of the owner, in the middle of an alteration of the order lines."""
        self._open(self._config.names.admin, "psql", ALTERS_LINES, IDLE)

    def leak(self, seed: int) -> None:
        """A job of the shop itself took the stock for itself and never went on."""
        names = self._config.names
        self._open(names.app, names.backfill, LEAKS[seed % len(LEAKS)], IDLE)

    def report(self, seed: int) -> None:
        """A report of the shop itself, at work for an hour, during which nothing may change."""
        names = self._config.names
        self._open(names.app, names.report, REPORTS[seed % len(REPORTS)], AT_WORK)

    def _open(self, role: str, application: str, statements: str, state: LiteralString) -> None:
        config, script = self._config, self._config.files.console
        said = script.with_suffix(".sql")
        said.write_text(statements.format(**config.names.tables.model_dump()) + "\n")
        script.write_text(
            f"export PGAPPNAME={application}\n"
            f"(cat {said}; exec sleep infinity) | "
            f"{find_binary('psql')} -X -q '{config.dsn(role)}' >/dev/null\n"
        )
        self._supervisor.stop(config.names.console)
        self._supervisor.start(config.names.console, wait=False)
        until(lambda: self._remember(role, application, state), f"the session of {application}")

    def _remember(self, role: str, application: str, state: LiteralString) -> bool:
        query: LiteralString = (
            "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::bigint "
            "FROM pg_stat_activity WHERE datname = current_database() "
            "AND usename = %s AND application_name = %s AND "
        )
        for pid, began in self._database.rows(query + state, [role, application]):
            with self._file.open("a") as file:
                file.write(Remembered(pid=pid, began_us=began).model_dump_json() + "\n")
            return True
        return False

    def _remembered(self) -> Iterator[Remembered]:
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                yield Remembered.model_validate_json(line)

    def ended(self) -> int:
        """How many of all that were ever open are not any more."""
        remembered = set(self._remembered())
        return len(remembered - self._open_ones()) if remembered else 0

    def _open_ones(self) -> set[Remembered]:
        query: LiteralString = (
            "SELECT pid, (extract(epoch FROM backend_start) * 1000000)::bigint "
            "FROM pg_stat_activity"
        )
        try:
            rows = self._database.rows(query)
        except psycopg.OperationalError:
            return set()  # a database that does not answer has no session
        return {Remembered(pid=pid, began_us=began) for pid, began in rows}

    def end_all(self) -> None:
        """Close the console, and what the database still does for it."""
        self._supervisor.stop(self._config.names.console)
        if self._database.accepts():
            for session in set(self._remembered()) & self._open_ones():
                self._database.rows("SELECT pg_terminate_backend(%s)", [session.pid])
            self._database.free_locks()
