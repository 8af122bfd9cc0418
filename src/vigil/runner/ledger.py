"""The runner's own record: what was begun, what was done, and how each run ended.

It is what makes a repetition safe, so every line is on disk (synchronous=FULL) before the next
step is taken.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from vigil.domain.effects import Call
from vigil.domain.errors import PlanMismatch, PortUnavailable
from vigil.domain.plan import ActionResult, CallRecord
from vigil.domain.run import Fence, RunOrder
from vigil.domain.value import Value

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_key TEXT PRIMARY KEY,
    plan_digest TEXT NOT NULL,
    action TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    ended_at TEXT,
    result TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS effects (
    key TEXT PRIMARY KEY,
    call TEXT NOT NULL,
    before TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    done_at TEXT,
    outcome TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY,
    run_key TEXT NOT NULL,
    at TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS fences (
    resource TEXT PRIMARY KEY,
    token INTEGER NOT NULL
) STRICT;
"""
_BUSY_S = 5.0


class Outcome(Value):
    """What became of an effect at its target."""

    ok: bool
    text: str


class Begun(Value):
    """An effect that was begun: what its target looked like before, and its end if it had one."""

    call: Call
    before: dict[str, JsonValue]
    outcome: Outcome | None


def _now() -> str:
    return datetime.now(UTC).isoformat()


class Ledger:
    """One file, one connection; every method is one transaction and may be called in a thread."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(
            file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.executescript(_SCHEMA)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction, whole or not at all.

        :raises PortUnavailable: the file cannot be written or read now.
        """
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                try:
                    yield
                except BaseException:  # whatever cut the work short, half of it must not stay
                    self._base.execute("ROLLBACK")
                    raise
                self._base.execute("COMMIT")
            except sqlite3.Error as broken:
                raise PortUnavailable(
                    f"the runner's ledger cannot be used ({broken}): is its disk full?"
                ) from broken

    def close(self) -> None:
        with self._lock:
            self._base.close()

    def begin_run(self, order: RunOrder, digest: str) -> ActionResult | None:
        """Note that a run begins; its result if it had ended before.

        :raises PlanMismatch: the key stands for another plan or action.
        """
        with self._transaction():
            self._base.execute(
                "INSERT OR IGNORE INTO runs (run_key, plan_digest, action, begun_at)"
                " VALUES (?, ?, ?, ?)",
                (order.run_key, digest, order.action, _now()),
            )
            plan, action, result = self._base.execute(
                "SELECT plan_digest, action, result FROM runs WHERE run_key = ?",
                (order.run_key,),
            ).fetchone()
        if (plan, action) != (digest, order.action):
            raise PlanMismatch(
                f"the run key {order.run_key} stands for action '{action}' of plan {plan}, not for "
                f"'{order.action}' of {digest}: ask for a new run under a new key"
            )
        return None if result is None else ActionResult.model_validate_json(result)

    def end_run(self, run_key: str, result: ActionResult) -> None:
        with self._transaction():
            self._base.execute(
                "UPDATE runs SET ended_at = ?, result = ? WHERE run_key = ? AND result IS NULL",
                (_now(), result.model_dump_json(), run_key),
            )

    def effect(self, key: str) -> Begun | None:
        """The effect under this idempotency key, if it was ever begun."""
        with self._transaction():
            row = self._base.execute(
                "SELECT call, before, outcome FROM effects WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        call, before, outcome = row
        return Begun(
            call=Call.model_validate_json(call),
            before=json.loads(before),
            outcome=None if outcome is None else Outcome.model_validate_json(outcome),
        )

    def begin_effect(self, key: str, call: Call, before: dict[str, JsonValue]) -> None:
        """Note what the target looks like, before it is touched."""
        with self._transaction():
            self._base.execute(
                "INSERT INTO effects (key, call, before, begun_at) VALUES (?, ?, ?, ?)",
                (key, call.model_dump_json(), json.dumps(before), _now()),
            )

    def end_effect(self, key: str, outcome: Outcome) -> None:
        with self._transaction():
            self._base.execute(
                "UPDATE effects SET done_at = ?, outcome = ? WHERE key = ?",
                (_now(), outcome.model_dump_json(), key),
            )

    def log_call(self, run_key: str, record: CallRecord) -> None:
        with self._transaction():
            self._base.execute(
                "INSERT INTO calls (run_key, at, record) VALUES (?, ?, ?)",
                (run_key, _now(), record.model_dump_json()),
            )

    def stale_fence(self, fences: Sequence[Fence]) -> tuple[Fence, int] | None:
        """Accept these tokens, or name one that is lower than a token seen before, and that token.

        None is accepted unless all are.
        """
        with self._transaction():
            for fence in fences:
                seen = self._base.execute(
                    "SELECT token FROM fences WHERE resource = ?", (fence.resource,)
                ).fetchone()
                if seen is not None and fence.token < seen[0]:
                    return fence, int(seen[0])
            self._base.executemany(
                "INSERT INTO fences (resource, token) VALUES (?, ?)"
                " ON CONFLICT (resource) DO UPDATE SET token = excluded.token",
                [(fence.resource, fence.token) for fence in fences],
            )
        return None
