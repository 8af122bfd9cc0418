"""`vigil lab` as a person or a script uses it (about 15 s: one shop)."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vigil.cli.lab import lab_app

pytestmark = [pytest.mark.lab, pytest.mark.takes(15)]


def ask(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    """Run a command with --json; its one JSON object."""
    result = CliRunner().invoke(lab_app, [*arguments, "--json"])
    assert result.exit_code == exit_code, result.output
    (line,) = result.stdout.splitlines()
    answer: dict[str, Any] = json.loads(line)
    assert answer["ok"] is (exit_code == 0)
    assert answer["command"] == arguments[0]
    return answer


def test_a_shop_from_up_to_down(tmp_path: Path) -> None:
    state = tmp_path / "s"
    opened = ask("up", "--state", str(state), "--seed", "11")
    assert Path(opened["catalogue"]).is_file()
    assert str(state) in ask("list")["labs"]
    where = ("--state", str(state))
    assert "--alert-url" in ask("break", "false-alert", *where, exit_code=2)["error"]
    assert ask("break", "database-locked", *where)["scenario"]["kind"] == "look-alike"
    assert ask("judge", *where, "--settle", "0", exit_code=1)["judge"]["findings"]
    assert ask("restore", *where)["judge"]["ok"]
    assert ask("down", *where)["state"] == str(state)
    assert not state.exists()
    assert str(state) not in ask("list")["labs"]


def test_list_shows_the_scenarios_and_those_of_other_folders(tmp_path: Path) -> None:
    ids = {scenario["id"] for scenario in ask("list")["scenarios"]}
    assert {"bad-release", "worker-hung", "pool-exhausted", "false-alert"} <= ids
    wrong = ask("list", "--scenarios", str(tmp_path), exit_code=2)
    assert "no scenario.yaml" in wrong["error"]


def test_what_cannot_be_is_said_so(tmp_path: Path) -> None:
    nowhere = ("--state", str(tmp_path / "nowhere"))
    assert "bad-release" in ask("break", "meteor", *nowhere, exit_code=2)["error"]
    assert "start one" in ask("judge", *nowhere, exit_code=1)["error"]
    assert "start one" in ask("down", *nowhere, exit_code=1)["error"]
    assert CliRunner().invoke(lab_app, ["up", "--seed", "x"]).exit_code == 2
