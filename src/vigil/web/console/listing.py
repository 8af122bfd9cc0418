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


class Listing:
    """The list, again and again; what each plan that waits would do is read once.

    A plan of the same digest is the same plan. Only what was listed last is remembered.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wishes: dict[str, str | None] = {}

    async def groups(self) -> tuple[Group, ...]:
        """Only groups that have something in them, the most urgent first."""
        now = self._engine.now()
        found = {one.id: one for one in await self._engine.incidents(MOST, only_open=True)}
        found |= {one.id: one for one in await self._engine.incidents(MOST)}
        by_standing: dict[Standing, list[Incident]] = {one: [] for one in Standing}
        for incident in sorted(found.values(), key=lambda one: one.opened_at, reverse=True):
            by_standing[standing(incident, now)].append(incident)
        wishes = await self._read_wishes(by_standing[Standing.WAITS][:MOST_SUMMARIES])
        return tuple(
            Group(whose, NAMES[whose], tuple(Row(one, whose, wishes.get(one.id)) for one in some))
            for whose, some in by_standing.items()
            if some
        )

    async def _read_wishes(self, waiting: list[Incident]) -> dict[str, str | None]:
        """By incident."""
        wishes = {
            one.id: self._wishes.get(one.plan_digest or "") or await self._read_wish(one)
            for one in waiting
        }
        self._wishes = {one.plan_digest: wishes[one.id] for one in waiting if one.plan_digest}
        return wishes

    async def _read_wish(self, incident: Incident) -> str | None:
        judged = await self._engine.judged(incident.id)
        return judged.plan.summary if judged else None
