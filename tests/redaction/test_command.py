"""`vigil redact` (below 3 s)."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from vigil.cli import app
from vigil.domain.redacted import Kind


class Said(NamedTuple):
    returncode: int
    stdout: bytes
    stderr: bytes


def redact(*arguments: str | Path, given: bytes = b"") -> Said:
    done = CliRunner().invoke(app, ["redact", *map(str, arguments)], input=given)
    return Said(done.exit_code, done.stdout_bytes, done.stderr_bytes or b"")


def answers(batch: Path, *options: str) -> tuple[int, list[dict[str, Any]]]:
    done = redact("--batch", batch, *options)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_text_is_shown_as_it_may_leave() -> None:
    done = redact("-", given=b"anna@example.org kam, anna@example.org ging\n")
    assert (done.returncode, done.stdout.decode()) == (0, "[EMAIL_1] kam, [EMAIL_1] ging\n")


def test_a_batch_has_one_answer_a_line_in_order_also_on_error(tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    lines = [
        json.dumps({"id": 1, "text": "\U0001f600 mail anna@example.org"}),
        "no json",
        json.dumps({"id": [3]}),
        json.dumps(["text"]),
        json.dumps({"id": "five", "text": ""}),
        '{"id": 6, "text": "half a pair \\ud83d, 10.1.2.3"}',
    ]
    batch.write_text("\n".join(lines))
    code, found = answers(batch)
    assert code == 1
    assert [one["id"] for one in found] == [1, None, [3], None, "five", 6]
    assert found[0]["spans"] == [{"start": 7, "end": 23, "type": "email"}]
    assert found[0]["text"] == "\U0001f600 mail [EMAIL_1]"
    assert [("error" in one, one["text"] is None) for one in found[1:4]] == [(True, True)] * 3
    assert found[4] == {"id": "five", "text": "", "spans": []}
    assert found[5]["spans"] == [{"start": 15, "end": 23, "type": "ip"}]
    assert {span["type"] for one in found for span in one["spans"]} <= set(Kind)


def test_a_batch_may_come_from_standard_input() -> None:
    done = redact("--batch", "-", given=b'{"id": 1, "text": "anna@example.org"}\n')
    assert (done.returncode, json.loads(done.stdout)["text"]) == (0, "[EMAIL_1]")


def test_addresses_of_machines_stay_on_request(tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(json.dumps({"id": 1, "text": "10.1.2.3 and anna@example.org"}) + "\n")
    code, (found,) = answers(batch, "--keep-ips")
    assert (code, found["text"]) == (0, "10.1.2.3 and [EMAIL_1]")


def test_json_is_one_object(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"\xff anna@example.org")
    done = redact(text, "--json")
    assert json.loads(done.stdout) == {
        "text": "\ufffd [EMAIL_1]",
        "spans": [{"start": 2, "end": 18, "type": "email"}],
    }


def test_a_text_that_is_too_long_for_one_answer_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hunter2 " * 600_000)
    done = redact(text, "--json")
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"4800000 characters" in done.stderr
    assert b"hunter2" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("a", "--batch", "b"), ("/not/there",)])
def test_wrong_usage_says_what_to_do(arguments: tuple[str, ...]) -> None:
    done = redact(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr
