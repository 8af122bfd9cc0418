"""What both verbs of sessions do: look at one session, end what it is at, and see it go.

What may be ended is said by one query of each verb, and nowhere else. Its ``same`` is whether the
session still is at what the call names, ``waiting`` how many wait for it; what else has to hold are
the other columns that ``unmet`` has words for. A column that the login may not see is null, and so
not true.
"""

import re
import time
from collections.abc import Mapping

from vigil.domain.value import Value
from vigil.domain.verbs.session import SESSION
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Deadline, NotDone, Refusal, Seen, Unfinished
from vigil.runner.verbs.postgres import Postgres, Row, Session

LOOK_S = 10.0
PATIENCE_S = 5.0
"""Those who wait give up and come back, so for a moment there may be none."""
_AGAIN_S = 0.1
_SPARE_S = 1.0
"""Kept of the deadline: patience ends before it, and the last look still has its answer."""
_UNSEEN = "the grant's login may not see it: make it a member of the grant's role"


class Way(Value):
    """How one verb looks and what it says; the queries take ``pid``, ``began`` and the grant's
    values.
    """

    seen: str
    """One row with a column for each word of ``unmet``, and ``seconds``."""
    end: str
    """Judges by the same columns and ends it, in one statement."""
    unmet: dict[str, str]
    """What is said of the first column that is not true."""
    what: str
    """A session, or its statement."""
    wrong: str
    """What is said of an argument that names none."""
    ended: str
    would: str
    for_long: str
    """What it has been doing until it was ended."""


class OneSession:
    """See ``Operation`` for what is promised."""

    def __init__(self, way: Way, dsn: str, session: str, values: Mapping[str, object]) -> None:
        if re.fullmatch(SESSION, session) is None:
            raise Refusal(way.wrong)
        self._way = way
        self._session = session
        self._name = f"{way.what} {session}"
        pid, began = session.split(".")
        self._values = {"pid": int(pid), "began": int(began), **values}
        self._database = Postgres(dsn)

    def look(self) -> Seen:
        until = time.monotonic() + PATIENCE_S
        with self._database.connected(LOOK_S) as broker:
            while True:
                row = broker.read(self._way.seen, self._values)
                if row is None:
                    return self._seen(gone=True, would=f"nothing: {self._name} is gone already")
                unmet = self._unmet(row)
                if unmet is None:
                    return self._seen(gone=False, would=f"{self._way.would} {self._name}")
                if unmet != self._nobody_waits or time.monotonic() >= until:
                    raise Refusal(f"{self._name} is left alone: {unmet}")
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
                return Outcome(ok=False, text=f"{self._name} cannot be ended: {forbidden}")

    def _seen(self, *, gone: bool, would: str) -> Seen:
        return {"session": self._session, "gone": gone, "would": would}

    def _end(self, broker: Session, deadline: Deadline) -> Outcome:
        patience = time.monotonic() + min(PATIENCE_S, deadline.left_s - _SPARE_S)
        while True:
            deadline.last_moment()
            row = broker.change(self._way.end, self._values)
            if row is not None:
                return self._see_it_go(broker, row, deadline)
            now = broker.read(self._way.seen, self._values)
            if now is None or now["same"] is False:
                return self._gone()
            unmet = self._unmet(now)
            if unmet not in (None, self._nobody_waits) or time.monotonic() >= patience:
                why = unmet or "it changed while it was looked at"
                return Outcome(ok=False, text=f"{self._name} was left alone: {why}")
            time.sleep(_AGAIN_S)

    def _see_it_go(self, broker: Session, told: Row, deadline: Deadline) -> Outcome:
        """What was told to end still has to roll back what it did."""
        try:
            while not self._is_gone(broker):
                if deadline.left_s < _SPARE_S:
                    raise Unfinished(f"{self._name} was told to end and is still there")
                time.sleep(_AGAIN_S)
        except NotDone as silent:  # telling it has happened
            raise Unfinished(str(silent)) from silent
        doing = f"{self._way.for_long} for {told['seconds']:.0f} s"
        return self._ended(f" ({doing}, {told['waiting']} waited for it)")

    def _is_gone(self, broker: Session) -> bool:
        row = broker.read(self._way.seen, self._values)
        return row is None or row["same"] is False

    @property
    def _nobody_waits(self) -> str:
        return self._way.unmet["waited_for"]

    def _unmet(self, row: Row) -> str | None:
        """The first part of the predicate that does not hold."""
        for part, says in self._way.unmet.items():
            if row[part] is not None and not row[part]:
                return says.format(seconds=row["seconds"], **self._values)
        return _UNSEEN if any(row[part] is None for part in self._way.unmet) else None

    def _gone(self) -> Outcome:
        return Outcome(ok=True, text=f"{self._name} is gone already; none was ended")

    def _ended(self, more: str = "") -> Outcome:
        return Outcome(ok=True, text=f"{self._name} was {self._way.ended}{more}")
