"""A file that calls itself a backup is believed in nothing (below 2 s)."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.backup.members import Members, rebuilt

from vigil.domain.errors import PermanentError
from vigil.integrations.backup.archive import check, describe, pack, unpack
from vigil.integrations.backup.manifest import MAX_MANIFEST, Manifest

AT = "2026-03-01T12:00:00Z"
KEY = "keys/payload.key"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A sound one of two files."""
    folder = tmp_path / "parts"
    (folder / "keys").mkdir(parents=True)
    (folder / KEY).write_bytes(b"secret")
    (folder / "record.sqlite").write_bytes(b"rows" * 5000)
    file = tmp_path / "sound.tar"
    pack(folder, manifest_of(folder), file)
    return file


def manifest_of(folder: Path) -> Manifest:
    return Manifest.model_validate(
        {
            "schema": "vigil.backup/1",
            "version": "0.1.0",
            "revision": "0006",
            "at": AT,
            "items": [item.model_dump() for item in describe(folder)],
        }
    )


def test_a_sound_one_comes_back_as_it_was(archive: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    manifest = unpack(archive, there)
    assert manifest == check(archive) == manifest_of(there)
    assert {path.stat().st_mode & 0o777 for path in there.rglob("*.*") if path.is_file()} == {0o600}


def renamed(name: str) -> Callable[[Members], None]:
    """Both in the manifest and in the archive."""

    def change(members: Members) -> None:
        (head, text), (first, _), *_ = members
        manifest = json.loads(text)
        manifest["items"][0]["name"] = first.name = name
        new = json.dumps(manifest).encode()
        head.size = len(new)
        members[0] = (head, new)

    return change


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/cron.d/x", "keys/../../outside", "keys/./payload.key", "switch.json", ""],
)
def test_no_other_name_is_written(archive: Path, tmp_path: Path, name: str) -> None:
    there = tmp_path / "a" / "there"
    there.mkdir(parents=True)
    with pytest.raises(PermanentError):
        unpack(rebuilt(archive, renamed(name)), there)
    assert not [path for path in (tmp_path / "a").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_only_plain_files_are_taken(archive: Path, tmp_path: Path, kind: bytes) -> None:
    def change(members: Members) -> None:
        members[1][0].type, members[1][0].linkname, members[1][0].size = kind, "/etc/passwd", 0

    with pytest.raises(PermanentError, match="not where it should be"):
        check(rebuilt(archive, change))


def test_members_are_those_of_the_manifest_in_its_order(archive: Path) -> None:
    original = archive.read_bytes()
    for change in (
        lambda members: members.pop(),
        lambda members: members.pop(0),
        lambda members: members.append(members[1]),
        lambda members: members.reverse(),
        lambda members: members.insert(1, members[0]),
    ):
        archive.write_bytes(original)
        with pytest.raises(PermanentError):
            check(rebuilt(archive, change))


def test_a_manifest_has_a_bounded_length(archive: Path) -> None:
    def change(members: Members) -> None:
        long = members[0][1] + b" " * MAX_MANIFEST
        members[0][0].size = len(long)
        members[0] = (members[0][0], long)

    with pytest.raises(PermanentError, match="too long"):
        check(rebuilt(archive, change))


def test_one_of_a_later_format_is_named_as_such(archive: Path) -> None:
    def change(members: Members) -> None:
        later = members[0][1].replace(b"vigil.backup/1", b"vigil.backup/2")
        members[0] = (members[0][0], later)

    with pytest.raises(PermanentError, match="newer Vigil"):
        check(rebuilt(archive, change))


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"hello", b"\0" * 10240, b"\x1f\x8b" + b"x" * 600):
        file = tmp_path / "odd.tar"
        file.write_bytes(content)
        with pytest.raises(PermanentError):
            check(file)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 23_000), bit=st.integers(0, 7))
def test_a_changed_bit_is_found_or_changes_nothing(archive: Path, place: int, bit: int) -> None:
    """Headers hold times and owners that nobody reads; everything else is found out."""
    sound = archive.read_bytes()
    expected = check(archive)
    damaged = bytearray(sound)
    damaged[place % len(sound)] ^= 1 << bit
    archive.write_bytes(damaged)
    try:
        assert check(archive).items == expected.items
    except PermanentError:
        pass
    finally:
        archive.write_bytes(sound)


def test_a_cut_one_is_found_out(archive: Path) -> None:
    sound = archive.read_bytes()
    end = sound.rindex(b"rows") + 4
    for length in (*range(0, end, 997), end - 1):
        archive.write_bytes(sound[:length])
        with pytest.raises(PermanentError):
            check(archive)
