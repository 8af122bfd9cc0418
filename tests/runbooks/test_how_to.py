"""The page that says how to write a runbook says what is so."""

import re
from pathlib import Path

from vigil.cli.runbooks import read_library
from vigil.domain.hypothesis import FailureType
from vigil.domain.parameters import ITEM, PARAMETERS
from vigil.domain.runbook_file import _Front
from vigil.guard import DEFAULT_RULES

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "write-a-runbook.md").read_text()


def test_its_example_is_a_runbook_without_mistakes(tmp_path: Path) -> None:
    example = re.search(r"````markdown\n(.*?)````", PAGE, re.DOTALL)
    assert example
    (tmp_path / "worker-stopped.md").write_text(example[1])
    found = read_library(tmp_path)
    assert found.mistakes == ()
    assert len(found.runbooks) == 1


def test_it_names_everything_there_is() -> None:
    curable = set(FailureType) - {FailureType.NOTHING_WRONG, FailureType.UNKNOWN}
    keys = set(_Front.model_fields) - {"id", "verify"}
    commands = {rule.name for rule in DEFAULT_RULES.reads}
    parameters = {name for name in PARAMETERS if not name.startswith("grant.")}
    for word in (*curable, *parameters, "grant.VERB", *keys, *commands):
        assert re.search(rf"`[^`]*{re.escape(word)}[^`]*`", PAGE), word
    assert f"{{{{{ITEM}}}}}" in PAGE


def test_it_sends_on_to_the_verbs() -> None:
    """``tests/test_docs.py`` holds that page complete."""
    assert "(../reference/verbs.md)" in PAGE
