"""Fifteen times kill -9 while several incidents are under way at once, on each database.

Six services are broken together; some of their locks overlap. The kills fall into every stage and
between call and record of each kind of effect. What was done is counted at the plant, a process of
its own. `benchmarks/durability.py` does the same for longer.
"""

from random import Random

import pytest
from tests.support.databases import PostgresServer
from tests.support.plant.works import Fault
from tests.support.siege import EFFECTS, PLACES, Besieged, Siege, aims, besieged

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

KILLS = 15
SERVICES, HUBS = 6, 4
SEED = 4


def assert_nothing_lost_or_done_twice(place: Besieged) -> None:
    chance = Random(SEED)  # noqa: S311 - variety that a seed brings back
    names = place.plant.layout.names
    faults = {name: (Fault.RELEASE, Fault.DOWN)[n % 2] for n, name in enumerate(names)}
    done = Siege(place, chance).round(faults, aims(chance, KILLS, (*PLACES, *EFFECTS)))
    assert done.wrong == []
    assert (done.incidents, done.healed) == (SERVICES, SERVICES)
    assert len(done.strikes) == KILLS, done.missed
    # A stage that is over in some milliseconds is not hit each time; these last.
    assert done.hits() >= {"INVESTIGATING", "EXECUTING", "VERIFYING", *EFFECTS}
    audit = place.vigils.audit()
    assert audit["verified"], audit


def test_killed_fifteen_times_on_sqlite() -> None:
    with besieged(SERVICES, HUBS) as place:
        assert_nothing_lost_or_done_twice(place)


def test_killed_fifteen_times_on_postgres(postgres_server: PostgresServer) -> None:
    with (
        postgres_server.database() as url,
        besieged(SERVICES, HUBS, url, workers=2) as place,
    ):
        assert_nothing_lost_or_done_twice(place)
