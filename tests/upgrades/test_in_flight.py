"""Incidents that a released version left in every stage are brought to their end (about 15 s).

On SQLite from each moment of the stories that act, and from the first one in each stage of the
others; on PostgreSQL from the first one in each stage. The versions so far wrote SQLite only; their
rows stand for those of a version that writes both.
"""

import json
import shutil
from pathlib import Path

import pytest
from tests.support.story import Story, begin
from tests.upgrades.kept import RECORDS, Moment, fill, moments, releases, upgrade, write_keys
from tests.upgrades.plots import PLOTS, go_on
from tests.upgrades.rows import Tables

from vigil.cli.public_key import signature_check
from vigil.domain.audit import verify_export
from vigil.domain.incident import Stage
from vigil.domain.plan import ActionResult
from vigil.integrations._clients.database import open_engine
from vigil.integrations.journal import export_lines

ALL = tuple(moment for release in releases() for moment in moments(RECORDS / release))
ACTING = ("healed", "undone")
FIRST_OF_PLOT = {(m.release, m.plot, m.place): m.number for m in reversed(ALL)}
ON_SQLITE = [
    m for m in ALL if m.plot in ACTING or m.number == FIRST_OF_PLOT[m.release, m.plot, m.place]
]
FIRST_IN_STAGE = {(m.release, m.place.rpartition(" ")[0]): m for m in reversed(ALL)}.values()


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


def test_every_stage_is_among_what_was_kept() -> None:
    for release in releases():
        kept = {str(moment.place).split()[0] for moment in ALL if moment.release == release}
        assert kept == {stage.value for stage in Stage}


@pytest.mark.parametrize("moment", ON_SQLITE, ids=str)
async def test_it_ends_on_sqlite(
    tmp_path: Path, old_databases: dict[str, Path], moment: Moment
) -> None:
    shutil.copy(old_databases[moment.revision], tmp_path / "vigil.sqlite")
    engine = open_engine(f"sqlite:///{tmp_path / 'vigil.sqlite'}")
    Tables(engine).fill(moment.rows)
    engine.dispose()
    await ends_right(moment, tmp_path, None)


@pytest.mark.parametrize("moment", FIRST_IN_STAGE, ids=str)
async def test_it_ends_on_postgres(tmp_path: Path, empty_postgres_url: str, moment: Moment) -> None:
    engine = open_engine(empty_postgres_url)
    fill(engine, moment)
    engine.dispose()
    await ends_right(moment, tmp_path, empty_postgres_url)


async def ends_right(moment: Moment, directory: Path, url: str | None) -> None:
    """This version opens the record, which migrates it, and goes on from there."""
    write_keys(RECORDS / moment.release, directory / "keys")
    plot = PLOTS[moment.plot]
    story = await begin(directory, autonomy=plot.autonomy, url=url)
    plot.setting(story)
    moment.world.put_back(story)
    await story.journal.due_again()
    await go_on(story, plot)
    await as_it_was_told(story, moment)
    story.record.engine.dispose()


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
        assert json.loads(ActionResult.model_validate(end).model_dump_json()) == end
