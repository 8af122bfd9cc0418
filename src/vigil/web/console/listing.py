"""The list of incidents: what waits for a person first, then what is open, then the rest."""

from dataclasses import dataclass

from vigil.domain.incident import Incident
from vigil.engine import Engine
from vigil.web.console.headline import NAMES, Standing, standing

MOST = 200
"""Open ones, and newest ones, on one page."""
MOST_SUMMARIES = 20
"""Plans that are read for the list; more incidents that wait are listed without."""


@dataclass(frozen=True)
class Row:
    """One incident, and what its plan would do when it waits for an answer."""

    incident: Incident
    standing: Standing
    wish: str | None = None


@dataclass(frozen=True)
class Group:
    """Incidents of one standing, newest first."""

    standing: Standing
    name: str
    rows: tuple[Row, ...]


async def groups(engine: Engine) -> tuple[Group, ...]:
    """Only groups that have something in them, the most urgent first."""
    now = engine.parts.senses.clock.now()
    found = {one.id: one for one in await engine.incidents(MOST, only_open=True)}
    found |= {one.id: one for one in await engine.incidents(MOST)}
    by_standing: dict[Standing, list[Incident]] = {one: [] for one in Standing}
    for incident in sorted(found.values(), key=lambda one: one.opened_at, reverse=True):
        by_standing[standing(incident, now)].append(incident)
    return tuple(
        [
            Group(whose, NAMES[whose], await _rows(engine, whose, some))
            for whose, some in by_standing.items()
            if some
        ]
    )


async def _rows(engine: Engine, whose: Standing, some: list[Incident]) -> tuple[Row, ...]:
    if whose is not Standing.WAITS:
        return tuple(Row(one, whose) for one in some)
    asked = [await _wish(engine, one) for one in some[:MOST_SUMMARIES]]
    wishes = asked + [None] * len(some)
    return tuple(Row(one, whose, wish) for one, wish in zip(some, wishes, strict=False))


async def _wish(engine: Engine, incident: Incident) -> str | None:
    judged = await engine.judged(incident.id)
    return judged.plan.summary if judged else None
