"""A person's word that a breaker is to be closed, kept with the newest plan that counts for it.

Kept there and not by time: a plan that was under way already and fails afterwards trips it anew.
"""

from contextlib import suppress
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import Connection, Join, func, select

from vigil.domain.breaker import ALL, Reset
from vigil.domain.identity import content_digest
from vigil.domain.incident import Stage
from vigil.domain.verdict import readable_time
from vigil.integrations.journal.chain import append_events
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.moves import get_output, put_outputs
from vigil.integrations.journal.rows import get_incident
from vigil.integrations.journal.tables import executions, outputs
from vigil.ports.journal import Decided, Note, StageOutput

_NAME = "reset-"
"""How the outputs of VERIFYING begin in which it stands, one for each breaker."""


def reset(
    connection: Connection, keys: Keys, incident_id: str, attempt: int, given: Reset
) -> Decided:
    """The caller's transaction holds the incident's row from here on."""
    get_incident(connection, incident_id, to_change=True)
    if not _was_executed(connection, incident_id, attempt):
        text = f"attempt {attempt} on incident {incident_id} was never executed: it trips nothing"
        return Decided(won=False, text=text, approval=None)
    name = _name(given.breaker)
    before = get_output(connection, incident_id, attempt, Stage.VERIFYING, name)
    if before is not None:
        first = Reset.model_validate_json(before)
        text = f"{first.by} reset {first.breaker} at {readable_time(first.at)}"
        return Decided(won=False, text=text, approval=None)
    output = StageOutput(
        incident=incident_id,
        attempt=attempt,
        stage=Stage.VERIFYING,
        name=name,
        json_text=given.model_dump_json(),
    )
    put_outputs(connection, [output])
    note = Note(
        kind="breaker_reset",
        payload={"breaker": given.breaker, "by": given.by, "why": given.why},
    )
    append_events(connection, keys, incident_id, [note], given.at)
    return Decided(won=True, text=f"{given.breaker} was reset by {given.by}", approval=None)


def resets_since(connection: Connection, since: datetime) -> dict[tuple[str, int], tuple[str, ...]]:
    """The breakers that were reset, by incident and attempt of the plan that it is kept with.

    A word that cannot be read resets nothing, and hides no other one.
    """
    query = select(outputs.c.incident, outputs.c.attempt, outputs.c.json_text).select_from(
        _kept_with_plans()
    )
    query = query.where(executions.c.at >= since, outputs.c.name.startswith(_NAME))
    found: dict[tuple[str, int], tuple[str, ...]] = {}
    for row in connection.execute(query):
        place = (row.incident, row.attempt)
        with suppress(ValidationError):
            given = Reset.model_validate_json(row.json_text)
            found[place] = (*found.get(place, ()), given.breaker)
    return found


def all_reset_at(connection: Connection, since: datetime) -> datetime | None:
    """When the newest plan was begun up to which the breaker of all plans was reset."""
    query = select(func.max(executions.c.at)).select_from(_kept_with_plans())
    query = query.where(executions.c.at >= since, outputs.c.name == _name(ALL))
    newest: datetime | None = connection.execute(query).scalar_one()
    return newest


def _was_executed(connection: Connection, incident_id: str, attempt: int) -> bool:
    those = (executions.c.incident == incident_id) & (executions.c.attempt == attempt)
    return connection.execute(select(executions.c.at).where(those)).one_or_none() is not None


def _kept_with_plans() -> Join:
    return executions.join(
        outputs,
        (outputs.c.incident == executions.c.incident)
        & (outputs.c.attempt == executions.c.attempt)
        & (outputs.c.stage == Stage.VERIFYING),
    )


def _name(breaker: str) -> str:
    """A digest, as a breaker's name may be longer than an output's."""
    return f"{_NAME}{content_digest(breaker).removeprefix('sha256:')[:32]}"
