"""What incidents have cost, from what each attempt recorded of its synthesis."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from pydantic import ValidationError
from sqlalchemy import Connection, select

from vigil.domain.cost import NOTHING, Cost, Spent
from vigil.domain.incident import Stage
from vigil.integrations.journal.documents import said
from vigil.integrations.journal.tables import incidents, outputs

_FIELDS = ("tokens_in", "tokens_out", "money")


def spent_since(connection: Connection, since: datetime) -> tuple[Spent, ...]:
    """Of each incident that was open at some time since then, and has cost anything."""
    costs = [said(connection, outputs.c.json_text, "cost", name).label(name) for name in _FIELDS]
    query = (
        select(outputs.c.incident, incidents.c.service, *costs)
        .select_from(outputs.join(incidents, incidents.c.id == outputs.c.incident))
        .where(
            incidents.c.closed_at.is_(None) | (incidents.c.closed_at >= since),
            outputs.c.stage == Stage.SYNTHESIZING,
            outputs.c.name == "output",
        )
        .order_by(outputs.c.incident)
    )
    rows = connection.execute(query).mappings()
    return tuple(_summed(dict(row) for row in rows))


def _summed(rows: Iterator[dict[str, str | None]]) -> Iterator[Spent]:
    for incident, attempts in groupby(rows, key=lambda row: row["incident"]):
        known = list(attempts)
        cost = _sum([_cost(row) for row in known])
        if cost != NOTHING:
            yield Spent.model_validate(
                {"incident": incident, "service": known[0]["service"], "cost": cost}
            )


def _sum(attempts: Sequence[Cost | None]) -> Cost | None:
    """Of all attempts; None where one of them cannot be read."""
    costs = [each for each in attempts if each is not None]
    return sum(costs, start=NOTHING) if len(costs) == len(attempts) else None


def _cost(row: dict[str, str | None]) -> Cost | None:
    """Nothing where an older version wrote it; None where it cannot be read.

    One such row must not keep the gate from judging all the other incidents.
    """
    try:
        return Cost.model_validate({name: row[name] for name in _FIELDS if row[name] is not None})
    except ValidationError:
        return None
