"""``vigil guard check``."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vigil.cli.guard import MAX_LINE_BYTES, guard_app

GOOD = "vigil-do process.restart restart web-1\n"


def check(*arguments: str, stdin: str | bytes = "") -> tuple[int, str]:
    result = CliRunner().invoke(guard_app, ["check", *arguments], input=stdin)
    return result.exit_code, result.stdout


def test_a_known_script_is_good(tmp_path: Path) -> None:
    (tmp_path / "good.sh").write_text(GOOD)
    code, said = check(str(tmp_path / "good.sh"), "--json")
    answer = json.loads(said)
    assert code == 0
    assert answer["kind"] == "disruptive"
    assert answer["calls"] == [
        {"verb": "process.restart", "grant": "restart", "arguments": ["web-1"]}
    ]
    assert check("-", stdin=GOOD) == check(str(tmp_path / "good.sh"))


@pytest.mark.parametrize("script", ["rm x\n", b"\xff\n", "#" * 20_000])
def test_an_unknown_script_is_not(script: str | bytes) -> None:
    code, said = check("-", stdin=script)
    assert code == 1
    assert said.startswith("unknown")


def test_wrong_usage(tmp_path: Path) -> None:
    assert check()[0] == 2
    assert check("-", "--batch", "x.jsonl")[0] == 2
    assert check(str(tmp_path / "none.sh"))[0] == 2
    assert check("--batch", str(tmp_path / "none.jsonl"))[0] == 2


def test_a_batch_answers_each_line_in_order_also_on_error(tmp_path: Path) -> None:
    lines = [
        json.dumps({"script": "true"}).encode(),
        b"not json",
        b"[]",
        b"",
        b'{"script": 1}',
        b'{"script": "\xff"}',
        b"[" * 100_000,
        b'{"script": "' + b"x" * MAX_LINE_BYTES + b'"}',
        json.dumps({"script": "rm"}).encode(),
        json.dumps({"script": GOOD}).encode(),
    ]
    (tmp_path / "b.jsonl").write_bytes(b"\n".join(lines))
    code, said = check("--batch", str(tmp_path / "b.jsonl"))
    answers = [json.loads(line) for line in said.splitlines()]
    assert code == 1
    assert [a.get("kind", "error") for a in answers] == [
        "read", *["error"] * 7, "unknown", "disruptive"
    ]  # fmt: skip
    assert [f"line {n}" in a["error"] for n, a in enumerate(answers, start=1) if "error" in a] == (
        [True] * 7
    )
    (tmp_path / "b.jsonl").write_text(json.dumps({"script": "true"}) + "\n")
    assert check("--batch", str(tmp_path / "b.jsonl"))[0] == 0
