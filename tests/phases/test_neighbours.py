"""Whether a neighbour has got worse by more than chance and a restart explain (about 1 s)."""

from random import Random

import pytest
from tests.phases.values import ref
from tests.support.hand_clock import START
from tests.support.world import LETTERS

from vigil.domain.probe import ProbeResult
from vigil.verify.neighbours import worse


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
        ("PPPP", "FPFPFPFP", True),
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


@pytest.mark.parametrize(("fails", "most"), [(0.0, 0), (0.05, 2), (0.25, 12)])
def test_one_that_did_not_change_is_seldom_called_worse(fails: float, most: int) -> None:
    """Of a thousand rows of a verification's length; those that never passed before left out."""
    chance = Random(f"neighbours {fails}")  # noqa: S311 - variety, not secrecy

    def draw(many: int) -> str:
        return "".join("F" if chance.random() < fails else "P" for _ in range(many))

    called = 0
    for _ in range(1000):
        before, after = looks(draw(4)), looks(draw(8))
        called += any(worse(before, after[:n]) is not None for n in range(1, 9))
    assert called <= 10 * most
