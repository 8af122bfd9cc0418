"""Whether a neighbour has got worse: more than chance and a restart explain, by what it did before.

No number here is a limit on how good a service has to be. Each probe is compared with itself.
"""

from collections.abc import Sequence
from math import comb
from statistics import median

from vigil.domain.probe import ProbeOutcome, ProbeResult

OF = 8
"""How many of the newest looks count."""
RESTART = 4
"""Fewer looks than this that do not pass are the restart itself."""
CHANCE = 0.01
"""How likely it may be at most that nothing changed and the looks only fell so."""
FEWEST_FAST = 6
"""Looks after which one that all of them were slower than all before is no chance."""
MUCH_SLOWER, LEAST_S = 3.0, 1.0
"""Three times as long and a second more: a busy machine alone makes a quick look take tenths."""


def worse(before: Sequence[ProbeResult], after: Sequence[ProbeResult]) -> str | None:
    """Why, as a sentence; None while nothing shows it.

    ``before`` are all looks just before the plan acted, ``after`` those since, oldest first.
    """
    newest = after[-OF:]
    if not any(_passes(look) for look in before) or not newest:
        return None
    ill = sum(not _passes(look) for look in newest)
    usual = (sum(not _passes(look) for look in before) + 0.5) / (len(before) + 1)
    if ill >= RESTART and _at_least(ill, len(newest), usual) < CHANCE:
        text = next(look.text for look in reversed(newest) if not _passes(look))
        times = f"{sum(map(_passes, before))} of {len(before)} looks before"
        return f"passed in {times} and fails in {ill} of the newest {len(newest)}: {text}"
    return _slower(before, newest)


def _slower(before: Sequence[ProbeResult], newest: Sequence[ProbeResult]) -> str | None:
    took = [look.seconds for look in before if _passes(look)]
    takes = [look.seconds for look in newest[-FEWEST_FAST:] if _passes(look)]
    if len(takes) < FEWEST_FAST or min(takes) <= max(took):
        return None
    was, is_now = median(took), median(takes)
    if is_now < MUCH_SLOWER * was + LEAST_S:
        return None
    return f"took {was:.2f} s before and takes {is_now:.2f} s now"


def _passes(look: ProbeResult) -> bool:
    return look.outcome is ProbeOutcome.PASSING


def _at_least(times: int, of: int, chance: float) -> float:
    """How likely it is that something of this chance happens so many times or more often."""
    return sum(comb(of, n) * chance**n * (1 - chance) ** (of - n) for n in range(times, of + 1))
