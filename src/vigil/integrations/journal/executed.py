"""What was executed lately, put together from what each stage recorded."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, and_, exists, func, select

from vigil.domain.executed import LONGEST, Executed
from vigil.domain.incident import Stage
from vigil.domain.proof import Outcome
from vigil.integrations.journal.documents import said
from vigil.integrations.journal.recurrences import NAME as RECURRENCE
from vigil.integrations.journal.resets import all_reset_at, resets_since
from vigil.integrations.journal.tables import executions, incidents, outputs

MOST = 1000
"""How many are given; nothing that counts them counts further."""

_RULES = TypeAdapter(tuple[str, ...])
_UNREADABLE = {"outcome": Outcome.NOT_FIXED, "proven_at": None, "interrupted": False}
"""What a proof counts as that cannot be read: one that failed."""

_FIRST, _LAST, _PLAN, _PROOF, _BACK = (
    outputs.alias(name) for name in ("first_words", "last_words", "plans", "proofs", "recurrences")
)
_STAGES = (
    (_FIRST, Stage.SYNTHESIZING, "verdict"),
    (_LAST, Stage.EXECUTING, "verdict"),
    (_PLAN, Stage.SYNTHESIZING, "output"),
    (_PROOF, Stage.VERIFYING, "output"),
    (_BACK, Stage.VERIFYING, RECURRENCE),
)


def executions_since(connection: Connection, since: datetime, besides: str) -> int:
    """How many attempts came to be executed, those on one incident left out.

    Once their breaker was reset, what was begun up to then counts no more, nor does its undo.
    """
    those = (executions.c.at >= since) & (executions.c.incident != besides)
    reset_at = all_reset_at(connection, since - LONGEST)
    if reset_at is not None:
        before = executions.alias("before")
        of_same = before.c.incident == executions.c.incident
        those &= ~exists().where(of_same, before.c.at <= reset_at)
    query = select(func.count()).select_from(executions).where(those)
    return connection.execute(query).scalar_one()


def executed_since(connection: Connection, since: datetime, besides: str) -> tuple[Executed, ...]:
    """The newest first, those on one incident left out; the undo of a plan is not one of them."""
    joined = executions.join(incidents, incidents.c.id == executions.c.incident)
    for table, stage, name in _STAGES:
        same = and_(
            table.c.incident == executions.c.incident,
            table.c.attempt == executions.c.attempt,
            table.c.stage == stage,
            table.c.name == name,
        )
        # Without a plan of its own it is an undo; the others may be missing.
        joined = joined.join(table, same, isouter=table is not _PLAN)
    query = (
        select(
            executions.c.incident,
            executions.c.attempt,
            executions.c.at,
            incidents.c.service,
            func.coalesce(
                said(connection, _LAST.c.json_text, "policy_rules"),
                said(connection, _FIRST.c.json_text, "policy_rules"),
            ).label("policy_rules"),
            said(connection, _PLAN.c.json_text, "plan", "runbook").label("runbook"),
            said(connection, _PROOF.c.json_text, "outcome").label("outcome"),
            said(connection, _PROOF.c.json_text, "decided_at").label("proven_at"),
            said(connection, _PROOF.c.json_text, "interrupted").label("interrupted"),
            said(connection, _BACK.c.json_text, "incident").label("came_back_as"),
            said(connection, _BACK.c.json_text, "at").label("back_at"),
        )
        .select_from(joined)
        .where(executions.c.at >= since, executions.c.incident != besides)
        .order_by(executions.c.at.desc(), executions.c.incident)
        .limit(MOST)
    )
    reset = resets_since(connection, since)
    return tuple(
        _told(dict(row), reset.get((row["incident"], row["attempt"]), ()))
        for row in connection.execute(query).mappings()
    )


def _told(row: dict[str, Any], resets: tuple[str, ...]) -> Executed:
    """One such row that is odd must not keep the gate from judging all the others."""
    rules, interrupted = _rules(row["policy_rules"]), row["interrupted"] or False
    row |= {"policy_rules": rules, "interrupted": interrupted, "resets": resets}
    back_at = row.pop("back_at")
    if row["came_back_as"] is not None:
        row |= {"outcome": Outcome.NOT_FIXED, "proven_at": back_at}
    try:
        return Executed.model_validate(row)
    except ValidationError:
        return Executed.model_validate(row | _UNREADABLE)


def _rules(text: str | None) -> tuple[str, ...]:
    """Which fired; none where that cannot be read."""
    try:
        return _RULES.validate_json(text or "[]")
    except ValidationError:
        return ()
