"""Scenario folders: the shipped ones, and every mistake at once (no processes, under a second)."""

from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from vigil.lab.config import new_config
from vigil.lab.errors import LabUsage, ScenarioMistakes
from vigil.lab.ports import Ports
from vigil.lab.releases import Change, Edit, Releases, pick
from vigil.lab.scenario import SHIPPED, Kind, choose, load_scenarios

PORTS = Ports(proxy=1, web=(2, 3), worker=4, database=5, cache=6)
GOOD = {
    "schema": "vigil.scenario/0",
    "id": "slow-cache",
    "title": "The cache is slow",
    "kind": "fault",
    "expect": {"proof": "verified", "actions": ">0"},
    "inject": "inject.sh",
    "restore": "restore.sh",
    "alert": {"symptom": "checkout", "sent_by": "rule"},
    "timeout_s": 5,
}


def write(folder: Path, document: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "scenario.yaml").write_text(yaml.safe_dump(document))
    for name in ("inject.sh", "restore.sh"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_shipped_scenarios() -> None:
    known = load_scenarios()
    by_kind = {
        kind: {name for name, scenario in known.items() if scenario.file.kind is kind}
        for kind in Kind
    }
    assert by_kind == {
        Kind.FAULT: {
            *("bad-release", "bad-release-one-instance", "bad-release-slow"),
            *("worker-hung", "pool-exhausted"),
        },
        Kind.LOOK_ALIKE: {"database-locked", "long-report", "queue-paused"},
        Kind.CONTROL: {
            *("false-alert", "cache-down", "previous-release-broken"),
            *("uncovered-page", "repaired-by-hand"),
        },
    }
    for scenario in known.values():
        expect = scenario.file.expect
        cured = scenario.file.kind is Kind.FAULT
        assert (expect.proof == "verified") is cured, scenario.id
        assert (expect.actions == "0") is (expect.proof not in ("verified", "not_fixed"))
        assert expect.cause or scenario.file.kind is Kind.CONTROL


def test_how_the_shop_is_at_the_end() -> None:
    ends = {name: scenario.file.expect.ends_healthy for name, scenario in load_scenarios().items()}
    assert {name for name, well in ends.items() if well} == {
        *("bad-release", "bad-release-one-instance", "bad-release-slow"),
        *("worker-hung", "pool-exhausted", "false-alert", "repaired-by-hand"),
    }


def test_a_repair_is_a_script_like_the_others(tmp_path: Path) -> None:
    write(tmp_path / "one", {**GOOD, "repair": "repair.sh"})
    with pytest.raises(ScenarioMistakes, match=r"repair: there is no repair\.sh"):
        load_scenarios([tmp_path])
    script = tmp_path / "one" / "repair.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert load_scenarios([tmp_path])["slow-cache"].repair == script
    assert load_scenarios()["bad-release"].repair is None


def test_folders_outside_the_repository_work_alike(tmp_path: Path) -> None:
    write(tmp_path / "slow-cache", GOOD)
    assert load_scenarios([tmp_path])["slow-cache"].inject.name == "inject.sh"
    assert load_scenarios([tmp_path / "slow-cache"]).keys() == load_scenarios([tmp_path]).keys()


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    first = write(tmp_path / "one", {**GOOD, "kind": "prank", "colour": "red", "timeout_s": -1})
    (first / "restore.sh").chmod(0o644)
    write(tmp_path / "two", {**GOOD, "inject": "../one/inject.sh", "expect": {"actions": 3}})
    write(tmp_path / "three", {**GOOD, "id": "bad-release", "restore": "gone.sh"})
    (write(tmp_path / "four", GOOD) / "scenario.yaml").write_text("id: [")
    with pytest.raises(ScenarioMistakes) as caught:
        load_scenarios([tmp_path, tmp_path / "nowhere"])
    text = str(caught.value)
    for part in (
        "one/scenario.yaml: kind:",
        "one/scenario.yaml: colour:",
        "one/scenario.yaml: timeout_s:",
        "restore.sh is not executable",
        "lies outside the scenario's folder",
        "two/scenario.yaml: expect.proof:",
        "two/scenario.yaml: expect.actions:",
        "there is no gone.sh",
        "four/scenario.yaml: not YAML",
        "nowhere: no scenario.yaml",
    ):
        assert part in text, part


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    write(tmp_path / "mine", {**GOOD, "id": "bad-release"})
    with pytest.raises(ScenarioMistakes, match="is taken by"):
        load_scenarios([tmp_path])


def test_an_unknown_id_names_the_known_ones() -> None:
    with pytest.raises(LabUsage, match="database-locked, false-alert, long-report"):
        choose(load_scenarios(), "meteor")


def changes_in(path: str) -> tuple[Change, ...]:
    raw = yaml.safe_load((SHIPPED / path).read_text())
    return TypeAdapter(tuple[Change, ...]).validate_python(raw)


FILES = sorted(
    path.relative_to(SHIPPED).as_posix()
    for path in SHIPPED.glob("*/*.yaml")
    if path.name != "scenario.yaml"
)
SINGLE = [change for path in FILES for change in changes_in(path)]
MISTAKES = changes_in("bad-release/changes.yaml")
PROMOTIONS = changes_in("previous-release-broken/promotions.yaml")
TOGETHER = [
    Change(note=f"{first.note}, {second.note}", edits=first.edits + second.edits)
    for first in PROMOTIONS
    for second in MISTAKES
]


@pytest.mark.parametrize("change", [*SINGLE, *TOGETHER], ids=lambda change: change.note)
def test_each_change_still_fits_the_shops_code(tmp_path: Path, change: Change) -> None:
    config = new_config(tmp_path, seed=1, ports=PORTS, alert_url=None)
    config.files.private.mkdir()
    releases = Releases(config)
    releases.deploy_history()
    release = releases.make(change, good=False)
    for path in release.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")
    assert not releases.is_good(release)
    assert releases.last_good() == releases.current()


@pytest.mark.parametrize("path", FILES)
def test_seeds_choose_among_all_changes(path: str) -> None:
    changes = changes_in(path)
    assert len(changes) >= 2
    assert {pick(changes, seed) for seed in range(20)} == set(changes)


def test_a_change_that_no_longer_fits_is_refused(tmp_path: Path) -> None:
    config = new_config(tmp_path, seed=1, ports=PORTS, alert_url=None)
    config.files.private.mkdir()
    config.files.releases.mkdir()
    edit = Edit(file="shop/pricing.py", old="no such text", new="")
    with pytest.raises(LabUsage, match="found 0 times"):
        Releases(config).make(Change(note="x", edits=(edit,)), good=False)
