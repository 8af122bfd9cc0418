"""A demo that cannot go on (one `vigil serve` that ends at once; about 5 s)."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vigil.cli import app
from vigil.cli.rehearsal.rehearsal import MOST_LOG, Rehearsal
from vigil.domain.errors import PortUnavailable


@pytest.fixture
def aborted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """A Vigil that found no catalogue."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rehearsal = Rehearsal(1, lambda _: None)
    rehearsal.serve.start(tmp_path / "nowhere.yaml")
    with pytest.raises(PortUnavailable, match=r"nowhere\.yaml"):
        rehearsal.serve.wait_ready()
    yield rehearsal
    rehearsal.down()


def test_the_log_of_vigil_outlives_it(aborted: Rehearsal, tmp_path: Path) -> None:
    said = aborted.serve.log.read_text()
    kept = aborted.keep_log()
    aborted.down()
    assert not aborted.serve.log.exists()
    assert list(tmp_path.iterdir()) == [kept]
    assert kept is not None
    assert kept.read_text() == said
    assert kept.stat().st_mode & 0o777 == 0o600


def test_what_is_kept_holds_no_secret_and_is_bounded(aborted: Rehearsal) -> None:
    serve = aborted.serve
    secrets = (serve.token, serve.alert_token, serve.pagerduty_secret)
    last = f"last {' '.join(secrets)} words\n"
    with serve.log.open("a") as log:
        # A token whose first letters are cut off by the bound is no less a secret.
        log.write(f"{serve.token}\n{'x' * (MOST_LOG - len(last) - 11)}\n{last}")
    assert serve.log.read_bytes()[-MOST_LOG:].startswith(serve.token[-9:].encode())
    kept = aborted.keep_log()
    assert kept is not None
    text = kept.read_text()
    assert text.endswith("\nlast [secret] [secret] [secret] words\n")
    assert serve.token[-9:] not in text
    assert len(text) < MOST_LOG


def test_without_a_log_nothing_is_kept() -> None:
    rehearsal = Rehearsal(1, lambda _: None)
    try:
        assert rehearsal.keep_log() is None
    finally:
        rehearsal.down()


def test_a_scenario_that_is_not_there_is_wrong_usage() -> None:
    result = CliRunner().invoke(app, ["demo", "--once", "--json", "--only", "nosuch"])
    assert result.exit_code == 2
    assert "no scenario 'nosuch': there are bad-release" in result.stderr
    assert json.loads(result.stdout)["ok"] is False
