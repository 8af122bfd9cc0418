"""Runbook files: what is read, and every mistake at once with its line and a remedy."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.cli.runbooks import Library, ingest, read_library
from vigil.domain.effects import Risk
from vigil.domain.errors import SettingsError
from vigil.domain.evidence import Finding
from vigil.domain.hypothesis import FailureType
from vigil.domain.runbook import CheckExpectation
from vigil.domain.runbook_file import FrontMatter, parse
from vigil.domain.runbook_markdown import Source

GOOD = """\
---
title: A process is down
service: [worker]
failure_types: [process_down]
risk_level: MEDIUM
checks:
  - {id: down, title: It is down, finding: process_down}
  - {id: no-lock, title: No lock, finding: database_lock, expect: absent}
---
# Prose

```text
## Remediation
### Not a step, an example
```

## Remediation

Prose with - verbs: nothing.

### Restart {{item}}

- verbs: process.restart
- for_each: process.down
- no_undo: nothing to restore

```bash
vigil-do process.restart {{grant.process.restart}} {{item}}
```

```text
restarted
```

## Afterwards

### Not a step either

```python
print()
```
"""


def library(directory: Path, text: str, name: str = "down.md") -> Library:
    (directory / name).write_text(text)
    return read_library(directory)


def test_a_good_file(tmp_path: Path) -> None:
    found = library(tmp_path, GOOD)
    assert found.mistakes == ()
    (runbook,) = found.runbooks
    assert (runbook.id, runbook.path) == ("down", "down.md")
    assert runbook.failure_types == (FailureType.PROCESS_DOWN,)
    assert runbook.risk_level is Risk.MEDIUM
    assert [(c.finding, c.expect) for c in runbook.checks] == [
        (Finding.PROCESS_DOWN, CheckExpectation.PRESENT),
        (Finding.DATABASE_LOCK, CheckExpectation.ABSENT),
    ]
    (step,) = runbook.steps
    assert step.title == "Restart {{item}}"
    assert step.script == "vigil-do process.restart {{grant.process.restart}} {{item}}"
    assert (step.verbs, step.for_each) == (("process.restart",), "process.down")
    assert (step.undo, step.no_undo) == (None, "nothing to restore")


def test_a_check_may_look_for_any_of_several_findings(tmp_path: Path) -> None:
    several = GOOD.replace("finding: database_lock", "finding: [database_lock, session_busy]")
    one, both = library(tmp_path, GOOD).runbooks[0], library(tmp_path, several).runbooks[0]
    assert [c.findings for c in both.checks] == [
        (Finding.PROCESS_DOWN,),
        (Finding.DATABASE_LOCK, Finding.SESSION_BUSY),
    ]
    assert one.digest != both.digest
    assert type(both).model_validate_json(both.model_dump_json()) == both


def test_a_step_of_free_form_names_its_raw_grants_and_is_a_high_risk(tmp_path: Path) -> None:
    drain = "curl -fsS -X POST https://balancer.example.com/drain | head -1"
    free = GOOD.replace(
        "vigil-do process.restart {{grant.process.restart}} {{item}}", drain
    ).replace("- verbs: process.restart\n", "- raw: balancer\n")
    (mistake,) = library(tmp_path, free).mistakes
    assert "free form, a risk of HIGH" in mistake.text
    found = library(tmp_path, free.replace("risk_level: MEDIUM", "risk_level: HIGH"))
    assert found.mistakes == ()
    (step,) = found.runbooks[0].steps
    assert (step.script, step.raw, step.verbs) == (drain, ("balancer",), ())
    (mistake,) = library(tmp_path, free.replace("balancer\n", "the balancer\n")).mistakes
    assert "cannot be the name of a raw grant" in mistake.text


def test_without_raw_grants_the_digest_is_what_it_was(tmp_path: Path) -> None:
    (runbook,) = library(tmp_path, GOOD).runbooks
    assert "raw" not in runbook.model_dump(mode="json")["steps"][0]


SWITCH = "vigil-do release.switch {{grant.release.switch}} {{release.previous}}"
CALL = "vigil-do process.restart {{grant.process.restart}} {{item}}"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("---\ntitle", "title", 1, "no front matter"),
        ("title: A process is down\n", "", 1, "title is missing"),
        ("service: [worker]", "service: worker", 3, "valid list"),
        ("[process_down]", "[process_gone]", 4, "'process_gone'"),
        ("risk_level: MEDIUM", "risk_level: SOME", 5, "'LOW', 'MEDIUM' or 'HIGH'"),
        ("risk_level: MEDIUM", "risk_level: LOW", 21, "write `risk_level: MEDIUM`"),
        ("risk_level: MEDIUM", "risk: MEDIUM", 5, "risk is not a known key"),
        ("risk_level: MEDIUM", "risk_level: MEDIUM\ntitle: B", 6, "'title' is given twice"),
        ("risk_level: MEDIUM", "risk_level: &a MEDIUM\nid: *a", 6, "an alias"),
        ("risk_level: MEDIUM", "risk_level: [", 7, "not plain YAML"),
        ("risk_level: MEDIUM", "risk_level: MEDIUM\nid: up", 6, "the id 'up' differs"),
        ("finding: database_lock", "finding: lock", 8, "checks.1.finding is 'lock'"),
        ("finding: database_lock", "finding: [lock]", 8, "checks.1.finding.0 is 'lock'"),
        ("finding: database_lock", "finding: []", 8, "checks.1.finding is '[]'"),
        ("finding: database_lock", "finding: {a: b}", 8, "checks.1.finding is "),
        ("finding: database_lock", "finding: blind", 8, "nobody looks for 'blind'"),
        ("finding: database_lock", "finding: [database_lock, blind]", 8, "looks for 'blind'"),
        ("id: no-lock", "id: down", 8, "a second check has the id 'down'"),
        ("expect: absent", "expects: absent", 8, "known here: id, title, finding, expect"),
        ("## Remediation\n\nP", "## Cure\n\nP", 10, "no remediation steps"),
        ("- verbs: process.restart\n", "", 21, "names no verbs"),
        ("- verbs: process.restart", "- verbs: process.end", 21, "'process.end' is not known"),
        ("- verbs: process.restart", "- verbs: release.switch", 21, "calls (process.restart)"),
        ("- for_each: process.down", "- for-each: process.down", 24, "'for-each' is not known"),
        ("- for_each: process.down", "- for_each: service", 21, "for_each cannot be 'service'"),
        ("- for_each: process.down\n", "", 26, "'{{item}}' has no list"),
        ("- no_undo: nothing to restore\n", "", 21, "nothing says how to undo it"),
        ("- no_undo: nothing to restore", "- no_undo:", 25, "'no_undo' is empty"),
        ("- no_undo:", "- verbs: process.restart\n- no_undo:", 23, "'verbs' is given twice"),
        ("```bash\nv", "```sh\nv", 27, "marked 'sh'"),
        ("```bash\nv", "```bash undo\nv", 21, "it has 0 scripts"),
        ("```text\nrestarted", "```bash undo\ntrue", 21, "more than once how to undo"),
        ("```text\nrestarted", "```bash\ntrue", 21, "it has 2 scripts"),
        ("```python\nprint()\n```", "```python", 39, "not closed"),
        ("{{item}}\n```", "{{process.name}}\n```", 27, "no parameter 'process.name'"),
        ("{{item}}\n```", "{{item\n```", 27, "braces that are no parameter"),
        (CALL, "rm -rf {{item}}", 21, "line 1 of its script: the command 'rm'"),
        (CALL, f"{CALL}\n{CALL}", 21, "begin it with `set -eu`"),
        (CALL, f"{CALL} | cat", 21, "a pipe"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_line_and_a_remedy(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert GOOD.count(old) >= 1
    found = library(tmp_path, GOOD.replace(old, new, 1))
    told = [str(mistake) for mistake in found.mistakes]
    assert any(f"down.md:{line}: " in each and said in each for each in told), told
    assert all("; " in each for each in told)


def test_an_undo_is_judged_as_well(tmp_path: Path) -> None:
    written = GOOD.replace("- no_undo: nothing to restore\n", "").replace(
        "```text\nrest", "```bash undo\nrest"
    )
    assert any("line 1 of its undo" in str(m) for m in library(tmp_path, written).mistakes)
    idle = written.replace("```bash undo\nrestarted", "```bash undo\necho restarted")
    assert any("undo changes nothing" in str(m) for m in library(tmp_path, idle).mistakes)


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    bad = (
        GOOD.replace("process_down]", "process_gone]")
        .replace("- verbs: process.restart\n", "")
        .replace("```bash\n", "```sh\n")
    )
    (tmp_path / "other.md").write_text("no front matter")
    found = library(tmp_path, bad)
    assert len(found.mistakes) >= 5
    assert {Path(m.path).name for m in found.mistakes} == {"down.md", "other.md"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Down!.md", GOOD.encode(), "small letters"),
        ("down.md", GOOD.encode() + b"\xff", "cannot be read"),
        ("down.md", GOOD.encode() + b"x" * 70_000, "longer than"),
        ("down.md", b"---\nx: " + b"[" * 5_000 + b"\n---\n", "not plain YAML"),
        ("down.md", b"---\n- 1\n---\n", "the front matter is"),
        ("down.md", b"---\n---\n", "the front matter is"),
        ("down.md", b"", "no front matter"),
    ],
)
def test_a_file_that_is_no_runbook(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert any(said in str(mistake) for mistake in read_library(tmp_path).mistakes)


def test_two_files_with_one_id(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "down.md").write_text(GOOD)
    (tmp_path / "README.md").write_text("# Not a runbook")
    (mistake,) = library(tmp_path, GOOD).mistakes
    assert "the id 'down' is that of" in str(mistake)


def test_line_ends_of_another_system_make_no_difference(tmp_path: Path) -> None:
    one = library(tmp_path, GOOD).runbooks[0]
    (tmp_path / "down.md").write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert read_library(tmp_path).runbooks[0].digest == one.digest


def record(digest: str, **changes: object) -> dict[str, object]:
    measured = {
        "digest": digest,
        "trials": 30,
        "successes": 29,
        "commit": "0123abc",
        "measured_on": "2026-01-02",
        "seeds": [1, 2, 3],
        "command": "vigil lab run",
    }
    return {**measured, **changes}


def with_records(directory: Path, **records: object) -> Library:
    text = json.dumps({"schema": "vigil.runbook-records/1", "records": records})
    (directory / "records.json").write_text(text)
    return read_library(directory)


def test_a_record_counts_for_the_very_text_that_was_measured(tmp_path: Path) -> None:
    digest = library(tmp_path, GOOD).runbooks[0].digest
    measured = with_records(tmp_path, down=record(digest))
    assert measured.mistakes == ()
    assert measured.runbooks[0].lab_record is not None
    assert measured.runbooks[0].lab_record.successes == 29
    assert measured.runbooks[0].digest == digest
    edited = library(tmp_path, GOOD + "One more sentence.\n")
    assert edited.runbooks[0].lab_record is None
    assert edited.stale == ("down",)
    assert edited.mistakes == ()


def test_a_record_that_cannot_be_is_a_mistake(tmp_path: Path) -> None:
    digest = library(tmp_path, GOOD).runbooks[0].digest
    impossible: list[dict[str, object]] = [
        {"successes": 31},
        {"trials": 0},
        {"seeds": []},
        {"commit": "main"},
        {"x": 1},
    ]
    for wrong in impossible:
        assert with_records(tmp_path, down=record(digest, **wrong)).mistakes, wrong
    assert "no runbook 'up'" in str(with_records(tmp_path, up=record(digest)).mistakes[0])
    (tmp_path / "records.json").write_text("{")
    assert read_library(tmp_path).mistakes


async def test_nothing_is_ingested_when_there_is_a_mistake(tmp_path: Path) -> None:
    class Untouchable:
        """Any use of it is an AttributeError."""

    (tmp_path / "down.md").write_text("no front matter")
    with pytest.raises(SettingsError) as raised:
        await ingest(tmp_path, Untouchable())  # type: ignore[arg-type]
    assert len(raised.value.mistakes) == 1


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read_library(tmp_path / "none")
    with pytest.raises(SettingsError):
        read_library(tmp_path)


@given(body=st.text(alphabet="#-`~ \n{}abcRemediation:_", max_size=200))
def test_any_body_is_read_or_refused(body: str) -> None:
    source = Source(front="", body=f"## Remediation\n{body}", body_line=3)
    parsed = parse("x.md", "x", source, FrontMatter(data={"checks": [{"id": 1}]}))
    assert parsed.runbook is None
    assert parsed.mistakes
