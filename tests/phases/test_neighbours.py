"""Whether a neighbour has got worse by more than chance and a restart explain (about 1 s)."""

from random import Random

import pytest
from tests.phases.values import ref
from tests.support.hand_clock import START
from tests.support.world import LETTERS

from vigil.domain.probe import ProbeResult
from vigil.verify.baseline import CHANCE_LOOKS
from vigil.verify.neighbours import well, worse


def looks(letters: str, seconds: float = 0.02) -> list[ProbeResult]:
    return [
        ProbeResult(
            ref=ref("db/accepts"), outcome=LETTERS[letter], text=letter, seconds=seconds, at=START
        )
        for letter in letters
    ]


@pytest.mark.parametrize(
    ("before", "after", "bad"),
    [
        ("PPPP", "FFF", False),
        ("PPPP", "FFFF", True),
        ("PPPP", "FPFFFPFF", True),
        ("PPPP", "FPFFFFFP", False),
        ("PPPP", "FPFPFPFP", False),
        ("PPPP", "FFFPPPPP", False),
        ("PPPP", "????", True),
        ("PPPF", "FPFPFPFP", False),
        ("PPPF", "FFFFFFFF", True),
        ("PFFF", "FFFFFFFF", False),
        ("FFFF", "FFFFFFFF", False),
        ("????", "FFFFFFFF", False),
        ("PPPP", "", False),
    ],
)
def test_a_probe_is_compared_with_itself(before: str, after: str, *, bad: bool) -> None:
    assert (worse(looks(before), looks(after)) is not None) is bad


@pytest.mark.parametrize(
    ("seconds", "bad"), [(0.02, False), (0.9, False), (1.2, True)], ids=["same", "little", "much"]
)
def test_one_that_passes_and_takes_much_longer_is_worse(seconds: float, *, bad: bool) -> None:
    told = worse(looks("PPPP"), looks(6 * "P", seconds))
    assert (told is not None) is bad
    assert not bad or "took 0.02 s before and takes 1.20 s now" in str(told)


def test_a_few_slow_looks_are_not_enough() -> None:
    assert worse(looks("PPPP"), [*looks(5 * "P", 2.0), *looks("P")]) is None


@pytest.mark.parametrize(
    ("before", "after", "is_well"),
    [
        ("PPPP", "PPPP", True),
        ("PPPP", "PPP", False),
        ("PPPP", "FPPPP", True),
        ("PPPP", "PPPPF", False),
        ("FFFF", "FFFF", True),
        ("FFFF", "", True),
        ("FPFF", "FFFFFF", True),
        ("FPFP", "FFFFFF", False),
        ("FPFP", "FPFPFF", True),
        ("FPPP", "FFPFFF", False),
        ("????", "????", False),
        ("?PPP", "PPPF", False),
    ],
)
def test_one_that_failed_at_times_need_not_be_better_now(
    before: str, after: str, *, is_well: bool
) -> None:
    assert well(looks(before), looks(after)) is is_well


@pytest.mark.parametrize(
    ("fails", "most"), [(0.0, 0), (0.02, 0.2), (0.05, 0.3), (0.1, 1), (0.5, 12)]
)
def test_one_that_did_not_change_is_seldom_called_worse(fails: float, most: float) -> None:
    """Two thousand rows, judged from the end of a restart on until patience ends: at most so many
    of a hundred; nearly all verifications end before that.
    """
    chance = Random(f"neighbours {fails}")  # noqa: S311 - variety, not secrecy
    seen = {letter: looks(letter)[0] for letter in "PF"}

    def draw(many: int) -> list[ProbeResult]:
        return [seen["F" if chance.random() < fails else "P"] for _ in range(many)]

    called = 0
    for _ in range(2000):
        before, after = draw(CHANCE_LOOKS), draw(30)
        called += any(worse(before, after[:n]) is not None for n in range(15, 31))
    assert called <= 20 * most


@pytest.mark.parametrize(("fails", "least"), [(0.5, 80), (0.7, 98), (1.0, 100)])
def test_one_that_broke_is_called_worse(fails: float, least: float) -> None:
    """Of a thousand rows: at least so many of a hundred in half a minute; none of the others
    is taken for well as long as it does not pass several times in a row.
    """
    chance = Random(f"broken {fails}")  # noqa: S311 - variety, not secrecy
    seen = {letter: looks(letter)[0] for letter in "PF"}
    called = 0
    for _ in range(1000):
        after = [seen["F" if chance.random() < fails else "P"] for _ in range(30)]
        called += any(worse(looks("PPPP"), after[:n]) is not None for n in range(15, 31))
    assert called >= 10 * least
