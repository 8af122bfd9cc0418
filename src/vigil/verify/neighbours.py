"""Whether a neighbour has got worse: more than chance and a restart explain, by what it did before.

No number here is a limit on how good a service has to be. Each probe is compared with itself.
"""

from collections.abc import Sequence
from math import comb
from statistics import median

from vigil.domain.probe import ProbeResult

OF = 8
"""How many of the newest looks count."""
FEWEST = 4
"""Fewer looks than this that do not pass say nothing."""
CHANCE = 0.001
"""How likely it may be at most that nothing changed and the looks only fell so. A verification asks
up to fifteen times from then on until its patience ends: of 2,000 neighbours that did not
change, so many were called worse in that: none of those that fail 1 look in 20, 2 of those that
fail 1 in 10, 38 that fail 1 in 5. Of those that never failed and fail every other look since, 85 in
100 are; all that fail every look."""
DOUBT = 0.05
"""How unlikely it may be at most while a neighbour that failed at times before counts as well."""
WELL = 4
"""Looks in a row after which a neighbour is well again."""
FEWEST_FAST = 6
"""Looks after which one that all of them were slower than all before is no chance."""
MUCH_SLOWER, LEAST_S = 3.0, 1.0
"""Three times as long and a second more: a busy machine alone makes a quick look take tenths."""


def worse(before: Sequence[ProbeResult], after: Sequence[ProbeResult]) -> str | None:
    """Why, as a sentence; None while nothing shows it.

    ``before`` are all looks just before the plan acted, ``after`` those since, oldest first.
    One that passes at the newest look is not called worse for those that did not.
    """
    newest = after[-OF:]
    if not any(look.passes for look in before) or not newest:
        return None
    ill = _ill(newest)
    if ill >= FEWEST and not newest[-1].passes and _by_chance(before, newest) < CHANCE:
        times = f"{len(before) - _ill(before)} of {len(before)} looks before"
        text = newest[-1].text
        return f"passed in {times} and fails in {ill} of the newest {len(newest)}: {text}"
    return _slower(before, newest, FEWEST_FAST)


def well(before: Sequence[ProbeResult], after: Sequence[ProbeResult]) -> bool:
    """It passes several times in a row as fast as before, or fails no more than it did before."""
    if _slower(before, after[-OF:], WELL) is not None:
        return False
    if len(after) >= WELL and all(look.passes for look in after[-WELL:]):
        return True
    if not any(look.fails for look in before):
        return False
    return not any(look.passes for look in before) or _by_chance(before, after[-OF:]) > DOUBT


def _by_chance(before: Sequence[ProbeResult], newest: Sequence[ProbeResult]) -> float:
    """How likely it is that so many of the newest looks do not pass although nothing changed."""
    usual = (_ill(before) + 0.5) / (len(before) + 1)
    return _at_least(_ill(newest), len(newest), usual)


def _ill(looks: Sequence[ProbeResult]) -> int:
    return sum(not look.passes for look in looks)


def _slower(
    before: Sequence[ProbeResult], newest: Sequence[ProbeResult], fewest: int
) -> str | None:
    took = [look.seconds for look in before if look.passes]
    takes = [look.seconds for look in newest if look.passes][-fewest:]
    if not took or len(takes) < fewest or min(takes) <= max(took):
        return None
    was, is_now = median(took), median(takes)
    if is_now < MUCH_SLOWER * was + LEAST_S:
        return None
    return f"took {was:.2f} s before and takes {is_now:.2f} s now"


def _at_least(times: int, of: int, chance: float) -> float:
    """How likely it is that something of this chance happens so many times or more often."""
    return sum(comb(of, n) * chance**n * (1 - chance) ** (of - n) for n in range(times, of + 1))
