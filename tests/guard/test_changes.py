"""Commands that change something, labelled by hand: what the guard says of class and resource."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from vigil.domain.effects import EffectKind
from vigil.guard.survey import survey
from vigil.tool_files import load_tools

TOOLS = load_tools()
CHANGES: list[Mapping[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "changes.yaml").read_text(encoding="utf-8")
)
DRAWN: Mapping[str, list[Mapping[str, object]]] = yaml.safe_load(
    (Path(__file__).parent / "drawn_changes.yaml").read_text(encoding="utf-8")
)
ASIDE = {"read", "scratch", "alternatives", "placeholders", "other-language", "not-in-the-text"}
CHANGING = {EffectKind.REVERSIBLE, EffectKind.DISRUPTIVE, EffectKind.DESTRUCTIVE}


def test_the_set_is_whole() -> None:
    assert len({row["code"] for row in CHANGES}) == len(CHANGES) == 200
    assert {EffectKind(row["effect"]) for row in CHANGES} == CHANGING
    assert all(":" in row["resource"] for row in CHANGES)


def test_what_was_drawn_has_a_label_or_a_reason() -> None:
    rows = [row for draw in DRAWN.values() for row in draw]
    assert len({row["id"] for row in rows}) == len(rows)
    assert sum("aside" not in row for row in DRAWN["first"]) == 200
    for row in rows:
        if "aside" in row:
            assert row["aside"] in ASIDE
        else:
            assert EffectKind(str(row["effect"])) in CHANGING
            assert row["resource"]


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: row["code"])
def test_a_change_is_seen_with_what_it_changes(row: Mapping[str, str]) -> None:
    report = survey(row["code"], "bash", TOOLS)
    assert report.kind in CHANGING, report.findings
    assert row["resource"] in report.resources, report.findings
