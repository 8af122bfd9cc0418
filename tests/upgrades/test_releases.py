"""Each released version has left a record behind, and this one can (about 8 s)."""

import json
from pathlib import Path

from alembic.script import ScriptDirectory
from tests.upgrades.kept import INSTALLATION, RECORDS, moments, releases
from tests.upgrades.make import make, version

from vigil.domain.incident import Stage
from vigil.integrations._clients.database import migrations

HOW = "run `python -m tests.upgrades.make` and commit what it makes, with the release"


def test_the_version_in_pyproject_has_left_a_record() -> None:
    """The version is raised by a release, and from then on somebody may come from there.

    Revisions that are added afterwards belong to the next one.
    """
    kept = {name.rpartition("-")[0] for name in releases()}
    assert version() in kept, f"no record of version {version()}: {HOW}"


def test_a_record_is_named_for_what_made_it() -> None:
    revisions = {
        script.revision
        for script in ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions()
    }
    assert releases()
    for name in releases():
        about = json.loads((RECORDS / name / INSTALLATION).read_text())
        assert name == f"{about['version']}-{about['revision']}"
        assert about["revision"] in revisions, "a revision that was released is never taken back"


async def test_this_version_can_leave_one(tmp_path: Path) -> None:
    folder = await make(tmp_path)
    places = {str(moment.place).split()[0] for moment in moments(folder)}
    assert places == {stage.value for stage in Stage}
