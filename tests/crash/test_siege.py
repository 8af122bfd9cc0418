"""Fifteen times kill -9 while several incidents are under way at once, on SQLite.

Six services are broken together; some of their locks overlap. What was done is counted at the
plant, a process of its own. That each stage and each effect is hit is `test_kill.py`'s to show, one
incident at a time. `benchmarks/durability.py` does this for longer, and with three workers on
PostgreSQL, where each kill costs a lease of 30 s.
"""

from random import Random

import pytest
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
    # What is over in some milliseconds is not hit each time, nor when everything is over.
    assert len(done.strikes) >= KILLS - 3, done.missed
    assert done.hits() >= {"INVESTIGATING", "EXECUTING", "VERIFYING"}
    audit = place.vigils.audit()
    assert audit["verified"], audit


def test_killed_fifteen_times_on_sqlite() -> None:
    with besieged(SERVICES, HUBS) as place:
        assert_nothing_lost_or_done_twice(place)
