"""The promises of ``ports.changes``."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.catalogue import Catalogue
from vigil.integrations.changes.embedded import MOST_BYTES, ReleaseLogChanges, _read

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
def changes(log: Log) -> ReleaseLogChanges:
    known = {"changes": {"release_log": str(log.path)}}
    services = {"shop": known, "worker": known, "cache": {}}
    return ReleaseLogChanges(Catalogue.model_validate({"version": 1, "services": services}))


async def test_1_none_when_nothing_is_known_and_empty_when_nothing_was_released(
    changes: ReleaseLogChanges, log: Log
) -> None:
    assert await changes.releases("cache", NOON) is None
    assert await changes.releases("nobody", NOON) is None
    assert await changes.releases("shop", NOON) is None, "the log does not exist yet"
    log.holds()
    assert await changes.releases("shop", NOON) == ()


async def test_2_newest_first_only_this_service_since_then(
    changes: ReleaseLogChanges, log: Log
) -> None:
    log.holds(line(3), line(-1), line(1), line(2, "worker"), line(0), end="")
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert [release.release for release in found] == ["shop-3", "shop-1", "shop-0"]


async def test_2_of_two_at_one_time_the_later_line_is_the_newer(
    changes: ReleaseLogChanges, log: Log
) -> None:
    log.holds(line(1, release="first"), line(1, release="second"))
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert [release.release for release in found] == ["second", "first"]


async def test_2_at_most_50_from_a_long_log(changes: ReleaseLogChanges, log: Log) -> None:
    assert log.holds(*(line(n, note="x" * 250) for n in range(4000))) > MOST_BYTES
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert len(found) == 50
    assert found[0].release == "shop-3999"


async def test_3_broken_lines_are_skipped(changes: ReleaseLogChanges, log: Log) -> None:
    broken = ["{", "[]", "null", "\x00\xff", line(4, digest="sha256:short"), line(5, at="today")]
    log.holds(line(1), *broken, line(2, extra="ignored"), line(6)[:-20], end="")
    found = await changes.releases("shop", NOON)
    assert found is not None
    assert [release.release for release in found] == ["shop-2", "shop-1"]


async def test_what_people_wrote_is_cleaned(changes: ReleaseLogChanges, log: Log) -> None:
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
