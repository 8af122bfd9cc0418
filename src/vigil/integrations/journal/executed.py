"""What was executed lately, put together from what each stage recorded."""

import json
from datetime import datetime

from sqlalchemy import JSON, Column, ColumnElement, Connection, and_, cast, select, type_coerce

from vigil.domain.executed import Executed
from vigil.domain.incident import Stage
from vigil.integrations.journal.tables import executions, incidents, outputs

MOST = 1000
"""How many are given; nothing that counts them counts further."""

_VERDICT, _PLAN, _PROOF = (outputs.alias(name) for name in ("verdicts", "plans", "proofs"))
_STAGES = (
    (_VERDICT, Stage.SYNTHESIZING, "verdict"),
    (_PLAN, Stage.SYNTHESIZING, "output"),
    (_PROOF, Stage.VERIFYING, "output"),
)


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
        # Without a plan of its own it is an undo; the other two may be missing.
        joined = joined.join(table, same, isouter=table is not _PLAN)
    query = (
        select(
            executions.c.incident,
            executions.c.at,
            incidents.c.service,
            _said(connection, _VERDICT.c.json_text, "policy_rules").label("policy_rules"),
            _said(connection, _PLAN.c.json_text, "plan", "runbook").label("runbook"),
            _said(connection, _PROOF.c.json_text, "outcome").label("outcome"),
        )
        .select_from(joined)
        .where(executions.c.at >= since, executions.c.incident != besides)
        .order_by(executions.c.at.desc(), executions.c.incident)
        .limit(MOST)
    )
    rows = (dict(row) for row in connection.execute(query).mappings())
    return tuple(
        Executed.model_validate({**row, "policy_rules": json.loads(row["policy_rules"] or "[]")})
        for row in rows
    )


def _said(connection: Connection, column: Column[str], *path: str) -> ColumnElement[str]:
    """One value of a recorded document, taken out by the database: documents are long."""
    in_postgresql = connection.dialect.name == "postgresql"
    # To SQLite a document is the text that it is.
    document = cast(column, JSON) if in_postgresql else type_coerce(column, JSON)
    said: ColumnElement[str] = document[path].as_string()
    return said
