"""The post on SQLite or PostgreSQL, in one record with the timelines that it tells of."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from vigil.domain.message import Became, Draft, Message, Standing, State
from vigil.domain.value import Instant
from vigil.integrations._clients.database import Adding
from vigil.integrations._clients.database.text import storable
from vigil.integrations.journal.chain import append_events
from vigil.integrations.journal.on_record import OnRecord
from vigil.integrations.journal.rows import get_incident
from vigil.integrations.journal.tables import (
    events,
    incidents,
    post,
    post_channels,
    post_read,
)
from vigil.ports.journal import Note
from vigil.ports.post import FOLLOWED, TAKEN_UP, News, Unread

_ADD_CHANNEL, _ADD_MARK, _ADD_MESSAGES = Adding(post_channels), Adding(post_read), Adding(post)
_MESSAGE = tuple(post.c[name] for name in Message.model_fields)
_DUE = post.c.state == State.DUE
_READ_TO = func.coalesce(post_read.c.seq, 0)


class SqlPost(OnRecord):
    """Fulfils ``ports.post.Post``; its events are links of the incidents' timelines."""

    async def news(self, channel: str, now: Instant, limit: int) -> tuple[News, ...]:
        """What a channel has to read."""
        since = await self._read(lambda c: _since(c, channel))
        if since is None:
            since = await self._write(lambda c: _begin(c, channel, now))
        return await self._read(lambda c: _unread(c, channel, since, now, limit))

    async def write(
        self, channel: str, incident: str, read: int, drafts: Sequence[Draft], now: Instant
    ) -> None:
        """Put on record what is to be told, and how far the timeline was read."""
        await self._write(lambda c: _write(c, channel, incident, read, drafts, now))

    async def take(self, channel: str, now: Instant) -> Message | None:
        """The next one that is to be sent."""
        # Most looks find nothing, and need not keep anybody waiting who writes.
        if await self._read(lambda c: _next(c, channel, now, to_take=False)) is None:
            return None
        return await self._write(lambda c: _take(c, channel, now))

    async def settle(
        self, message: Message, became: Became, notes: Sequence[Note], now: Instant
    ) -> bool:
        """What became of it."""

        def work(connection: Connection) -> bool:
            # The incident's row first, as everybody does who appends to its timeline.
            get_incident(connection, message.incident, to_change=True)
            written = _settle(connection, message, became, now)
            if written:
                append_events(connection, self._keys, message.incident, notes, now)
            return written

        return await self._write(work)

    async def unread(self, channel: str, now: Instant) -> Unread | None:
        """The incident that has waited longest to be read."""
        return await self._read(lambda c: _oldest_unread(c, channel, now))

    async def standing(self, channel: str) -> Standing:
        """How a channel fares."""
        return await self._read(lambda c: _standing(c, channel))


def _since(connection: Connection, channel: str) -> datetime | None:
    query = select(post_channels.c.since).where(post_channels.c.channel == channel)
    return connection.execute(query).scalar_one_or_none()


def _begin(connection: Connection, channel: str, now: datetime) -> datetime:
    _ADD_CHANNEL(connection, [{"channel": channel, "since": now}])
    return _since(connection, channel) or now


def _unread(
    connection: Connection, channel: str, since: datetime, now: datetime, limit: int
) -> tuple[News, ...]:
    query = (
        select(incidents.c.id, _READ_TO.label("read"))
        .select_from(incidents.outerjoin(post_read, _mark_of(channel)))
        .where(_followed(now), incidents.c.head_seq > _READ_TO)
        .order_by(incidents.c.opened_at, incidents.c.id)
        .limit(limit)
    )
    return tuple(
        News(incident=row.id, read=row.read, since=since) for row in connection.execute(query)
    )


def _mark_of(channel: str) -> ColumnElement[bool]:
    return and_(post_read.c.incident == incidents.c.id, post_read.c.channel == channel)


def _followed(now: datetime) -> ColumnElement[bool]:
    return or_(incidents.c.closed_at.is_(None), incidents.c.closed_at >= now - FOLLOWED)


def _oldest_unread(connection: Connection, channel: str, now: datetime) -> Unread | None:
    begun = _since(connection, channel)
    if begun is None:
        return None
    first = and_(events.c.incident == incidents.c.id, events.c.seq == _READ_TO + 1)
    query = (
        select(incidents.c.id, events.c.at)
        .select_from(incidents.outerjoin(post_read, _mark_of(channel)).join(events, first))
        .where(_followed(now), incidents.c.head_seq > _READ_TO)
        .order_by(events.c.at, incidents.c.id)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Unread(incident=row.id, since=max(row.at, begun))


def _write(
    connection: Connection,
    channel: str,
    incident: str,
    read: int,
    drafts: Sequence[Draft],
    now: datetime,
) -> None:
    rows = [
        {
            **draft.model_dump(),
            "incident": incident,
            "channel": channel,
            "state": State.DUE,
            "tries": 0,
            "due_at": now,
            "text": "",
            "remote": "",
        }
        for draft in drafts
    ]
    _ADD_MESSAGES(connection, rows)
    mark = {"incident": incident, "channel": channel}
    _ADD_MARK(connection, [{**mark, "seq": 0}])
    further = update(post_read).where(
        post_read.c.incident == incident, post_read.c.channel == channel, post_read.c.seq < read
    )
    connection.execute(further.values(seq=read))


def _next(
    connection: Connection, channel: str, now: datetime, *, to_take: bool
) -> RowMapping | None:
    """The one that has been due longest among those before which none of its place is due."""
    before = post.alias("before")
    waits = exists().where(
        before.c.channel == post.c.channel,
        before.c.incident == post.c.incident,
        before.c.place == post.c.place,
        before.c.state == State.DUE,
        before.c.number < post.c.number,
    )
    query = (
        select(*_MESSAGE)
        .where(post.c.channel == channel, _DUE, post.c.due_at <= now, ~waits)
        .order_by(post.c.due_at, post.c.number)
        .limit(1)
    )
    if to_take:
        query = query.with_for_update(of=post, skip_locked=True)
    return connection.execute(query).mappings().one_or_none()


def _take(connection: Connection, channel: str, now: datetime) -> Message | None:
    row = _next(connection, channel, now, to_take=True)
    if row is None:
        return None
    message = Message.model_validate({**row, "tries": row["tries"] + 1})
    taken = {"tries": message.tries, "due_at": now + TAKEN_UP}
    connection.execute(update(post).where(post.c.number == message.number).values(**taken))
    return message


def _settle(connection: Connection, message: Message, became: Became, now: datetime) -> bool:
    values: dict[str, object] = {
        "state": became.state,
        "text": storable(became.text),
        "remote": storable(became.remote),
    }
    if became.state is State.DUE:
        values["due_at"] = became.again_at or now
    else:
        values["settled_at"] = now
    mine = and_(post.c.number == message.number, _DUE, post.c.tries == message.tries)
    return connection.execute(update(post).where(mine).values(**values)).rowcount == 1


def _standing(connection: Connection, channel: str) -> Standing:
    def many(state: State) -> ColumnElement[int]:
        return func.count(case((post.c.state == state, 1)))

    of_it = post.c.channel == channel
    query = select(
        many(State.DUE).label("due"),
        func.min(case((_DUE, post.c.said_at))).label("oldest_at"),
        many(State.TOLD).label("told"),
        many(State.NOT_TOLD).label("not_told"),
    ).where(of_it)
    failing = (
        select(post.c.text)
        .where(of_it, _DUE, post.c.text != "")
        .order_by(post.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one()
    return Standing(**row, failing=connection.execute(failing).scalar_one_or_none())
