"""Many incidents that wait for a person: what they cost at rest and at a restart, and how soon an
approved one goes on.

One real incident comes to its question in a real Vigil. The others are written by the journal
itself from what that one left on record, each under its own name, with its own plan, its own
timeline and an unbroken chain of its own.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from benchmarks.engine_load.figures import cpu_s, spread_ms
from benchmarks.engine_load.memory import Memory, watched
from benchmarks.measuring import progress
from sqlalchemy import select
from tests.support.plant.owner import Plant, running_plant
from tests.support.plant.works import Fault
from tests.support.record import Record, open_record
from tests.support.sights import Open, Outside
from tests.support.vigils import Vigils, at_work, until

from vigil.decide.synthesize import Synthesis
from vigil.domain.alert import Alert, AlertStatus, Delivery, Severity
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.integrations.journal.tables import outputs
from vigil.ports.inbox import Arrival, MappedAlert
from vigil.ports.journal import Note, StageOutput
from vigil.story.recorded import OUTPUT

BATCH = 200
"""Alerts that are taken in with one transaction."""
SELDOM_S = 3600.0
"""The watcher looks once, and takes nothing back while it is measured."""
SETTLED_S = 20.0
ASKED_S = 60.0
RESUMED_S = 30.0
POLL_S = 0.002


@dataclass(frozen=True)
class Original:
    """What the one that really came to its question left on record."""

    incident: Incident
    outputs: tuple[StageOutput, ...]
    notes: tuple[Note, ...]

    def copy(self, opened: Incident) -> tuple[Incident, list[StageOutput], list[Note]]:
        """The same for another incident: its id, and so the digest of its plan, are its own."""
        texts = [each.json_text.replace(self.incident.id, opened.id) for each in self.outputs]
        plans = (
            Synthesis.model_validate_json(text).plan
            for each, text in zip(self.outputs, texts, strict=True)
            if each.stage is Stage.SYNTHESIZING and each.name == OUTPUT
        )
        digest = next(plan.digest for plan in plans if plan is not None)
        old = str(self.incident.plan_digest)
        waiting = opened.model_copy(
            update={
                "stage": Stage.SYNTHESIZING,
                "waiting_on": WaitingOn.APPROVAL,
                "plan_digest": digest,
                "expires_at": self.incident.expires_at,
            }
        )
        copied = [
            each.model_copy(update={"incident": opened.id, "json_text": text.replace(old, digest)})
            for each, text in zip(self.outputs, texts, strict=True)
        ]
        return waiting, copied, [self._told(note, opened.id, old, digest) for note in self.notes]

    def _told(self, note: Note, incident: str, old: str, digest: str) -> Note:
        text = note.model_dump_json().replace(self.incident.id, incident).replace(old, digest)
        return Note.model_validate_json(text)


def waiting(database_url: str | None, wanted: int, approvals: int) -> dict[str, Any]:
    """Fill a record, start Vigil on it, and approve some."""
    with running_plant(services=1, hubs=0) as plant:
        (service,) = plant.layout.names
        plant.layout.write_configuration(asks=True)
        with _vigils(plant, database_url) as vigils:
            _come_to_the_question(plant, vigils, service)
        plant.mend(service)
        plant.layout.write_configuration(asks=True, looks_every_s=SELDOM_S)
        began = time.monotonic()
        asyncio.run(_fill(open_record(vigils.state, database_url), wanted))
        progress(f"{wanted} incidents wait, written in {time.monotonic() - began:.0f} s")
        again = Vigils(plant.layout, database_url)
        try:
            again.serve.start()
            with watched(again.serve.pid) as memory:
                ready_s = again.wait_ready()
                told = {
                    "waiting": wanted,
                    "restart_to_ready_s": round(ready_s, 2),
                    **_at_rest(memory),
                    **_approve(again, approvals),
                }
            return told | {"most_mb": memory.most_mb, "most_mb_by_program": memory.by_program}
        finally:
            again.end()


@contextmanager
def _vigils(plant: Plant, database_url: str | None) -> Iterator[Vigils]:
    with at_work(Vigils(plant.layout, database_url)) as vigils:
        yield vigils


def _come_to_the_question(plant: Plant, vigils: Vigils, service: str) -> None:
    outside = Outside(vigils.state, vigils.database_url)
    plant.break_({service: Fault.DOWN})

    def asked() -> bool:
        return any(each.place == "SYNTHESIZING" for each in outside.look().incidents)

    until(asked, "the first question", ASKED_S)
    # The stage is entered a little before the plan waits.
    until(lambda: all(each.plan for each in outside.look().incidents), "the plan", ASKED_S)
    outside.close()


# --- filling the record -----------------------------------------------------------------------


async def _fill(record: Record, wanted: int) -> None:
    """So many that wait, the original among them."""
    (incident,) = await record.journal.incidents(1, only_open=True)
    original = Original(incident, _outputs(record, incident.id), await _notes(record, incident.id))
    numbers = range(1, wanted)
    for first in range(0, len(numbers), BATCH):
        for opened in await _open(record, incident, numbers[first : first + BATCH]):
            waits, left, told = original.copy(opened)
            expected = (opened.stage, opened.attempt)
            at = opened.opened_at + timedelta(seconds=1)
            await record.journal.commit(
                incident=waits, expected=expected, now=at, outputs=left, notes=told
            )
    for following in await record.journal.due(wanted):
        await record.journal.mark(following)
    record.engine.dispose()


def _outputs(record: Record, incident: str) -> tuple[StageOutput, ...]:
    with record.engine.connect() as connection:
        rows = connection.execute(select(outputs).where(outputs.c.incident == incident)).mappings()
        return tuple(StageOutput.model_validate(dict(row)) for row in rows)


async def _notes(record: Record, incident: str) -> tuple[Note, ...]:
    """Everything that was told after it was opened."""
    events = await record.journal.events(incident, after=1)
    return tuple(Note(kind=event.kind, payload=event.payload or {}) for event in events)


async def _open(record: Record, like: Incident, numbers: Sequence[int]) -> list[Incident]:
    """New incidents of the same service, each of a symptom of its own."""
    alerts = [_alert(like, number) for number in numbers]
    deliveries = [Delivery(source=alert.source, alerts=(alert,)) for alert in alerts]
    written = await record.inbox.write_down(deliveries, like.opened_at)
    arrivals = [
        Arrival(
            number=number,
            source=alert.source,
            at=like.opened_at,
            alerts=(_claim(like, alert),),
        )
        for number, alert in zip(written, alerts, strict=True)
        if isinstance(number, int)
    ]
    taken = await record.inbox.receive(arrivals)
    joined = [each.incident for taken_in in taken for each in taken_in.joined]
    return [incident for incident in joined if incident is not None]


def _alert(like: Incident, number: int) -> Alert:
    return Alert(
        source="alertmanager",
        name=f"broken-{number}",
        service=like.service,
        status=AlertStatus.FIRING,
        fingerprint=f"waiting-{number}",
        severity=Severity.CRITICAL,
        starts_at=like.opened_at,
    )


def _claim(like: Incident, alert: Alert) -> MappedAlert:
    return MappedAlert(
        alert=alert,
        service=like.service,
        symptom=alert.name,
        title=like.title,
        new_id=f"{like.id}-{alert.name}",
    )


# --- measuring --------------------------------------------------------------------------------


def _at_rest(memory: Memory) -> dict[str, Any]:
    """What a Vigil costs that has nothing to do but to wait."""
    ready_mb = memory.now_mb()
    before = cpu_s(memory.pid)
    time.sleep(SETTLED_S)
    return {
        "ready_mb": ready_mb,
        "at_rest_mb": memory.now_mb(),
        "cpu_share_at_rest": round((cpu_s(memory.pid) - before) / SETTLED_S, 3),
    }


def _approve(vigils: Vigils, approvals: int) -> dict[str, Any]:
    """From a person's word to the moment at which the next segment has begun."""
    outside = Outside(vigils.state, vigils.database_url)
    waits = [each for each in outside.look().incidents if each.plan]
    answered: list[float] = []
    resumed: list[float] = []
    for one in waits[:: max(1, len(waits) // approvals)][:approvals]:
        began = time.monotonic()
        _approve_one(vigils, one)
        answered.append(time.monotonic() - began)
        while outside.claim(one.id) == 0:
            if time.monotonic() - began > RESUMED_S:
                raise TimeoutError(f"{one.id} did not go on within {RESUMED_S:.0f} s")
            time.sleep(POLL_S)
        resumed.append(time.monotonic() - began)
    outside.close()
    return {"answered": spread_ms(answered), "resumed": spread_ms(resumed)}


def _approve_one(vigils: Vigils, one: Open) -> None:
    body = {"plan_digest": one.plan, "by": "a person"}
    status, told = vigils.client.post(f"/api/incidents/{one.id}/approve", body)
    if status != HTTPStatus.OK:
        raise AssertionError(f"{one.id}: {status} {json.dumps(told)}")
