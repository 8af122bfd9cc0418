"""What an outsider finds in an export that somebody has been at."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.record import Record, at, erase_payloads, open_record, opened
from typer.testing import CliRunner

from vigil.cli.audit import audit_app, verify_file, write_export
from vigil.cli.public_key import signature_check
from vigil.domain.audit import MAX_PROBLEMS, AuditReport, verify_export
from vigil.domain.identity import canonical_json
from vigil.domain.timeline import GENESIS, link_hash, payload_digest
from vigil.integrations.journal import export_lines
from vigil.ports.journal import Note

Export = list[dict[str, Any]]


async def _history(record: Record) -> None:
    """Three incidents under three checkpoints, one erased."""
    first, second = await opened(record), await opened(record, symptom="slow")
    await record.journal.checkpoint(at(1))
    for number in range(3):
        note = Note(kind="probe", payload={"number": number, "ratio": 0.5, "note": None})
        await record.journal.append(first.id, [note], at(2 + number))
    await record.journal.checkpoint(at(5))
    erase_payloads(record, second.id, at(6))
    await opened(record, symptom="third")


@cache
def history() -> tuple[str, str]:
    """(export, public key) of one history; made once, tests only read it."""
    with tempfile.TemporaryDirectory() as directory:
        record = open_record(Path(directory))
        asyncio.run(_history(record))
        text = "".join(line + "\n" for line in export_lines(record.engine, record.keys, at(7)))
        record.engine.dispose()
        return text, record.keys.public_key


@pytest.fixture
def export() -> Export:
    return [json.loads(line) for line in history()[0].splitlines()]


def verify(export: Export, head: str | None = None, key: str | None = None) -> AuditReport:
    lines = [canonical_json(line).encode() + b"\n" for line in export]
    key = key or history()[1]
    return verify_export(lines, signature_check(key), public_key=key, head=head)


def events(export: Export) -> list[int]:
    return [n for n, line in enumerate(export) if "event" in line]


def found(report: AuditReport, text: str) -> bool:
    return not report.verified and any(text in problem for problem in report.problems)


def recount(export: Export) -> None:
    """What a forger would do: the end counts what is there."""
    export[-1]["end"] = {
        "checkpoints": sum("checkpoint" in line for line in export),
        "events": len(events(export)),
    }


def test_an_honest_export_is_verified(export: Export) -> None:
    report = verify(export)
    assert report.problems == ()
    assert report.verified
    assert (report.events, report.erased, report.incidents, report.checkpoints) == (7, 1, 3, 3)
    assert verify(export, head=report.head).verified


def test_an_empty_record_proves_nothing(tmp_path: Path) -> None:
    """Anybody can write a header and an end; with no checkpoint no key was ever used."""
    record = open_record(tmp_path)
    lines = [line.encode() for line in export_lines(record.engine, record.keys, at(0))]
    key = record.keys.public_key
    report = verify_export(lines, signature_check(key), public_key=key)
    assert (report.events, report.head) == (0, GENESIS)
    assert found(report, "nothing in it is signed")
    record.engine.dispose()


def test_edit_is_found(export: Export) -> None:
    export[events(export)[0]]["event"]["kind"] = "closed"
    assert found(verify(export), "was edited")


def test_edit_with_all_hashes_made_right_is_found(export: Export) -> None:
    first = export[events(export)[0]]["event"]["incident"]
    payload = {"by": "nobody"}
    previous = GENESIS
    for event in (export[n]["event"] for n in events(export)):
        if event["incident"] == first:
            event["payload"] = payload if event["seq"] == 1 else event["payload"]
            previous = rechained(event, previous)
    assert found(verify(export), "not the one that was signed")


def rechained(event: dict[str, Any], previous: str) -> str:
    """Make digest and hash of an event right again."""
    event["previous"] = previous
    if event.get("salt"):
        event["payload_digest"] = payload_digest(event["salt"], event["payload"])
    event["hash"] = link_hash(
        incident=event["incident"],
        seq=event["seq"],
        at=datetime.fromisoformat(event["at"]),
        kind=event["kind"],
        payload_digest=event["payload_digest"],
        previous=previous,
    )
    return str(event["hash"])


def test_edited_payload_is_found(export: Export) -> None:
    export[events(export)[0]]["event"]["payload"]["summary"] = "all is well"
    assert found(verify(export), "another payload")


def test_deletion_of_an_event_is_found(export: Export) -> None:
    del export[events(export)[1]]
    recount(export)
    assert found(verify(export), "deleted or moved")


def test_deletion_of_an_incident_is_found(export: Export) -> None:
    incident = export[events(export)[0]]["event"]["incident"]
    kept = [line for line in export if line.get("event", {}).get("incident") != incident]
    recount(kept)
    assert found(verify(kept), f"incident {incident} is missing")


def test_deletion_of_a_payload_is_found(export: Export) -> None:
    event = export[events(export)[1]]["event"]
    del event["payload"], event["salt"]
    assert found(verify(export), "nothing says that it was erased")


def test_reordering_of_events_is_found(export: Export) -> None:
    one, two = events(export)[1:3]
    export[one], export[two] = export[two], export[one]
    assert found(verify(export), "deleted or moved")


def test_reordering_with_renumbering_is_found(export: Export) -> None:
    one, two = events(export)[1:3]
    export[one], export[two] = export[two], export[one]
    previous = export[events(export)[0]]["event"]["hash"]
    for seq, n in enumerate(events(export)[1:4], start=2):
        export[n]["event"]["seq"] = seq
        previous = rechained(export[n]["event"], previous)
    assert found(verify(export), "not the one that was signed")


def test_reordering_of_checkpoints_is_found(export: Export) -> None:
    export[1], export[2] = export[2], export[1]
    assert found(verify(export), "missing or were moved")


def test_events_split_over_the_file_are_found(export: Export) -> None:
    export.insert(-1, export.pop(events(export)[0]))
    assert found(verify(export), "there twice, or its events were moved")


def test_truncated_tail_of_a_chain_is_found(export: Export) -> None:
    del export[events(export)[3]]
    recount(export)
    assert found(verify(export), "its tail was cut off")


def test_truncated_file_is_found(export: Export) -> None:
    assert found(verify(export[:-1]), "the end is missing")
    assert not verify(export[:-3]).verified
    assert not verify([]).verified


def test_tail_cut_together_with_its_checkpoint_is_found_by_a_kept_head(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    key = record.keys.public_key
    incident = asyncio.run(opened(record))
    cut = exported(record)
    asyncio.run(record.journal.append(incident.id, [Note(kind="embarrassing")], at(2)))
    kept = verify(exported(record), key=key).head
    assert verify(cut, key=key).verified, "nothing inside the export can tell"
    assert found(verify(cut, key=key, head=kept), "that you kept")
    record.engine.dispose()


def exported(record: Record) -> Export:
    return [json.loads(line) for line in export_lines(record.engine, record.keys, at(7))]


def test_missing_checkpoint_in_the_middle_is_found(export: Export) -> None:
    del export[2]
    recount(export)
    assert found(verify(export), "some are missing")


def test_an_export_without_any_checkpoint_is_found(export: Export) -> None:
    unsigned = [line for line in export if "checkpoint" not in line]
    recount(unsigned)
    assert found(verify(unsigned), "nothing in it is signed")
    only_ends = [line for line in unsigned if "event" not in line]
    recount(only_ends)
    assert found(verify(only_ends), "nothing in it is signed")


def test_missing_newest_checkpoint_leaves_events_without_signature(export: Export) -> None:
    del export[3]
    recount(export)
    assert found(verify(export), "covered by no signature")


def test_chain_made_anew_under_another_key_is_found(tmp_path: Path) -> None:
    """A whole consistent history, but not signed by the installation that we know."""
    record = open_record(tmp_path)
    asyncio.run(_history(record))
    lines = list(export_lines(record.engine, record.keys, at(7)))
    record.engine.dispose()
    forged = [json.loads(line) for line in lines]
    assert verify(forged, key=record.keys.public_key).verified
    assert found(verify(forged), "not signed with your key")
    forged[0]["header"]["public_key"] = history()[1]
    assert found(verify(forged), "not signed with your key")


def test_chain_made_anew_with_the_right_key_is_found_by_a_kept_head(tmp_path: Path) -> None:
    """Somebody who has the installation's key too can be found out only from outside."""
    record = open_record(tmp_path)
    asyncio.run(_history(record))
    kept = verify(exported(record), key=record.keys.public_key).head
    (tmp_path / "anew" / "keys").mkdir(parents=True)
    for key in (tmp_path / "keys").iterdir():
        shutil.copy2(key, tmp_path / "anew" / "keys")
    anew = open_record(tmp_path / "anew")
    asyncio.run(_history(anew))
    export = exported(anew)
    assert verify(export, key=record.keys.public_key).verified
    assert found(verify(export, key=record.keys.public_key, head=kept), "another history")
    record.engine.dispose()
    anew.engine.dispose()


def test_duplicated_incident_is_found(export: Export) -> None:
    twice = [export[n] for n in events(export)[:4]]
    copy = [*export[:-1], *twice, export[-1]]
    recount(copy)
    assert found(verify(copy), "there twice")


def test_problems_are_bounded(export: Export) -> None:
    report = verify([*export[:-1], *[export[1]] * 500, export[-1]])
    assert len(report.problems) == MAX_PROBLEMS + 1
    assert report.problems[-1].startswith("... and ")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"event":null}',
        b"\xff",
        b"{}" * 9,
        b"[" * 100_000,
        b'{"end":NaN}',
    ],
)
def test_lines_that_are_none_are_told_and_survived(export: Export, line: bytes) -> None:
    lines = [canonical_json(each).encode() for each in export]
    key = history()[1]
    report = verify_export([*lines[:4], line, *lines[4:]], signature_check(key), public_key=key)
    assert found(report, "line 5")
    assert report.events == 7


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value that holds a scalar."""
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, (*path, key))]
    if isinstance(value, list):
        return [leaf for n, each in enumerate(value) for leaf in leaves(each, (*path, n))]
    return [path]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from([GENESIS, "", 0, 1, 2, "opened", "payloads_erased", "2026-03-01T12:00:00Z"]),
)


def differ(one: object, other: object) -> bool:
    return canonical_json(one) != canonical_json(other)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_field_is_found(data: st.DataObject) -> None:
    export: Export = [json.loads(line) for line in history()[0].splitlines()]
    path = data.draw(st.sampled_from(leaves(export)))
    holder: Any = export
    for key in path[:-1]:
        holder = holder[key]
    changes: list[Callable[[str], str]] = [
        str.upper,
        str.strip,
        lambda s: s[::-1],
        lambda s: s[:-1],
    ]
    before = holder[path[-1]]
    strategy = SCALARS
    if isinstance(before, str):
        strategy |= st.sampled_from([change(before) for change in changes])
    after = data.draw(strategy.filter(lambda value: differ(value, before)))
    holder[path[-1]] = after
    assert not verify(export).verified


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    original = history()[0].encode()
    place = data.draw(st.integers(0, len(original) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != original[place]))
    changed = original[:place] + bytes([byte]) + original[place + 1 :]
    key = history()[1]
    lines = changed.splitlines(keepends=True)
    assert not verify_export(lines, signature_check(key), public_key=key).verified


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The export and the public key as files, and nothing else of the installation."""
    written, key = tmp_path / "export.jsonl", tmp_path / "audit.pub"
    write_export(iter(history()[0].splitlines()), str(written))
    key.write_text(history()[1] + "\n")
    return written, key


def test_command_verifies_with_no_installation(files: tuple[Path, Path]) -> None:
    """In a process of its own whose home and state are empty."""
    written, key = files
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.audit_alone",
            "verify",
            str(written),
            "--public-key",
            str(key),
            "--json",
        ],
        env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["verified"]
    assert report["events"] == 7
    assert report["problems"] == []
    assert written.stat().st_mode & 0o777 == 0o600


def test_command_exit_codes(files: tuple[Path, Path]) -> None:
    written, key = files
    run = CliRunner()
    good = run.invoke(audit_app, ["verify", str(written), "--public-key", history()[1]])
    assert (good.exit_code, "verified: 7 events" in good.stdout) == (0, True)
    head = ["--head", "0" * 63 + "1"]
    assert (
        run.invoke(audit_app, ["verify", str(written), "--public-key", str(key), *head]).exit_code
        == 1
    )
    written.write_text(written.read_text().replace('"seq":2', '"seq":3', 1))
    bad = run.invoke(audit_app, ["verify", str(written), "--public-key", str(key)])
    assert (bad.exit_code, "NOT VERIFIED" in bad.stdout) == (1, True)
    assert run.invoke(audit_app, ["verify", "/none", "--public-key", str(key)]).exit_code == 2
    assert (
        run.invoke(audit_app, ["verify", str(written), "--public-key", "nonsense"]).exit_code == 2
    )
    assert run.invoke(audit_app, ["verify", str(written)]).exit_code == 2


def test_without_a_kept_head_people_are_told_what_cannot_be_found(
    files: tuple[Path, Path],
) -> None:
    written, key = files
    asked = ["verify", str(written), "--public-key", str(key)]
    run = CliRunner()
    without = run.invoke(audit_app, asked)
    assert (without.exit_code, "only with a head that was kept" in without.stderr) == (0, True)
    in_json = run.invoke(audit_app, [*asked, "--json"])
    assert in_json.stderr == ""
    head = json.loads(in_json.stdout)["head"]
    assert run.invoke(audit_app, [*asked, "--head", head]).stderr == ""


def test_line_ends_are_part_of_the_file_not_of_the_proof(files: tuple[Path, Path]) -> None:
    written, key = files
    written.write_bytes(written.read_bytes().removesuffix(b"\n"))
    assert verify_file(str(written), str(key)).verified


def test_events_written_while_exporting_wait_for_the_next(tmp_path: Path) -> None:
    record = open_record(tmp_path)
    incident = asyncio.run(opened(record))
    lines = export_lines(record.engine, record.keys, at(1))
    begun = [next(lines)]
    asyncio.run(record.journal.append(incident.id, [Note(kind="late")], at(2)))
    key = record.keys.public_key
    rest = [line.encode() for line in [*begun, *lines]]
    report = verify_export(rest, signature_check(key), public_key=key)
    assert (report.problems, report.events) == ((), 1)
    record.engine.dispose()
