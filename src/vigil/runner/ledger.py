"""The runner's own record: what was begun, what was done, and how each run ended.

It is what makes a repetition safe, so every line is on disk before the next step is taken. Runners
of one installation may share it: then each recognises what another one has begun, and refuses who
comes with a token lower than one that any of them has seen.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection, Insert, RowMapping, Select, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from vigil.domain.effects import Call
from vigil.domain.errors import LockHeld, PlanMismatch
from vigil.domain.plan import ActionResult, CallRecord
from vigil.domain.run import Fence, RunOrder
from vigil.domain.value import Value
from vigil.runner.store import Store

_HOUR = timedelta(hours=1)


class Outcome(Value):
    """What became of an effect at its target."""

    ok: bool
    text: str


class Rate(Value):
    """How often effects may begin under one grant."""

    grant: str
    """Of which service, and which."""
    most_per_hour: int


class TooOften(Exception):
    """So many effects have begun under this grant within the last hour as it allows."""


class Begun(Value):
    """An effect that was begun: what its target looked like before, and its end if it had one."""

    key: str
    call: Call
    before: dict[str, JsonValue]
    outcome: Outcome | None


def _begun(row: RowMapping) -> Begun:
    outcome = row["outcome"]
    return Begun(
        key=row["key"],
        call=Call.model_validate_json(row["call"]),
        before=json.loads(row["before"]),
        outcome=None if outcome is None else Outcome.model_validate_json(outcome),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()


class Ledger:
    """Every method is one transaction and may be called in a thread.

    :raises PortUnavailable: by every method, when nothing can be written or read now.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables = store.tables
        self.shared = store.shared
        """Whether other runners may be writing too."""

    def close(self) -> None:
        self._store.close()

    def begin_run(self, order: RunOrder, digest: str) -> ActionResult | None:
        """Note that a run begins, and its tokens; its result if it had ended before.

        :raises PlanMismatch: the key stands for another plan or action.
        :raises LockHeld: it has not ended, and a token of it was overtaken.
        """
        runs = self._tables.runs
        line = {
            "run_key": order.run_key,
            "plan_digest": digest,
            "action": order.action,
            "begun_at": _now(),
        }
        query = select(runs.c.plan_digest, runs.c.action, runs.c.result)

        def work(connection: Connection) -> str | None:
            connection.execute(_unless_there(connection, runs).values(line))
            row = connection.execute(query.where(runs.c.run_key == order.run_key)).one()
            if (row.plan_digest, row.action) != (digest, order.action):
                raise PlanMismatch(
                    f"the run key {order.run_key} stands for action '{row.action}' of plan "
                    f"{row.plan_digest}, not for '{order.action}' of {digest}: ask for a new run "
                    "under a new key"
                )
            if row.result is None:
                self._note(connection, order.lease.fences)
            ended: str | None = row.result
            return ended

        result = self._store.transaction(work)
        return None if result is None else ActionResult.model_validate_json(result)

    def end_run(self, order: RunOrder, result: ActionResult) -> bool:
        """Whether this is its end: the first one stays, and whoever was overtaken has none."""
        runs = self._tables.runs
        ends = update(runs).where(runs.c.run_key == order.run_key, runs.c.result.is_(None))

        def work(connection: Connection) -> bool:
            if self._overtaken(connection, order.lease.fences) is not None:
                return False
            ended = ends.values(ended_at=_now(), result=result.model_dump_json())
            return connection.execute(ended).rowcount == 1

        return self._store.transaction(work)

    def effect(self, key: str) -> Begun | None:
        """The effect under this idempotency key, if it was ever begun."""
        effects = self._tables.effects
        query = select(effects).where(effects.c.key == key)
        row = self._store.transaction(lambda c: c.execute(query).mappings().one_or_none())
        return None if row is None else _begun(row)

    def effects_of(self, run_key: str) -> tuple[Begun, ...]:
        """Everything that was ever begun under the key of a run."""
        effects = self._tables.effects
        of_run = effects.c.key.startswith(f"{run_key}:", autoescape=True)
        query = select(effects).where(of_run).order_by(effects.c.key)
        rows = self._store.transaction(lambda c: c.execute(query).mappings().all())
        return tuple(_begun(row) for row in rows)

    def begin_effect(
        self,
        key: str,
        call: Call,
        before: dict[str, JsonValue],
        fences: Sequence[Fence],
        rate: Rate | None = None,
    ) -> bool:
        """Note what the target looks like, before it is touched; False: somebody else just did.

        :raises TooOften: nothing is noted, as no further effect may begin under its grant yet.
        :raises LockHeld: a token was overtaken. Whoever overtook it and looks for what was begun
            finds this, or this is refused: there is no instant between the two.
        """
        line = {
            "key": key,
            "call": call.model_dump_json(),
            "before": json.dumps(before),
            "begun_at": _now(),
        }

        def work(connection: Connection) -> bool:
            self._note(connection, fences)
            effects = self._tables.effects
            begin = _unless_there(connection, effects).values(line).returning(effects.c.key)
            begun = connection.execute(begin).first() is not None
            if begun and rate is not None:
                self._count(connection, rate)
            return begun

        return self._store.transaction(work)

    def end_effect(self, key: str, outcome: Outcome) -> None:
        effects = self._tables.effects
        end = update(effects).where(effects.c.key == key)
        ended = end.values(done_at=_now(), outcome=outcome.model_dump_json())
        self._store.transaction(lambda c: c.execute(ended))

    def log_call(self, run_key: str, record: CallRecord) -> None:
        line = insert(self._tables.calls).values(
            run_key=run_key, at=_now(), record=record.model_dump_json()
        )
        self._store.transaction(lambda c: c.execute(line))

    def forget(self, before: datetime, most: int) -> int:
        """Drop runs that ended before then with their calls, so many at a time; says how many."""
        runs, effects, calls = self._tables.runs, self._tables.effects, self._tables.calls
        ended = select(runs.c.run_key).where(runs.c.ended_at < before.isoformat()).limit(most)

        def work(connection: Connection) -> int:
            keys = connection.execute(ended).scalars().all()
            for key in keys:
                of_run = effects.c.key.startswith(f"{key}:", autoescape=True)
                connection.execute(delete(effects).where(of_run))
            connection.execute(delete(calls).where(calls.c.run_key.in_(keys)))
            connection.execute(delete(runs).where(runs.c.run_key.in_(keys)))
            return len(keys)

        return self._store.transaction(work)

    def note(self, fences: Sequence[Fence], rate: Rate | None = None) -> None:
        """These tokens were seen, and one more effect begins under a grant; all of it or nothing.

        :raises LockHeld: one of them is lower than a token that was seen before.
        :raises TooOften: no further effect may begin under that grant yet.
        """

        def work(connection: Connection) -> None:
            self._note(connection, fences)
            if rate is not None:
                self._count(connection, rate)

        self._store.transaction(work)

    def _note(self, connection: Connection, fences: Sequence[Fence]) -> None:
        table = self._tables.fences
        for fence in sorted(fences, key=lambda fence: fence.resource):
            # Made first, so that the row is there to be held; in one order, so that nobody waits
            # for somebody who waits for him.
            seen = {"resource": fence.resource, "token": fence.token}
            connection.execute(_unless_there(connection, table).values(seen))
        if overtaken := self._overtaken(connection, fences):
            fence, token = overtaken
            raise LockHeld(
                f"the lock on {fence.resource} is stale: token {fence.token}, and {token} has "
                "been seen, so somebody else holds it now"
            )
        for fence in fences:
            connection.execute(
                update(table)
                .where(table.c.resource == fence.resource, table.c.token < fence.token)
                .values(token=fence.token)
            )

    def _count(self, connection: Connection, rate: Rate) -> None:
        """One more under this grant; whoever counts at the same time waits for the row."""
        table = self._tables.rates
        at = datetime.now(UTC)
        row = {"grant_name": rate.grant, "begun_at": "[]"}
        connection.execute(_unless_there(connection, table).values(row))
        of_grant = table.c.grant_name == rate.grant
        held = select(table.c.begun_at).where(of_grant).with_for_update()
        # A time to come was noted before the clock was set back: it counts, which is the safe side.
        since = (at - _HOUR).isoformat()
        recent = [one for one in json.loads(connection.execute(held).scalar_one()) if one > since]
        if len(recent) >= rate.most_per_hour:
            raise TooOften(
                f"the grant {rate.grant} allows {rate.most_per_hour} calls an hour, and "
                f"{len(recent)} have begun since {since[:19]}Z"
            )
        counted = json.dumps([*recent, at.isoformat()])
        connection.execute(update(table).where(of_grant).values(begun_at=counted))

    def _overtaken(
        self, connection: Connection, fences: Sequence[Fence]
    ) -> tuple[Fence, int] | None:
        """One of the tokens that is lower than one that was seen, and that; rows are held."""
        seen = {row.resource: row.token for row in connection.execute(self._held(fences))}
        stale = (f for f in fences if f.token < seen.get(f.resource, f.token))
        return next(((fence, seen[fence.resource]) for fence in stale), None)

    def _held(self, fences: Sequence[Fence]) -> Select[tuple[str, int]]:
        table = self._tables.fences
        rows = select(table.c.resource, table.c.token).order_by(table.c.resource)
        return rows.where(table.c.resource.in_([f.resource for f in fences])).with_for_update()


def _unless_there(connection: Connection, table: Table) -> Insert:
    """Of two that insert the same row one does, and the other one waits to find it there."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
