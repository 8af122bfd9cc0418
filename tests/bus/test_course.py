"""The course of an incident as the API shows it: read once a version, and never out of date."""

from pathlib import Path

import pytest
from tests.support.record import at, erase_payloads
from tests.web.house import BEARER, House, served

from vigil.domain.incident import Stage
from vigil.domain.timeline import Event
from vigil.integrations.bus.embedded import EmbeddedBus
from vigil.ports.journal import Note
from vigil.story.progress import Progress


async def stages(house: House, incident_id: str) -> dict[str, float]:
    answer = await house.client.get(f"/api/incidents/{incident_id}", headers=BEARER)
    assert answer.status_code == 200
    found: dict[str, float] = answer.json()["stages"]
    return found


async def test_it_is_read_once_for_each_version_and_time_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    async with served(tmp_path, EmbeddedBus(lambda: 0.0, alone=True)) as house:
        journal = house.record.journal
        events = journal.events

        async def counted(incident_id: str, after: int = 0) -> tuple[Event, ...]:
            nonlocal reads
            reads += 1
            return await events(incident_id, after)

        monkeypatch.setattr(journal, "events", counted)
        incident, _ = await house.waiting()
        before = await stages(house, incident.id)
        house.clock.advance(5)
        after = await stages(house, incident.id)
        assert list(before) == list(after)
        assert after["SYNTHESIZING"] == before["SYNTHESIZING"] + 5
        assert reads == 1

        await journal.append(incident.id, [Note(kind="n")], house.clock.now())
        assert await stages(house, incident.id) == after
        assert reads == 2


async def test_what_happened_since_shows_at_once_and_what_was_erased_does_not(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, EmbeddedBus(lambda: 0.0, alone=True)) as house:
        incident, _ = await house.waiting()
        assert list(await stages(house, incident.id))[-1] == Stage.SYNTHESIZING
        moved = Progress(incident, 1, house.record.journal, house.clock)
        await moved.enter(Stage.EXECUTING)
        assert list(await stages(house, incident.id))[-1] == Stage.EXECUTING
        erase_payloads(house.record, incident.id, at(99))
        assert list(await stages(house, incident.id)) == [Stage.TRIGGERED]
