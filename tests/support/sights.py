"""The record and the runners' ledger, looked at from outside and read-only."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError

STAGES = (
    "TRIGGERED",
    "INVESTIGATING",
    "HYPOTHESIS_RECEIVED",
    "CONTEXT_RETRIEVED",
    "SYNTHESIZING",
    "EXECUTING",
    "VERIFYING",
)
CLOSING = "closing"
"""How it ends is on record, and the segment that closes has not done so yet."""
LOCKED_OUT = "waiting for locks"
ANY = "any"
"""Wherever it is."""

_OPEN = text(
    "SELECT id, service, stage, waiting_on, plan_digest, claimed_by, EXISTS ("
    "SELECT 1 FROM outputs WHERE incident = id AND name = 'ending') AS ends "
    "FROM incidents WHERE closed_at IS NULL"
)
_ALL = text("SELECT id, service, stage, outcome, attempt, opened_at, closed_at FROM incidents")
_SPANS = text(
    "SELECT incident, service, kind, at FROM events JOIN incidents ON id = incident "
    "WHERE kind IN ('baseline', 'proof') ORDER BY incident, seq"
)
_CLAIM = text("SELECT claim FROM incidents WHERE id = :incident")
_PROCESS = text("SELECT pid FROM workers WHERE id = :worker")


@dataclass(frozen=True)
class Open:
    """An incident that is not closed."""

    id: str
    service: str
    place: str
    """Its stage, that it is about to be closed, or that it waits for what others hold."""
    plan: str | None
    worker: str | None
    waiting: bool = False
    """For a person, or for what others hold."""


@dataclass(frozen=True)
class UnderWay:
    """An effect that was begun and is not on record as done."""

    plan: str
    verb: str
    what: str
    """What it is done to: a process, or the release that is switched to."""


@dataclass(frozen=True)
class Sight:
    """One look."""

    incidents: tuple[Open, ...]
    effects: tuple[UnderWay, ...]

    @property
    def places(self) -> dict[str, int]:
        """How many incidents are where."""
        return dict(Counter(each.place for each in self.incidents))

    def doing(self, effect: UnderWay) -> Open | None:
        """The incident whose plan an effect belongs to."""
        return next((each for each in self.incidents if each.plan == effect.plan), None)


@dataclass(frozen=True)
class Told:
    """An incident as the record has it."""

    id: str
    service: str
    stage: str
    outcome: str | None
    attempt: int
    closed: bool

    @property
    def healed(self) -> bool:
        """Proven, at the first try."""
        return (self.stage, self.outcome, self.attempt) == ("RESOLVED", "verified", 1)


@dataclass(frozen=True)
class Span:
    """From the last look before acting to the proof: what the locks are for."""

    incident: str
    service: str
    begin: float
    end: float


class Outside:
    """A record and a ledger that somebody else writes."""

    def __init__(self, state: Path, database_url: str | None) -> None:
        if database_url is None:
            self._record = _file(state / "vigil.sqlite")
            self._ledger = _file(state / "runner.sqlite")
        else:
            url = make_url(database_url).set(drivername="postgresql+psycopg")
            self._record = self._ledger = create_engine(
                url, isolation_level="AUTOCOMMIT", pool_pre_ping=True
            )
        self._effects = _effects_query(self._ledger)

    def close(self) -> None:
        self._record.dispose()
        self._ledger.dispose()

    @contextmanager
    def looking(self) -> Iterator["Looking"]:
        """Look as often as one likes, over the same connections."""
        with self._record.connect() as record, self._ledger.connect() as ledger:
            yield Looking(record, ledger, self._effects)

    def look(self) -> Sight:
        """Look once."""
        with self.looking() as looking:
            return looking.look()

    def told(self) -> tuple[Told, ...]:
        """All incidents, oldest first."""
        with self._record.connect() as record:
            rows = sorted(record.execute(_ALL).all(), key=lambda row: str(row.opened_at))
        return tuple(
            Told(r.id, r.service, r.stage, r.outcome, r.attempt, r.closed_at is not None)
            for r in rows
        )

    def spans(self) -> tuple[Span, ...]:
        """Every act..verify that came to its end."""
        with self._record.connect() as record:
            rows = record.execute(_SPANS).all()
        return tuple(
            Span(before.incident, before.service, _seconds(before.at), _seconds(after.at))
            for before, after in pairwise(rows)
            if (before.kind, after.kind) == ("baseline", "proof")
            and before.incident == after.incident
        )

    def claim(self, incident: str) -> int:
        """How often a run of a segment has taken it up."""
        with self._record.connect() as record:
            return int(record.execute(_CLAIM, {"incident": incident}).scalar() or 0)

    def process_of(self, worker: str | None) -> int:
        """The process of a worker; 0 when nobody knows it."""
        with self._record.connect() as record:
            return int(record.execute(_PROCESS, {"worker": worker}).scalar() or 0)


class Looking:
    """Connections that are kept while somebody waits for an instant."""

    def __init__(self, record: Connection, ledger: Connection, effects: str) -> None:
        self._record = record
        self._ledger = ledger
        self._effects = text(effects)

    def look(self) -> Sight:
        under_way = tuple(_effect(row) for row in self._ledger.execute(self._effects))
        incidents = tuple(_open(row) for row in self._record.execute(_OPEN))
        return Sight(incidents, under_way)


def _file(path: Path) -> Engine:
    # Without transactions of its own: a look must never be a snapshot of an earlier one.
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    return create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"timeout": 10})


def _effects_query(ledger: Engine) -> str:
    """The runner's tables are named for it where they are not in a file of their own."""
    for table in ("runner_effects", "effects"):
        query = f"SELECT key, call FROM {table} WHERE done_at IS NULL"  # noqa: S608 - our own names
        try:
            with ledger.connect() as connection:
                connection.execute(text(query)).all()
        except (OperationalError, ProgrammingError):
            continue
        return query
    raise LookupError("the runner has no table of effects; has it been started?")


def _effect(row: Any) -> UnderWay:  # noqa: ANN401 - a row of a query written as text
    call = row.call if isinstance(row.call, dict) else json.loads(row.call)
    # PLAN:ACTION:PLACE, and a plan's digest has a colon of its own.
    plan = row.key.rsplit(":", 2)[0]
    return UnderWay(plan=plan, verb=call["verb"], what=call["arguments"][0])


def _open(row: Any) -> Open:  # noqa: ANN401 - a row of a query written as text
    place = CLOSING if row.ends else LOCKED_OUT if row.waiting_on == "locks" else row.stage
    waits = row.waiting_on is not None
    return Open(row.id, row.service, place, row.plan_digest, row.claimed_by, waits)


def _seconds(at: str | datetime) -> float:
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return moment.timestamp()


def overlapping(spans: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Pairs of different incidents whose spans have some time in common."""
    ordered = sorted(spans, key=lambda span: span.begin)
    for number, one in enumerate(ordered):
        for other in ordered[number + 1 :]:
            if other.begin >= one.end:
                break
            if other.incident != one.incident:
                yield one, other
