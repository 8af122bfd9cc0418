"""Each released version has left a record behind, and this one has and can (about 10 s)."""

import json
from pathlib import Path

from tests.upgrades.kept import (
    BESIDES,
    INSTALLATION,
    RECORDS,
    SCRIPTS,
    STAGES,
    lacking,
    moments,
    releases,
    revision_of,
)
from tests.upgrades.make import make, version

HOW = "run `python -m tests.upgrades.make` and commit what it makes"


def test_the_version_in_pyproject_has_left_a_record() -> None:
    """The version is raised by a release, and from then on somebody may come from there."""
    kept = {name.rpartition("-")[0] for name in releases()}
    assert version() in kept, f"no record of version {version()}: {HOW}, with the release"


def test_no_migration_is_newer_than_the_newest_record() -> None:
    """Or nobody would know what the version after it has to read."""
    newest, kept = SCRIPTS.get_current_head(), max(map(revision_of, releases()))
    assert newest == kept, (
        f"migration {newest} came after the newest record, which is of {kept}: {HOW}, with the "
        "migration; a record of a revision that nobody was given may then go"
    )


def test_a_record_is_named_for_what_made_it() -> None:
    revisions = {script.revision for script in SCRIPTS.walk_revisions()}
    assert releases()
    for name in releases():
        about = json.loads((RECORDS / name / INSTALLATION).read_text())
        assert name == f"{about['version']}-{about['revision']}"
        assert about["revision"] in revisions, "a revision that was released is never taken back"


async def test_this_version_can_leave_one(tmp_path: Path) -> None:
    folder = await make(tmp_path)
    assert not lacking(tuple(moments(folder)), (*STAGES, *BESIDES))
