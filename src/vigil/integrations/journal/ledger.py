"""What calls of models have cost, beside the incidents that they were made for.

Each call is an output of SYNTHESIZING of attempt 0, which no run of a segment reads: it belongs to
the incident and not to one of its attempts, and goes when what the incident said is erased.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Engine, and_, select, update

from vigil.domain.cost import Allowance, Cost
from vigil.domain.incident import Stage
from vigil.domain.value import Instant, Value
from vigil.integrations._clients.database import exclusively, write
from vigil.integrations.journal.moves import put_outputs
from vigil.integrations.journal.tables import incidents, outputs
from vigil.ports.clock import Clock
from vigil.ports.journal import StageOutput

DAY = timedelta(hours=24)
NO_ATTEMPT = 0
_NAME = "call-"


class Caps(Value):
    """The most that models may cost."""

    per_incident: Allowance = Allowance()
    per_day: Allowance = Allowance()
    """All incidents together, within 24 hours."""


class _Call(Value):
    """One call: the most that it can cost, and what it did cost once that is known."""

    at: Instant
    most: Cost
    cost: Cost | None = None

    @property
    def counts(self) -> Cost:
        return self.most if self.cost is None else self.cost


class SqlLedger:
    """Fulfils ``ports.ledger.Ledger`` on the record."""

    def __init__(self, engine: Engine, caps: Caps, clock: Clock) -> None:
        self._engine = engine
        self._caps = caps
        self._clock = clock

    async def reserve(self, incident: str, most: Cost) -> str | None:
        """Look and write in one transaction, one caller after the other."""
        call = _Call(at=self._clock.now(), most=most)

        def work(connection: Connection) -> str | None:
            exclusively(connection, "ledger")
            own = _of_incident(connection, incident)
            why_not = _beyond("this incident", self._caps.per_incident, own.values(), most)
            if why_not is None and self._caps.per_day.limits:
                lately = _since(connection, call.at - DAY)
                whose = "all incidents within 24 hours"
                why_not = _beyond(whose, self._caps.per_day, lately, most)
            if why_not is None:
                put_outputs(connection, [_output(incident, len(own) + 1, call)])
            return why_not

        return await asyncio.to_thread(write, self._engine, work)

    async def settle(self, incident: str, most: Cost, cost: Cost) -> None:
        """The newest call of this incident and amount that is not settled is this one."""

        def work(connection: Connection) -> None:
            exclusively(connection, "ledger")
            for name, call in reversed(_of_incident(connection, incident).items()):
                if call is not None and call.cost is None and call.most == most:
                    settled = call.model_copy(update={"cost": cost})
                    _change(connection, incident, name, settled)
                    return

        await asyncio.to_thread(write, self._engine, work)


def _beyond(
    whose: str, allowance: Allowance, known: Iterable[_Call | None], most: Cost
) -> str | None:
    """Why one more call of that most may not be made; None while it may."""
    if not allowance.limits:
        return None
    calls = list(known)
    readable = [call.counts for call in calls if call is not None]
    if len(readable) < len(calls):
        return f"what models have cost {whose} cannot be read, so it counts as used up"
    beyond = allowance.exceeded_by(sum(readable, start=most))
    return None if beyond is None else f"the next call could bring {whose} to {beyond}"


def _of_incident(connection: Connection, incident: str) -> dict[str, _Call | None]:
    """By name, in the order in which they were made."""
    query = select(outputs.c.name, outputs.c.json_text).where(_is_call(), _of(incident))
    rows = sorted(connection.execute(query), key=lambda row: (len(row.name), row.name))
    return {row.name: _read(row.json_text) for row in rows}


def _since(connection: Connection, since: datetime) -> list[_Call | None]:
    """Of all incidents that were open at some time since then."""
    query = (
        select(outputs.c.json_text)
        .select_from(outputs.join(incidents, incidents.c.id == outputs.c.incident))
        .where(_is_call(), incidents.c.closed_at.is_(None) | (incidents.c.closed_at >= since))
    )
    known = map(_read, connection.execute(query).scalars())
    return [call for call in known if call is None or call.at > since]


def _is_call() -> ColumnElement[bool]:
    return and_(
        outputs.c.attempt == NO_ATTEMPT,
        outputs.c.stage == Stage.SYNTHESIZING,
        outputs.c.name.startswith(_NAME),
    )


def _of(incident: str) -> ColumnElement[bool]:
    return outputs.c.incident == incident


def _read(text: str) -> _Call | None:
    try:
        return _Call.model_validate_json(text)
    except ValidationError:
        return None


def _output(incident: str, number: int, call: _Call) -> StageOutput:
    return StageOutput(
        incident=incident,
        attempt=NO_ATTEMPT,
        stage=Stage.SYNTHESIZING,
        name=f"{_NAME}{number}",
        json_text=call.model_dump_json(),
    )


def _change(connection: Connection, incident: str, name: str, call: _Call) -> None:
    its = and_(_is_call(), _of(incident), outputs.c.name == name)
    connection.execute(update(outputs).where(its).values(json_text=call.model_dump_json()))
