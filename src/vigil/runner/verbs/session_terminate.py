"""``session.terminate PID.MICROSECONDS``: end one database session that holds up others, idle.

The second number is when its transaction began: a pooled connection lives for days, and what is
ended has to be the very transaction that was looked at.
"""

import re
import time
from types import MappingProxyType

from vigil.domain.grant import SessionTerminateGrant
from vigil.guard.rules import SESSION
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Deadline, NotDone, Refusal, Seen, Unfinished
from vigil.runner.verbs.postgres import Postgres, Row, Session

LOOK_S = 10.0
PATIENCE_S = 5.0
"""Those who wait give up and come back, so for a moment there may be none."""
_AGAIN_S = 0.1
_SPARE_S = 1.0
"""Kept of the deadline: patience ends before it, and the last look still has its answer."""

# The one place that says what may be ended. The call's two numbers only choose a row; what it must
# be like comes from the grant. A column that the login may not see is null, and so not true.
_SEEN = """
    SELECT a.pid,
           CASE WHEN a.state IS NOT NULL THEN coalesce(
               (extract(epoch FROM a.xact_start) * 1000000)::bigint = %(began)s::bigint, false
           ) END AS same,
           a.pid <> pg_backend_pid() AS another,
           a.datname = current_database() AS here,
           a.usename = %(role)s::name AS of_role,
           a.state IN ('idle in transaction', 'idle in transaction (aborted)') AS idle,
           extract(epoch FROM clock_timestamp() - a.state_change) >= %(idle_s)s::float8 AS long,
           extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS seconds,
           (SELECT count(*)
              FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted) AS waiting
             WHERE a.pid = ANY (pg_blocking_pids(waiting.pid))) AS waiting
      FROM pg_stat_activity AS a
     WHERE a.pid = %(pid)s::int
"""
# One statement judges and ends it, so that as little as possible can change in between.
_END = f"""
    SELECT pg_terminate_backend(pid) AS told, seconds, waiting
      FROM ({_SEEN}) AS seen
     WHERE same AND another AND here AND of_role AND idle AND long AND waiting > 0
"""  # noqa: S608 - made of constants; values are bound by the driver
_UNSEEN = "the grant's login may not see it: make it a member of the grant's role"
_UNMET = MappingProxyType(
    {
        "same": "it is in another transaction now",
        "another": "it is the broker's own",
        "here": "it is in another database than the grant's",
        "of_role": "it is not of the grant's role",
        "idle": "it is not idle in a transaction",
        "long": "it has been idle for {seconds:.1f} s, and the grant asks for {idle_s:g} s",
        "waiting": "nobody waits for it",
    }
)
_NOBODY_WAITS = _UNMET["waiting"]


class SessionTerminate:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: SessionTerminateGrant, session: str) -> None:
        if re.fullmatch(SESSION, session) is None:
            raise Refusal(
                "that is no session (its process and its transaction's start, PID.MICROSECONDS)"
            )
        self._session = session
        pid, began = session.split(".")
        self._values = {
            "pid": int(pid),
            "began": int(began),
            "role": grant.role,
            "idle_s": grant.idle_s,
        }
        self._database = Postgres(grant.dsn)

    def look(self) -> Seen:
        until = time.monotonic() + PATIENCE_S
        with self._database.connected(LOOK_S) as broker:
            while True:
                row = broker.read(_SEEN, self._values)
                if row is None:
                    return {"session": self._session, "gone": True}
                unmet = self._unmet(row)
                if unmet is None:
                    return {"session": self._session, "gone": False}
                if unmet != _NOBODY_WAITS or time.monotonic() >= until:
                    raise Refusal(f"session {self._session} is left alone: {unmet}")
                time.sleep(_AGAIN_S)

    def done_since(self, before: Seen) -> Outcome | None:
        with self._database.connected(LOOK_S) as broker:
            if not self._is_gone(broker):
                return None
        return self._gone() if before["gone"] else self._ended()

    def do(self, before: Seen, deadline: Deadline) -> Outcome:  # noqa: ARG002 - the present decides
        with self._database.connected(deadline.left_s) as broker:
            try:
                return self._end(broker, deadline)
            except Refusal as forbidden:
                return Outcome(
                    ok=False, text=f"session {self._session} cannot be ended: {forbidden}"
                )

    def _end(self, broker: Session, deadline: Deadline) -> Outcome:
        patience = time.monotonic() + min(PATIENCE_S, deadline.left_s - _SPARE_S)
        while True:
            deadline.last_moment()
            row = broker.change(_END, self._values)
            if row is not None:
                return self._see_it_go(broker, row, deadline)
            now = broker.read(_SEEN, self._values)
            if now is None or now["same"] is False:
                return self._gone()
            unmet = self._unmet(now)
            if unmet not in (None, _NOBODY_WAITS) or time.monotonic() >= patience:
                why = unmet or "it changed while it was looked at"
                return Outcome(ok=False, text=f"session {self._session} was left alone: {why}")
            time.sleep(_AGAIN_S)

    def _see_it_go(self, broker: Session, told: Row, deadline: Deadline) -> Outcome:
        """A session that was told to end still has to roll back what it did."""
        try:
            while not self._is_gone(broker):
                if deadline.left_s < _SPARE_S:
                    raise Unfinished(f"session {self._session} was told to end and is still there")
                time.sleep(_AGAIN_S)
        except NotDone as silent:  # telling it has happened
            raise Unfinished(str(silent)) from silent
        return self._ended(f" (idle for {told['seconds']:.0f} s, {told['waiting']} waited for it)")

    def _is_gone(self, broker: Session) -> bool:
        row = broker.read(_SEEN, self._values)
        return row is None or row["same"] is False

    def _unmet(self, row: Row) -> str | None:
        """The first part of the predicate that does not hold."""
        for part, says in _UNMET.items():
            if row[part] is not None and not row[part]:
                return says.format(seconds=row["seconds"], idle_s=self._values["idle_s"])
        return _UNSEEN if any(row[part] is None for part in _UNMET) else None

    def _gone(self) -> Outcome:
        return Outcome(ok=True, text=f"session {self._session} is gone already; none was ended")

    def _ended(self, more: str = "") -> Outcome:
        return Outcome(ok=True, text=f"session {self._session} was ended{more}")
