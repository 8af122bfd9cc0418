"""A locked database right after a harmless release: the look-alike of a bad one (about 1 min).

Real processes throughout: nginx, PostgreSQL, Redis, the shop, Vigil, its runner and its sandboxes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from vigil.cli.rehearsal.rehearsal import Rehearsal
from vigil.cli.rehearsal.run import Run
from vigil.lab.scenario import choose, load_scenarios

pytestmark = [pytest.mark.lab, pytest.mark.takes(55), pytest.mark.timeout(300)]

WITH_HARMLESS_RELEASE = 8
"""A seed for which a harmless release goes out a moment before the database is locked."""


@dataclass(frozen=True)
class LookAlike:
    """One scenario that has no cure yet, as Vigil and the lab saw it."""

    run: Run
    database: str
    sources: list[str]
    incidents: int
    catalogue_unchanged: bool


@pytest.fixture(scope="module")
def look_alike() -> Iterator[LookAlike]:
    said: list[str] = []
    with Rehearsal(WITH_HARMLESS_RELEASE, said.append) as rehearsal:
        before = rehearsal.lab.files.catalogue.read_bytes()
        run = rehearsal.run(choose(load_scenarios(), "database-locked"), lambda _: None)
        yield LookAlike(
            run=run,
            database=rehearsal.lab.config.names.database,
            sources=run.watching.sources,
            incidents=len(rehearsal.serve.client.get("/api/incidents", limit=50)["incidents"]),
            catalogue_unchanged=rehearsal.lab.files.catalogue.read_bytes() == before,
        )


def test_a_locked_database_is_escalated_and_not_taken_for_a_bad_release(
    look_alike: LookAlike,
) -> None:
    watching = look_alike.run.watching
    assert (watching.incident["stage"], watching.outcome) == ("ESCALATED", "not_executed")
    found = {e["finding"] for e in watching.payloads("evidence")}
    assert "release_recent" in found, "the harmless release was seen"
    assert watching.rank_of("database_lock", look_alike.database) == 1
    assert look_alike.run.complaints == ()
    assert look_alike.run.judge_agrees


def test_the_person_is_given_the_evidence(look_alike: LookAlike) -> None:
    watching = look_alike.run.watching
    closed = watching.last("closed")
    assert closed is not None
    assert f"Sessions of {look_alike.database} wait for a lock" in closed["text"]
    evidence = {e["finding"]: e["text"] for e in watching.payloads("evidence")}
    for finding in ("symptom_failing", "database_lock"):
        assert evidence[finding] in closed["look_next"]


def test_nothing_was_done_to_the_shop(look_alike: LookAlike) -> None:
    assert look_alike.run.watching.actions_executed == 0
    assert look_alike.run.touched == 0
    assert look_alike.run.watching.last("planned") is None


def test_heard_of_from_all_three_it_is_one_incident(look_alike: LookAlike) -> None:
    assert set(look_alike.sources) == {"watch", "alertmanager", "pagerduty"}
    assert look_alike.incidents == 1


def test_breaking_the_shop_leaves_no_hint_in_the_catalogue(look_alike: LookAlike) -> None:
    assert look_alike.catalogue_unchanged
