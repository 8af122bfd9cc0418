"""The promises of ``ports.changes``."""

import asyncio
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.catalogue import Catalogue
from vigil.integrations.changes import digests, embedded
from vigil.integrations.changes.embedded import MOST_BYTES, FileChanges, _read

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


def line(minute: int, service: str = "shop", **more: object) -> str:
    at = (NOON + timedelta(minutes=minute)).isoformat()
    entry = {"at": at, "service": service, "release": f"{service}-{minute}", "digest": DIGEST}
    return json.dumps(entry | {"previous": None, "by": "deploy-bot", "note": ""} | more)


class Log:
    """The file that a deploy tool writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def holds(self, *lines: str, end: str = "\n") -> int:
        return self.path.write_text("\n".join(lines) + end if lines else "")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "releases.jsonl")


@pytest.fixture
def changes(log: Log) -> FileChanges:
    known = {"changes": {"release_log": str(log.path)}}
    services = {"shop": known, "worker": known, "cache": {}}
    return FileChanges(Catalogue.model_validate({"version": 1, "services": services}))


async def test_1_none_when_nothing_is_known_and_empty_when_nothing_was_released(
    changes: FileChanges, log: Log
) -> None:
    assert await changes.releases("cache", NOON) is None
    assert await changes.releases("nobody", NOON) is None
    assert await changes.releases("shop", NOON) is None, "the log does not exist yet"
    log.holds()
    assert await changes.releases("shop", NOON) == ()


async def test_2_newest_first_only_this_service_since_then(changes: FileChanges, log: Log) -> None:
    log.holds(line(3), line(-1), line(1), line(2, "worker"), line(0), end="")
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert [release.release for release in found] == ["shop-3", "shop-1", "shop-0"]


async def test_2_of_two_at_one_time_the_later_line_is_the_newer(
    changes: FileChanges, log: Log
) -> None:
    log.holds(line(1, release="first"), line(1, release="second"))
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert [release.release for release in found] == ["second", "first"]


async def test_2_at_most_50_from_a_long_log(changes: FileChanges, log: Log) -> None:
    assert log.holds(*(line(n, note="x" * 250) for n in range(4000))) > MOST_BYTES
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert len(found) == 50
    assert found[0].release == "shop-3999"


async def test_3_broken_lines_are_skipped(changes: FileChanges, log: Log) -> None:
    broken = ["{", "[]", "null", "\x00\xff", line(4, digest="sha256:short"), line(5, at="today")]
    log.holds(line(1), *broken, line(2, extra="ignored"), line(6)[:-20], end="")
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert [release.release for release in found] == ["shop-2", "shop-1"]


# --- how a service is set up -----------------------------------------------------------------


def watching(*paths: Path) -> FileChanges:
    changes = {"configuration": [str(path) for path in paths]}
    services = {"shop": {"changes": changes}, "cache": {}}
    return FileChanges(Catalogue.model_validate({"version": 1, "services": services}))


async def test_4_the_same_content_is_the_same_and_any_other_is_another(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    changes = watching(file)
    seen: list[str] = []
    for content in (None, b"", b"a: 1\n", b"a: 2\n", b"a: 1\n"):
        if content is not None:
            file.write_bytes(content)
        found = await changes.configuration("shop")
        assert found is not None
        seen.append(found[str(file)])
    assert len(set(seen[:4])) == 4, "that it is not there is something else than that it is empty"
    assert seen[2] == seen[4]
    assert seen[0] == "absent"
    assert await changes.configuration("cache") == {}
    assert await changes.configuration("nobody") == {}


async def test_4_a_link_that_leads_elsewhere_is_another_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.yaml").write_text(name)
    link = tmp_path / "current"
    changes = watching(link, link / "app.yaml")
    seen = []
    for name in ("one", "two", "one"):
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        seen.append(await changes.configuration("shop"))
    assert seen[0] == seen[2] != seen[1]
    assert all(known is not None and len(set(known.values())) == 2 for known in seen)


async def test_4_what_is_no_plain_file_is_neither_read_nor_waited_for(tmp_path: Path) -> None:
    pipe, endless = tmp_path / "pipe", Path("/dev/zero")
    os.mkfifo(pipe)
    names = (pipe, endless, tmp_path, tmp_path / ("x" * 300), tmp_path / "loop")
    names[-1].symlink_to("loop")
    found = await watching(*names).configuration("shop")
    assert found is not None
    assert [found[str(name)].partition(":")[0] for name in names] == [
        *("not a file", "not a file", "not a file"),
        *("not readable", "not readable"),
    ]


async def test_4_a_file_system_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is asked, the record's own threads go on working."""
    monkeypatch.setattr(embedded, "CONFIGURATION_S", 0.05)
    here, far = watching(tmp_path / "app.yaml"), threading.Event()
    here._lookers.submit(far.wait)
    here._lookers.submit(far.wait)
    try:
        for _ in range(40):
            assert await here.configuration("shop") is None
        assert await asyncio.to_thread(int, "7") == 7
    finally:
        far.set()
    monkeypatch.undo()
    assert await here.configuration("shop") == {str(tmp_path / "app.yaml"): "absent"}


async def test_4_of_a_long_file_its_beginning_length_and_time_count(tmp_path: Path) -> None:
    long = tmp_path / "long"
    changes = watching(long)
    with long.open("wb") as file:
        file.truncate(digests.MOST_BYTES + 1)
    os.utime(long, ns=(1, 1))
    before = await changes.configuration("shop")
    assert await changes.configuration("shop") == before
    os.utime(long, ns=(2, 2))
    assert await changes.configuration("shop") != before


async def test_what_people_wrote_is_cleaned(changes: FileChanges, log: Log) -> None:
    log.holds(line(1, note="\x1b[31mpassword=hunter2 " + "x" * 1000))
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert "hunter2" not in found[0].note
    assert "\x1b" not in found[0].note
    assert len(found[0].note) <= 300


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_3_reading_a_line_never_raises(raw: bytes) -> None:
    assert len(list(_read(raw))) <= 1


@given(
    st.dictionaries(
        st.sampled_from(["at", "service", "release", "digest", "previous", "by", "note"]),
        st.one_of(
            st.none(), st.integers(), st.text(max_size=20), st.just(DIGEST), st.lists(st.none())
        ),
    )
)
def test_3_reading_an_object_never_raises(entry: dict[str, object]) -> None:
    assert len(list(_read(json.dumps(entry).encode()))) <= 1
