"""The promises of ``ports.screenshots``, over a folder of files (below 1 s)."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from vigil.integrations.screenshots.embedded import MOST_OF_ONE, PNG, FileScreenshots
from vigil.ports.screenshots import Screenshots


def picture(number: int, size: int = 100) -> bytes:
    return PNG + f"{number:04}".encode().ljust(size, b".")


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def age(folder: Path) -> None:
    """Make all that is there an hour older, in the same order."""
    for path in folder.iterdir():
        found = path.stat().st_mtime_ns - 3_600 * 10**9
        os.utime(path, ns=(found, found))


# 1. the very same bytes, also after a restart -----------------------------------------------------


async def test_1_what_is_kept_is_found_by_its_digest(tmp_path: Path) -> None:
    kept: Screenshots = FileScreenshots(tmp_path / "screenshots")
    digest = await kept.keep(picture(1))
    assert digest == digest_of(picture(1))
    assert await kept.keep(picture(1)) == digest
    assert await kept.read(digest) == picture(1)
    assert await FileScreenshots(tmp_path / "screenshots").read(digest) == picture(1)


async def test_1_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "screenshots"
    await FileScreenshots(folder).keep(picture(1))
    (file,) = files(folder)
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"\xff\xd8\xff", PNG[:7], picture(1, MOST_OF_ONE)]
)
async def test_1_what_is_no_picture_or_too_long_is_not_kept(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "screenshots"
    assert await FileScreenshots(folder).keep(content) is None
    assert not folder.exists()
    assert await FileScreenshots(folder).keep(picture(1, MOST_OF_ONE - len(PNG))) is not None


# 2. bounded, oldest first; what was changed is not read -------------------------------------------


async def test_2_beyond_so_many_files_the_oldest_go(tmp_path: Path) -> None:
    kept = FileScreenshots(tmp_path, most_files=3)
    digests = []
    for number in range(5):
        digests.append(await kept.keep(picture(number)))
        age(tmp_path)
    there = [digest is not None and await kept.read(digest) is not None for digest in digests]
    assert there == [False, False, True, True, True]
    assert len(files(tmp_path)) == 3


async def test_2_beyond_so_many_bytes_the_oldest_go(tmp_path: Path) -> None:
    kept = FileScreenshots(tmp_path, most_bytes=3 * len(picture(0, 1000)))
    for number in range(5):
        await kept.keep(picture(number, 1000))
        age(tmp_path)
    assert len(files(tmp_path)) == 3
    assert await kept.read(digest_of(picture(4, 1000))) is not None
    assert await kept.read(digest_of(picture(1, 1000))) is None


async def test_2_the_newest_stays_even_if_it_alone_is_too_much(tmp_path: Path) -> None:
    kept = FileScreenshots(tmp_path, most_bytes=10)
    await kept.keep(picture(1))
    age(tmp_path)
    digest = await kept.keep(picture(2))
    assert digest is not None
    assert await kept.read(digest) == picture(2)
    assert len(files(tmp_path)) == 1


async def test_2_one_that_is_taken_again_is_young_again(tmp_path: Path) -> None:
    kept = FileScreenshots(tmp_path, most_files=2)
    for number in (1, 2, 1, 3):
        await kept.keep(picture(number))
        age(tmp_path)
    assert await kept.read(digest_of(picture(1))) is not None
    assert await kept.read(digest_of(picture(2))) is None


async def test_2_many_at_once_stay_within_the_bound(tmp_path: Path) -> None:
    kept = FileScreenshots(tmp_path, most_files=5)
    await asyncio.gather(*(kept.keep(picture(number)) for number in range(30)))
    assert len(files(tmp_path)) == 5


async def test_2_one_that_was_changed_is_not_read_and_can_be_kept_again(tmp_path: Path) -> None:
    kept = FileScreenshots(tmp_path)
    digest = await kept.keep(picture(1))
    assert digest is not None
    (file,) = files(tmp_path)
    file.write_bytes(picture(2))
    assert await kept.read(digest) is None
    assert await kept.keep(picture(1)) == digest
    assert await kept.read(digest) == picture(1)


@pytest.mark.parametrize(
    "digest",
    ["", "sha256:", "sha256:../../etc/passwd", f"sha256:{'0' * 64}", f"sha256:{'0' * 63}/"],
)
async def test_2_what_is_not_there_is_none(tmp_path: Path, digest: str) -> None:
    assert await FileScreenshots(tmp_path).read(digest) is None


async def test_2_a_link_out_of_the_folder_shows_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    folder = tmp_path / "screenshots"
    folder.mkdir()
    name = "0" * 64
    (folder / f"{name}.png").symlink_to(secret)
    assert await FileScreenshots(folder).read(f"sha256:{name}") is None


# 3. never raising ---------------------------------------------------------------------------------


async def test_3_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = FileScreenshots(tmp_path / "file" / "screenshots")
    assert await kept.keep(picture(1)) is None
    assert await kept.read(digest_of(picture(1))) is None


async def test_3_no_room_on_the_disk_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert await FileScreenshots(tmp_path).keep(picture(1)) is None
    assert files(tmp_path) == []


async def test_3_something_else_in_the_folder_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "note.txt").write_text("not mine")
    (tmp_path / f".{'0' * 64}.png.12ab").write_bytes(b"half wri")
    age(tmp_path)
    kept = FileScreenshots(tmp_path, most_files=1)
    digest = await kept.keep(picture(1))
    assert digest is not None
    picture_file = f"{digest.removeprefix('sha256:')}.png"
    assert {file.name for file in files(tmp_path)} == {"folder", "note.txt", picture_file}
