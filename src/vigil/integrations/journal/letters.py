"""The rows of the inbox: deliveries on disk, until they are taken in or set aside for a person."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import Connection, RowMapping, case, delete, func, insert, select, update

from vigil.domain.alert import Delivery
from vigil.domain.errors import ChainBroken
from vigil.domain.scrub import without_control
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.tables import inbox
from vigil.ports.inbox import Backlog, Full, Letter

SOURCE_ROWS = 10_000
"""Of one source: more than its storms have, and taken in within a few minutes."""
SOURCE_BYTES = 64 * 1024 * 1024
"""Of one source: dozens of the largest deliveries."""
ROWS = 20_000
BYTES = 128 * 1024 * 1024
"""Of all together: what any disk that a record may be on has to spare."""
SHARE_ROWS = 1000
SHARE_BYTES = 8 * 1024 * 1024
"""A source that has no more than this in there finds room also when others have filled the rest."""

SOONEST_S, LATEST_S = 1, 60
"""Bounds of ``retry_after_s``: nobody is to hammer, and nobody is to forget an alert."""
MADE_ROOM = 0.1
"""The part of the line that should be gone by then."""

MOST_READ = 4 * 1024 * 1024
"""Bytes of letters that are read at once, apart from the first, which is read in any case."""
MOST_REASON = 200
"""Characters; the reason stands in the index, whose entries PostgreSQL bounds."""


def write_down(
    connection: Connection, keys: Keys, deliveries: Sequence[Delivery], now: datetime
) -> tuple[int | Full, ...]:
    """Those for which there is room, in this order; the others leave nothing behind."""
    found = {line.source: line for line in lines(connection)}
    answers: list[int | Full] = []
    rows: list[dict[str, object]] = []
    for delivery in deliveries:
        sealed = keys.seal(_spelled(delivery), _place(delivery.source))
        size = len(sealed)
        line = found.get(delivery.source) or _empty(delivery.source)
        if _has_no_room(line, found.values(), size):
            answers.append(Full(retry_after_s=_retry_after_s(line, now)))
            continue
        found[delivery.source] = _longer(line, size, now)
        answers.append(len(rows))
        rows.append({"source": delivery.source, "at": now, "size": size, "sealed": sealed})
    if not rows:
        return tuple(answers)
    added = insert(inbox).returning(inbox.c.id, sort_by_parameter_order=True)
    numbers = connection.execute(added, rows).scalars().all()
    return tuple(numbers[a] if isinstance(a, int) else a for a in answers)


def lines(connection: Connection) -> tuple[Backlog, ...]:
    """What lies there, by source, as their first letters came; read from an index alone."""
    waits = inbox.c.failed.is_(None)
    query = (
        select(
            inbox.c.source,
            func.count(case((waits, 1))).label("waiting"),
            func.min(case((waits, inbox.c.at))).label("oldest_at"),
            func.count(inbox.c.failed).label("set_aside"),
            func.max(case((~waits, inbox.c.at))).label("set_aside_at"),
            func.sum(inbox.c.size).label("size"),
        )
        .group_by(inbox.c.source)
        .order_by(func.min(case((waits, inbox.c.id))), inbox.c.source)
    )
    return tuple(Backlog.model_validate(dict(row)) for row in connection.execute(query).mappings())


def letters(connection: Connection, keys: Keys, source: str, limit: int) -> tuple[Letter, ...]:
    """The first of those that wait, as many as may be read at once."""
    first = (
        select(inbox.c.id, inbox.c.size)
        .where(inbox.c.source == source, inbox.c.failed.is_(None))
        .order_by(inbox.c.id)
        .limit(limit)
    )
    numbers: list[int] = []
    left = MOST_READ
    for row in connection.execute(first):
        if numbers and row.size > left:
            break
        numbers.append(row.id)
        left -= row.size
    whole = select(inbox).where(inbox.c.id.in_(numbers)).order_by(inbox.c.id)
    return tuple(_letter(row, keys) for row in connection.execute(whole).mappings())


def take_out(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Those of these letters that were still there; whoever else wants them has to wait."""
    gone = delete(inbox).where(inbox.c.id.in_(numbers)).returning(inbox.c.id)
    return set(connection.execute(gone).scalars())


def set_aside(connection: Connection, number: int, why: str) -> None:
    """It waits no more."""
    kept = without_control(why)[:MOST_REASON]
    connection.execute(update(inbox).where(inbox.c.id == number).values(failed=kept))


def try_again(connection: Connection, since: datetime) -> None:
    """What came after this moment and was set aside waits again."""
    again = inbox.c.failed.is_not(None) & (inbox.c.at > since)
    connection.execute(update(inbox).where(again).values(failed=None))


def _spelled(delivery: Delivery) -> str:
    """As JSON; half of a surrogate pair, which has no UTF-8 spelling, becomes a question mark."""
    text = json.dumps(delivery.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def _letter(row: RowMapping, keys: Keys) -> Letter:
    try:
        text = keys.open(row["sealed"], _place(row["source"]))
        delivery = Delivery.model_validate_json(text)
    except (ChainBroken, ValidationError):
        delivery = None
    return Letter(number=row["id"], source=row["source"], at=row["at"], delivery=delivery)


def _place(source: str) -> str:
    return f"inbox/{source}"


def _empty(source: str) -> Backlog:
    return Backlog(source=source, waiting=0, oldest_at=None, set_aside=0, set_aside_at=None, size=0)


def _longer(line: Backlog, size: int, now: datetime) -> Backlog:
    changes = {"waiting": line.waiting + 1, "size": line.size + size}
    return line.model_copy(update={**changes, "oldest_at": line.oldest_at or now})


def _has_no_room(line: Backlog, every: Iterable[Backlog], size: int) -> bool:
    rows, weight = line.waiting + line.set_aside + 1, line.size + size
    if rows <= SHARE_ROWS and weight <= SHARE_BYTES:
        return False
    if rows > SOURCE_ROWS or weight > SOURCE_BYTES:
        return True
    full = [(one.waiting + one.set_aside, one.size) for one in every]
    return sum(r for r, _ in full) >= ROWS or sum(s for _, s in full) + size > BYTES


def _retry_after_s(line: Backlog, now: datetime) -> int:
    """How long the first has waited tells how fast the line moves."""
    waited = now - line.oldest_at if line.oldest_at else timedelta()
    return round(min(max(waited.total_seconds() * MADE_ROOM, SOONEST_S), LATEST_S))
