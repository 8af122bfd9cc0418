"""The promises of ``ports.figures``, over a folder of files (below 1 s)."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.hand_clock import START

from vigil.domain.figures import FORGOTTEN, MOST_KEPT, Figure, usually
from vigil.domain.probe import ProbeRef
from vigil.integrations.figures.embedded import FileFigures
from vigil.ports.figures import Figures

REF, OTHER = ProbeRef(service="shop", probe="quick"), ProbeRef(service="shop", probe="slow")
SPEC, CHANGED = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def figure(number: int) -> Figure:
    return Figure(at=START + timedelta(minutes=number), p50_ms=number, p95_ms=2 * number)


NOW = figure(60).at


# 1. what was kept, oldest first, also after a restart ---------------------------------------------


async def test_1_what_is_kept_is_known_oldest_first(tmp_path: Path) -> None:
    kept: Figures = FileFigures(tmp_path / "figures")
    for number in (1, 2, 3):
        await kept.keep(REF, SPEC, figure(number))
    await kept.keep(OTHER, SPEC, figure(9))
    again: Figures = FileFigures(tmp_path / "figures")
    assert await again.known(REF, SPEC, NOW) == tuple(map(figure, (1, 2, 3)))
    assert await again.known(OTHER, SPEC, NOW) == (figure(9),)


async def test_1_many_at_once_are_all_kept(tmp_path: Path) -> None:
    kept = FileFigures(tmp_path)
    await asyncio.gather(*(kept.keep(REF, SPEC, figure(number)) for number in range(20)))
    assert len(await kept.known(REF, SPEC, NOW)) == 20


async def test_1_only_its_owner_may_read_it(tmp_path: Path) -> None:
    await FileFigures(tmp_path / "figures").keep(REF, SPEC, figure(1))
    (folder,) = (tmp_path / "figures").iterdir()
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


# 2. of this very probe, not too old, not too many -------------------------------------------------


async def test_2_a_changed_probe_has_none_and_begins_anew(tmp_path: Path) -> None:
    kept = FileFigures(tmp_path)
    await kept.keep(REF, SPEC, figure(1))
    assert await kept.known(REF, CHANGED, NOW) == ()
    await kept.keep(REF, CHANGED, figure(2))
    assert await kept.known(REF, CHANGED, NOW) == (figure(2),)
    assert await kept.known(REF, SPEC, NOW) == ()


async def test_2_the_newest_are_known_and_the_old_are_forgotten(tmp_path: Path) -> None:
    kept = FileFigures(tmp_path)
    for number in range(MOST_KEPT + 3):
        await kept.keep(REF, SPEC, figure(number))
    known = await kept.known(REF, SPEC, NOW)
    assert known == tuple(figure(number) for number in range(3, MOST_KEPT + 3))
    assert await kept.known(REF, SPEC, known[-2].at + FORGOTTEN) == known[-1:]


# 3. never raising ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"spec": "sha256:1", "figures": []}', b"[" * 100_000]
)
async def test_3_what_cannot_be_read_is_not_known(tmp_path: Path, content: bytes) -> None:
    kept = FileFigures(tmp_path)
    await kept.keep(REF, SPEC, figure(1))
    (tmp_path / "shop" / "quick.json").write_bytes(content)
    assert await kept.known(REF, SPEC, NOW) == ()
    await kept.keep(REF, SPEC, figure(2))
    assert await kept.known(REF, SPEC, NOW) == (figure(2),)


async def test_3_what_cannot_be_kept_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    blocked = FileFigures(tmp_path / "file")
    await blocked.keep(REF, SPEC, figure(1))
    assert await blocked.known(REF, SPEC, NOW) == ()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    kept = FileFigures(tmp_path / "figures")
    await kept.keep(REF, SPEC, figure(1))
    monkeypatch.setattr(os, "fsync", full)
    await kept.keep(REF, SPEC, figure(2))
    assert await kept.known(REF, SPEC, NOW) == (figure(1),)


# what they say together ---------------------------------------------------------------------------


def test_a_few_odd_figures_do_not_move_what_is_usual() -> None:
    quick = [Figure(at=START, p50_ms=10, p95_ms=20)] * 8
    odd = [Figure(at=START, p50_ms=900, p95_ms=2000)] * 2
    usual = usually([*quick, *odd])
    assert usual is not None
    assert (usual.p50.median, usual.p95.median) == (10, 20)
    assert usual.missed_by(quick[0]) is None
    assert "p50 usually is 10 ms (of 10 looks)" in str(usual.missed_by(odd[0]))
    tail = Figure(at=START, p50_ms=10, p95_ms=500)
    assert "p95 usually is 20 ms" in str(usual.missed_by(tail))
    assert usually(quick[:4]) is None


def test_what_strays_by_itself_may_stray() -> None:
    """A page whose times are all over the place is not called slow for being there, too."""
    wild = [Figure(at=START, p50_ms=ms, p95_ms=ms) for ms in (50, 400, 900, 1400, 1800)]
    usual = usually(wild)
    assert usual is not None
    assert usual.missed_by(Figure(at=START, p50_ms=3000, p95_ms=3000)) is None
    assert usual.missed_by(Figure(at=START, p50_ms=4000, p95_ms=4000)) is not None
