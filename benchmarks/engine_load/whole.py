"""The whole lifecycle of many incidents: Vigil as bootstrap builds it, with stages of no length."""

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.engine_load.plain import OUTPUTS
from benchmarks.engine_load.trivial import (
    POLICY,
    SYMPTOM,
    NoMemory,
    TrivialReasoner,
    World,
    catalogue,
    service_name,
)
from pydantic import SecretStr
from sqlalchemy import Engine as Database
from sqlalchemy import TextClause, text

from vigil.bootstrap import build
from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.engine import Engine
from vigil.integrations._clients.database import open_engine
from vigil.ports.clock import Clock
from vigil.settings import Settings

SOURCE = "alertmanager"
POLL_S = 0.05
_CLOSED = text("SELECT count(*) FROM incidents WHERE closed_at IS NOT NULL")
_OUTPUTS = text("SELECT count(*) FROM outputs")
_RIGHT = text("SELECT count(*) FROM incidents WHERE stage = 'RESOLVED' AND outcome = 'verified'")


def built(state: Path, url: str, services: int) -> Engine:
    """As bootstrap builds it, but for the parts that look, think and act."""
    state.mkdir(parents=True)
    known = catalogue(services)
    config = state / "vigil.yaml"
    config.write_text(json.dumps(known.model_dump(mode="json", exclude_defaults=True)))
    settings = Settings(
        vigil_state_dir=state, vigil_config=config, vigil_database_url=SecretStr(url)
    )
    whole = build(settings).engine
    world = World()
    parts = replace(
        whole.parts,
        catalogue=known,
        policy=POLICY,
        senses=world.senses,
        memory=NoMemory(),
        reasoner=TrivialReasoner(),
        sandbox=world.sandbox,
    )
    return replace(whole, parts=parts)


async def whole_lifecycle(engine: Engine, url: str, incidents: int) -> float:
    """Seconds from the first alert that is heard to the last incident that is closed."""
    await engine.start()
    record = open_engine(url)
    clock = engine.parts.senses.clock
    began = time.monotonic()
    await asyncio.gather(*(engine.hear(_delivery(clock, n)) for n in range(incidents)))
    while await asyncio.to_thread(_count, record, _CLOSED) < incidents:  # noqa: ASYNC110 - it is
        # seen in the record, as anybody else sees it
        await asyncio.sleep(POLL_S)
    seconds = time.monotonic() - began
    right, outputs = _count(record, _RIGHT), _count(record, _OUTPUTS)
    await engine.stop()
    if right != incidents:
        raise AssertionError(f"{incidents - right} of {incidents} incidents did not end right")
    if outputs != incidents * OUTPUTS:
        raise AssertionError(f"{outputs / incidents} outputs an incident; plain DBOS has {OUTPUTS}")
    return seconds


def _count(record: Database, query: TextClause) -> int:
    with record.connect() as connection:
        return int(connection.execute(query).scalar() or 0)


def _delivery(clock: Clock, number: int) -> Delivery:
    alert = Alert(
        source=SOURCE,
        name=SYMPTOM,
        service=service_name(number),
        status=AlertStatus.FIRING,
        fingerprint=f"{number}",
        severity=Severity.CRITICAL,
        starts_at=clock.now(),
    )
    return Delivery(source=SOURCE, alerts=(alert,))
