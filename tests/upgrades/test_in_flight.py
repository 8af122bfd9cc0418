"""Incidents that a released version left in every stage are brought to their end (about 25 s).

On SQLite from each moment of the stories that act, and from the first one in each place of the
others; on PostgreSQL from the first one in each place. All records were written on SQLite; their
rows stand for those of either database.
"""

import shutil
from pathlib import Path

import pytest
from tests.support.story import Story, begin
from tests.upgrades.kept import (
    BESIDES,
    RECORDS,
    SCRIPTS,
    STAGES,
    Moment,
    find_switch,
    lacking,
    moments,
    releases,
    revision_of,
    upgrade,
    write_keys,
)
from tests.upgrades.plots import PLOTS, go_on
from tests.upgrades.rows import Tables

from vigil.cli.public_key import signature_check
from vigil.domain.audit import verify_export
from vigil.domain.plan import ActionResult
from vigil.integrations._clients.database import open_engine
from vigil.integrations.journal import export_lines

ALL = tuple(moment for release in releases() for moment in moments(RECORDS / release))
ACTING = ("healed", "undone")
FIRST_OF_PLOT = {(m.release, m.plot, m.place): m.number for m in reversed(ALL)}
ON_SQLITE = [
    m for m in ALL if m.plot in ACTING or m.number == FIRST_OF_PLOT[m.release, m.plot, m.place]
]
SAYS_MORE = "0006"
"""The revision from which on a place says more than the stage."""
FIRST_IN_PLACE = {(m.release, m.place.rpartition(" ")[0]): m for m in reversed(ALL)}.values()


@pytest.fixture(scope="module")
def old_databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An empty record of each revision: made once, copied for each moment."""
    folder = tmp_path_factory.mktemp("old")
    revisions = {moment.revision for moment in ALL}
    for revision in revisions:
        engine = open_engine(f"sqlite:///{folder / revision}")
        upgrade(engine, revision)
        engine.dispose()
    return {revision: folder / revision for revision in revisions}


@pytest.mark.parametrize("release", releases())
def test_every_place_is_among_what_was_kept(release: str) -> None:
    kept = [moment for moment in ALL if moment.release == release]
    assert not lacking(kept, STAGES)
    assert revision_of(release) < SAYS_MORE or not lacking(kept, BESIDES)


@pytest.mark.parametrize("moment", ON_SQLITE, ids=str)
async def test_it_ends_on_sqlite(
    tmp_path: Path, old_databases: dict[str, Path], moment: Moment
) -> None:
    shutil.copy(old_databases[moment.revision], tmp_path / "vigil.sqlite")
    engine = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    Tables(engine).fill(moment.rows)
    engine.dispose()
    await ends_right(moment, tmp_path, None)


@pytest.mark.parametrize("moment", FIRST_IN_PLACE, ids=str)
async def test_it_ends_on_postgres(
    tmp_path: Path, request: pytest.FixtureRequest, moment: Moment
) -> None:
    # Making the tables takes longer than all the rest; one with this version's is at hand.
    has_them = moment.revision == SCRIPTS.get_current_head()
    url = request.getfixturevalue("postgres_record_url" if has_them else "empty_postgres_url")
    engine = open_engine(url)
    if not has_them:
        upgrade(engine, moment.revision)
    Tables(engine).fill(moment.rows)
    engine.dispose()
    await ends_right(moment, tmp_path, url)


async def ends_right(moment: Moment, directory: Path, url: str | None) -> None:
    """This version opens the record, which migrates it, and goes on from there."""
    write_keys(RECORDS / moment.release, directory / "keys")
    plot = PLOTS[moment.plot]
    story = await begin(
        directory,
        autonomy=plot.autonomy,
        url=url,
        switch_on=lambda engine: find_switch(moment, directory, engine),
    )
    try:
        assert story.switch.read().stopped == moment.world.stopped
        plot.setting(story)
        moment.world.put_back(story)
        await take_over(story)
        await go_on(story, plot)
        if moment.closed:
            await story.leases_end()  # It was killed before it could free what it had locked.
        await as_it_was_told(story, moment)
    finally:
        story.record.engine.dispose()


async def take_over(story: Story) -> None:
    """As at each start, from the workers that are no more."""
    journal, locks = story.journal, story.parts.locks
    holders = {lock.holder for lock in await locks.held() if lock.holder}
    gone = sorted(await journal.claimants() | holders)
    await locks.forfeit(gone)
    await journal.forfeit(gone)
    await journal.due_again()


async def as_it_was_told(story: Story, moment: Moment) -> None:
    (incident,) = await story.journal.incidents()
    end = moment.end
    assert [incident.stage, incident.outcome, incident.attempt] == [
        *(end["stage"], end["outcome"], end["attempt"])
    ]
    known = moment.world.ends
    assert not set(story.sandbox.ran) & set(known), "a run whose end is known is not run again"
    assert set(story.sandbox.ran.values()) <= {1}, "no run is done twice"
    if moment.rows.get("outputs"):
        # Its plan may be decided anew by another version; once it is on record it is followed.
        planned = any("/SYNTHESIZING/" in key for key in moment.rows["outputs"])
        assert not planned or story.shop.done == end["done"]
    assert await story.locks_are_free()
    verify(story)


def verify(story: Story) -> None:
    """As an outsider does, with the old checkpoints and the new ones."""
    record = story.record
    lines = export_lines(record.engine, record.keys, story.clock.now())
    key = record.keys.public_key
    report = verify_export((line.encode() for line in lines), signature_check(key), public_key=key)
    assert report.problems == ()
    assert report.checkpoints > 0


def test_results_of_runs_are_read_back() -> None:
    kept = [end for moment in ALL for end in moment.world.ends.values()]
    assert kept
    for end in kept:
        read = ActionResult.model_validate(end)
        # Later versions say more; what was said is as it was.
        assert read.model_dump(mode="json", include=set(end)) == end
