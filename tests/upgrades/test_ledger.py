"""A released version's runner was killed in a call: this one knows what had been begun."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.upgrades.kept import RECORDS, releases
from tests.upgrades.make import LEDGER

from vigil.domain.errors import LockHeld
from vigil.domain.plan import ActionResult
from vigil.domain.run import Fence
from vigil.runner.ledger import Ledger
from vigil.runner.store import open_store


@pytest.mark.parametrize("release", releases())
def test_what_was_begun_and_what_was_seen_is_known(tmp_path: Path, release: str) -> None:
    file = tmp_path / "runner.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript((RECORDS / release / LEDGER).read_text())
        effects = database.execute("SELECT key, outcome FROM effects").fetchall()
        results = database.execute("SELECT result FROM runs").fetchall()
        fences = database.execute("SELECT resource, token FROM fences").fetchall()
    ledger = Ledger(open_store(file, None))
    assert {outcome is None for _, outcome in effects} == {True, False}
    for key, outcome in effects:
        begun = ledger.effect(key)
        assert begun is not None
        assert (begun.outcome is None) == (outcome is None)
    assert [ActionResult.model_validate_json(text) for (text,) in results if text is not None]
    assert fences
    for resource, token in fences:
        ledger.note([Fence(resource=resource, token=token)])
        with pytest.raises(LockHeld):
            ledger.note([Fence(resource=resource, token=token - 1)])
    ledger.close()
