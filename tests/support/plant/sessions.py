"""Databases of some services: a session that leaks there holds up everybody else's work.

The plant notices each of its sessions that is ended from outside, whichever it is.
"""

import asyncio
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.support.plant.effects import ENDED, EffectLog
from tests.support.plant.layout import Layout

LEAKED = "leaked"
AT_WORK = "at work"
WORK = "UPDATE work SET done = done + 1"

Session = psycopg.AsyncConnection[tuple[object, ...]]


def make(layout: Layout) -> None:
    """A database for each service that has one, and whom they know there."""
    with psycopg.connect(layout.server, autocommit=True) as admin:
        for role, may in ((layout.app, None), (layout.observer, "pg_monitor")):
            named = {"role": sql.Identifier(role), "password": sql.Literal(layout.password)}
            admin.execute(sql.SQL("CREATE ROLE {role} LOGIN PASSWORD {password}").format(**named))
            if may:
                grant = sql.SQL("GRANT {} TO {role}").format(sql.Identifier(may), **named)
                admin.execute(grant)
        for service in layout.with_database:
            names = {
                "name": sql.Identifier(layout.database(service)),
                "owner": sql.Identifier(layout.app),
            }
            admin.execute(sql.SQL("CREATE DATABASE {name} OWNER {owner}").format(**names))


def drop(layout: Layout) -> None:
    """Leave nothing on the server, which others may use too."""
    with psycopg.connect(layout.server, autocommit=True) as admin:
        for service in layout.with_database:
            name = sql.Identifier(layout.database(service))
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        for role in (layout.app, layout.observer):
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


@dataclass
class _Database:
    """One service's: the session that works there, and one that may have leaked."""

    working: Session
    work: "asyncio.Task[None] | None" = None
    leaked: Session | None = None


class Databases:
    """All databases of a plant, in one event loop."""

    def __init__(self, layout: Layout, log: EffectLog) -> None:
        self._layout = layout
        self._log = log
        self._databases: dict[str, _Database] = {}

    async def open(self) -> None:
        """Begin to work in each of them."""
        for service in self._layout.with_database:
            working = await self._connected(service)
            await working.execute("CREATE TABLE work (done integer)")
            await working.execute("INSERT INTO work VALUES (0)")
            await working.commit()
            self._databases[service] = _Database(working)

    def complaint(self, service: str) -> str | None:
        """Why its database is of no use; None when it is, or there is none."""
        database = self._databases.get(service)
        waits = database is not None and database.work is not None and not database.work.done()
        return "somebody holds up its database" if waits else None

    async def leak(self, service: str) -> None:
        """Begin a transaction, and never end it; what works there waits from here on."""
        database = self._databases[service]
        leaked = database.leaked = await self._connected(service)
        await leaked.execute(WORK)
        # Nothing is asked over it any more, so what it says is that it was ended.
        asyncio.get_running_loop().add_reader(leaked.fileno(), self._ended, service, database)
        database.work = asyncio.create_task(self._work(service, database))

    async def mend(self, service: str) -> None:
        """What its owner does by hand."""
        database = self._databases.get(service)
        if database is not None and database.leaked is not None:
            await self._forget(database)

    async def _connected(self, service: str) -> Session:
        dsn = make_conninfo(self._layout.dsn(service, self._layout.app), application_name="plant")
        try:
            return await psycopg.AsyncConnection.connect(dsn)
        except psycopg.OperationalError:
            # On a busy machine libpq may have closed the socket that is being waited for.
            return await psycopg.AsyncConnection.connect(dsn)

    async def _work(self, service: str, database: _Database) -> None:
        try:
            await database.working.execute(WORK)
            await database.working.commit()
        except psycopg.OperationalError:
            self._log.write(service, ENDED, AT_WORK)
            database.working = await self._connected(service)

    def _ended(self, service: str, database: _Database) -> None:
        self._log.write(service, ENDED, LEAKED)
        self._closing = asyncio.ensure_future(self._forget(database))

    async def _forget(self, database: _Database) -> None:
        leaked, database.leaked = database.leaked, None
        if leaked is not None:
            asyncio.get_running_loop().remove_reader(leaked.fileno())
            await leaked.close()
