"""Which incidents a transaction changed, so that others can be told of it once it is committed."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, RowMapping

from vigil.domain.news import News
from vigil.integrations.journal.tables import incidents

Result = TypeVar("Result")

COLUMNS = (incidents.c.id, incidents.c.head_seq, incidents.c.version)
_GATHERED = "vigil_news"


def to_news(row: RowMapping) -> News:
    """How far this incident has come."""
    return News(incident=row["id"], seq=row["head_seq"], version=row["version"])


def gather(connection: Connection, news: News) -> None:
    """This transaction changed an incident; nothing is kept where nobody asked for news."""
    if (gathered := connection.info.get(_GATHERED)) is not None:
        gathered[news.incident] = news


def with_news(
    connection: Connection, work: Callable[[Connection], Result]
) -> tuple[Result, tuple[News, ...]]:
    """What the work gave, and the newest of each incident that it changed."""
    gathered: dict[str, News] = {}
    connection.info[_GATHERED] = gathered
    try:
        return work(connection), tuple(gathered.values())
    finally:
        # The connection goes back to its pool and serves others.
        connection.info.pop(_GATHERED, None)
