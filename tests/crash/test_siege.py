"""Fifteen times kill -9 while several incidents are under way at once, on each database.

Six services are broken together; some of their locks overlap, and two have a database of their own
in which a session leaks. What was done is counted at the plant, a process of its own. A kill that
meets nobody counts for nothing: another one follows until fifteen have hit. That each stage and
each effect is hit is `test_kill.py`'s to show, one incident at a time, and the benchmark's:
`benchmarks/durability.py` does this for longer.
"""

from contextlib import closing
from random import Random

import pytest
from tests.support.databases import PostgresServer
from tests.support.plant.works import Fault
from tests.support.programs import postgres
from tests.support.reckoning import Round
from tests.support.siege import EFFECTS, PLACES, Besieged, Siege, aims, besieged

pytestmark = [pytest.mark.lab, pytest.mark.takes(160), pytest.mark.timeout(300)]

KILLS = 15
ROUNDS = 3
"""Broken so often at most until enough kills have hit."""
SERVICES, HUBS = 6, 4
SEED = 4


def until_killed(place: Besieged) -> list[Round]:
    """Rounds, each of which struck until there was nobody left to be struck."""
    chance = Random(SEED)  # noqa: S311 - variety that a seed brings back
    siege = Siege(place, chance)
    layout = place.plant.layout
    faults = {name: (Fault.RELEASE, Fault.DOWN)[n % 2] for n, name in enumerate(layout.names)}
    faults |= dict.fromkeys(layout.with_database, Fault.LEAK)
    done = [siege.round(faults, aims(chance, KILLS, (*PLACES, *EFFECTS)), KILLS)]
    while (left := KILLS - sum(len(each.strikes) for each in done)) > 0 and len(done) < ROUNDS:
        done.append(siege.round(faults, [], left))
    return done


def assert_nothing_lost_or_done_twice(place: Besieged) -> None:
    for done in (rounds := until_killed(place)):
        assert done.wrong == []
        assert (done.incidents, done.healed) == (SERVICES, SERVICES)
    assert sum(len(done.strikes) for done in rounds) == KILLS, [done.missed for done in rounds]
    hits = {hit for done in rounds for hit in done.hits()}
    assert hits >= {"INVESTIGATING", "EXECUTING", "VERIFYING"}
    audit = place.vigils.audit()
    assert audit["verified"], audit


def test_killed_fifteen_times_on_sqlite(postgres_server: PostgresServer) -> None:
    with besieged(SERVICES, HUBS, server=postgres_server.url()) as place:
        assert_nothing_lost_or_done_twice(place)


def test_killed_fifteen_times_on_postgres(postgres_server: PostgresServer) -> None:
    # Vigil does not act on the server that its own record is on, so the plant has another one.
    with (
        postgres_server.database() as url,
        postgres() as dsn,
        closing(PostgresServer(dsn)) as plants,
        besieged(SERVICES, HUBS, url, workers=1, server=plants.url()) as place,
    ):
        assert_nothing_lost_or_done_twice(place)
