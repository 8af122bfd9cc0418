"""The files that open the door are whole, or they are not used."""

import threading
from pathlib import Path

import pytest

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.files import place_once, replace
from vigil.integrations.access.embedded import load_credentials

FILES = ("session.key", "access.sha256")


def test_made_once_and_then_kept(tmp_path: Path) -> None:
    first = load_credentials(tmp_path, None)
    second = load_credentials(tmp_path, None)
    assert first.new_token
    assert second.new_token is None
    assert (second.token_hash, second.session_key) == (first.token_hash, first.session_key)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(FILES)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("name", FILES)
def test_what_a_crash_left_of_a_draft_is_in_nobodys_way(tmp_path: Path, name: str) -> None:
    (tmp_path / f".{name}.0123456789abcdef").write_bytes(b"")
    made = load_credentials(tmp_path, None)
    assert made.new_token
    assert len(made.session_key) == 32


@pytest.mark.parametrize("content", [b"", b"half"])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path, name: str, content: bytes) -> None:
    load_credentials(tmp_path, None)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=f"{name} is damaged; delete it"):
        load_credentials(tmp_path, None)
    (tmp_path / name).unlink()
    assert len(load_credentials(tmp_path, None).session_key) == 32


def test_of_many_at_once_one_places_it_and_all_read_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    seen: list[bytes] = []
    ready = threading.Barrier(8)

    def place(number: int) -> None:
        ready.wait()
        place_once(file, bytes([number]) * 5000, mode=0o600)
        seen.append(file.read_bytes())

    threads = [threading.Thread(target=place, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert set(seen) == {file.read_bytes()}
    assert len(file.read_bytes()) == 5000
    assert list(tmp_path.iterdir()) == [file]


def test_a_replacement_that_fails_leaves_no_draft(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="directory"):
        replace(folder, b"new")
    assert list(tmp_path.iterdir()) == [folder]
