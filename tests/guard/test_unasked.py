"""What runs unasked: the short answer is the one that the gate gives at length."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.cli.unasked import decision_on, runs_unasked
from vigil.domain.effects import EffectKind
from vigil.domain.verdict import Decision
from vigil.guard.survey import Language, survey
from vigil.tool_files import load_tools

TOOLS = load_tools()
CHANGES = [
    row["code"]
    for row in yaml.safe_load((Path(__file__).parent / "changes.yaml").read_text(encoding="utf-8"))
]
LINES = (
    *("echo 'the queue is drained'", "printf 'done\\n'", "true", "sleep 1", "set -eu", "# why"),
    *("vigil-do process.restart restart web-1", "vigil-do release.switch release sha256:00"),
    *("ls /srv", "df -h", "cat /etc/shadow", "echo $(hostname)", "x=1", "rm -rf /srv", "'", ""),
    *CHANGES[::20],
)


def both(code: str, language: Language) -> tuple[bool, bool]:
    report = survey(code, language, TOOLS)
    decision, _ = decision_on(code, language, report)
    return runs_unasked(code, language, report), decision is Decision.ALLOW


@pytest.mark.parametrize("code", ["echo drained", "true", "printf 'a\\n'; sleep 1"])
def test_what_only_prints_runs_unasked(code: str) -> None:
    assert both(code, "bash") == (True, True)


@pytest.mark.parametrize("code", ["df -h", "rm -rf /srv", "cat /etc/shadow", "nobody-knows-it"])
def test_anything_else_does_not(code: str) -> None:
    assert both(code, "bash") == (False, False)


@pytest.mark.parametrize("code", ["", " \n\t\n", "#!/bin/bash\n# drain it\n"])
def test_a_script_without_a_command_is_never_run(code: str) -> None:
    assert both(code, "bash") == (False, False)
    report = survey(code, "bash", TOOLS)
    assert [(f.kind, f.rule) for f in report.findings] == [(EffectKind.UNKNOWN, "guard.empty")]


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(LINES), max_size=4).map("\n".join), st.sampled_from(["bash", "sql"])
)
def test_both_answers_are_the_same(code: str, language: Language) -> None:
    short, long = both(code, language)
    assert short is long
