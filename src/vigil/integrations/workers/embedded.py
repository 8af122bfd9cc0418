"""Workers as rows beside the record."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection, Engine, delete, insert, select, update

from vigil.integrations._clients.database import read, try_exclusively, write
from vigil.integrations.workers.pulse import Pulse
from vigil.integrations.workers.silence import Silence
from vigil.integrations.workers.tables import roles, workers
from vigil.ports.workers import LEASE_S, Role, Standing, Worker, WorkerState


class SqlWorkers:
    """Fulfils ``ports.workers.Workers`` on SQLite or PostgreSQL, for one process.

    ``pulse`` is what shows on this machine who lives; without it only beats do.
    """

    def __init__(
        self,
        engine: Engine,
        lease_s: float = LEASE_S,
        tick: Callable[[], float] = time.monotonic,
        pulse: Pulse | None = None,
    ) -> None:
        self._engine = engine
        self._alone = engine.dialect.name == "sqlite"
        self._silence = Silence(lease_s)
        self._tick = tick
        self._pulse = pulse
        self._entered: set[str] = set()

    async def beat(self, worker: Worker) -> Standing:
        """This worker lives, drains, or leaves."""
        new, alone = worker.id not in self._entered, self._alone
        if new and self._pulse is not None:
            # Before its row is there: whom others find in the record they find alive here.
            await asyncio.to_thread(self._pulse.begin, worker.id)
        standing = await asyncio.to_thread(
            write, self._engine, lambda c: _beat(c, worker, new=new, alone=alone)
        )
        self._entered.add(worker.id)
        return standing

    async def reap(self, asker: str) -> tuple[str, ...]:
        """Whose work is to be taken over."""
        beats, dead = await asyncio.to_thread(read, self._engine, _look)
        stopped = await asyncio.to_thread(self._stopped, beats)
        silent = (self._silent(beats) | stopped) - {asker}
        if asker not in beats or not (silent or dead):
            return ()
        still = {worker: beats[worker] for worker in silent}
        return await asyncio.to_thread(write, self._engine, lambda c: _give_up(c, still))

    def _silent(self, beats: Mapping[str, int]) -> frozenset[str]:
        """Where one process can work on the record, whoever entered before is gone."""
        return frozenset(beats) if self._alone else self._silence.after(beats, self._tick())

    def _stopped(self, beats: Collection[str]) -> frozenset[str]:
        """Those whose processes have ended for certain, however fresh their last beat is."""
        pulse = self._pulse
        return frozenset(w for w in beats if pulse.has_stopped(w)) if pulse else frozenset()

    async def bury(self, workers: Sequence[str]) -> None:
        """Nothing of theirs is left; only the dead are forgotten."""
        left = await asyncio.to_thread(write, self._engine, lambda c: _bury(c, workers))
        if self._pulse is not None:
            await asyncio.to_thread(self._pulse.forget, left)

    async def everyone(self) -> tuple[Worker, ...]:
        """All that are known, the oldest first."""
        return await asyncio.to_thread(read, self._engine, _everyone)


def _beat(connection: Connection, worker: Worker, *, new: bool, alone: bool) -> Standing:
    dead = worker.state is WorkerState.DEAD
    shown = {
        "seen_at": worker.seen_at,
        "draining": worker.state is WorkerState.DRAINING,
        "dead": dead,
    }
    lives = update(workers).where(workers.c.id == worker.id, ~workers.c.dead)
    if not connection.execute(lives.values(**shown, beat=workers.c.beat + 1)).rowcount:
        if not new:
            return Standing(alive=False)
        fixed = worker.model_dump(include={"id", "host", "pid", "kind", "version", "started_at"})
        connection.execute(insert(workers).values(**fixed, **shown, beat=1))
    if worker.state is WorkerState.WORKING:
        return Standing(alive=True, roles=_take_roles(connection, worker.id, alone=alone))
    connection.execute(update(roles).where(roles.c.worker == worker.id).values(worker=None))
    return Standing(alive=not dead)


def _take_roles(connection: Connection, worker: str, *, alone: bool) -> frozenset[Role]:
    """What it leads from now on."""
    leads = {row.role: row.worker for row in connection.execute(select(roles)).all()}
    working = select(workers.c.id).where(~workers.c.dead, ~workers.c.draining)
    others = set() if alone else set(connection.execute(working).scalars()) - {worker}
    new = [role for role in Role if role not in leads]
    if new:
        connection.execute(insert(roles), [{"role": r, "worker": worker} for r in new])
    mine = [role for role in Role if leads.get(role) == worker]
    free = [role for role in Role if role in leads and leads[role] not in {worker, *others}]
    won = [role for role in free if _changes_hands(connection, role, leads[role], worker)]
    return frozenset([*new, *mine, *won])


def _changes_hands(connection: Connection, role: Role, before: str | None, after: str) -> bool:
    """Of two that see a role free, one finds its row as it was."""
    still = roles.c.worker.is_(None) if before is None else roles.c.worker == before
    changed = update(roles).where(roles.c.role == role, still).values(worker=after)
    return connection.execute(changed).rowcount == 1


def _look(connection: Connection) -> tuple[dict[str, int], bool]:
    """The beats of those that are not dead, and whether anybody is."""
    rows = connection.execute(select(workers.c.id, workers.c.beat, workers.c.dead)).all()
    return {row.id: row.beat for row in rows if not row.dead}, any(row.dead for row in rows)


def _give_up(connection: Connection, still: Mapping[str, int]) -> tuple[str, ...]:
    """Give up those that have not beaten since; everybody whose work is to be taken over."""
    if not try_exclusively(connection, "reaping"):
        return ()
    for worker, beat in still.items():
        silent = update(workers).where(workers.c.id == worker, workers.c.beat == beat)
        connection.execute(silent.values(dead=True))
    dead = select(workers.c.id).where(workers.c.dead).order_by(workers.c.started_at, workers.c.id)
    return tuple(connection.execute(dead).scalars())


def _bury(connection: Connection, buried: Collection[str]) -> frozenset[str]:
    """Forget them; who is known from now on."""
    connection.execute(delete(workers).where(workers.c.id.in_(buried), workers.c.dead))
    return frozenset(connection.execute(select(workers.c.id)).scalars())


def _everyone(connection: Connection) -> tuple[Worker, ...]:
    leads: dict[str, list[Role]] = {}
    for row in connection.execute(select(roles).where(roles.c.worker.is_not(None))):
        if row.role in set(Role):
            leads.setdefault(row.worker, []).append(Role(row.role))
    rows = connection.execute(select(workers).order_by(workers.c.started_at, workers.c.id)).all()
    return tuple(
        Worker(
            id=row.id,
            host=row.host,
            pid=row.pid,
            kind=row.kind,
            version=row.version,
            started_at=row.started_at,
            seen_at=row.seen_at,
            state=_state(dead=row.dead, draining=row.draining),
            roles=tuple(sorted(leads.get(row.id, ()))),
        )
        for row in rows
    )


def _state(*, dead: bool, draining: bool) -> WorkerState:
    if dead:
        return WorkerState.DEAD
    return WorkerState.DRAINING if draining else WorkerState.WORKING
