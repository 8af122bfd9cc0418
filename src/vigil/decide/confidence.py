"""Confidence: a lower bound on the chance that this plan will be proven to fix this incident.

It is the product of two chances: that the leading hypothesis is right, and that the runbook's plan
is proven when it is. The second is the lower end of Wilson's interval over the measured record
(E. B. Wilson, 1927), one-sided at 95 %, so that a short record stays far from certain. No record
never reaches 90, whatever the evidence.
"""

from math import floor, sqrt

from vigil.domain.runbook import Record

Z = 1.6448536269514722
"""Standard normal quantile of 0.95."""
WITHOUT_RECORD = 0.5
"""What an untried runbook is given: as likely to work as not."""


def wilson_lower(successes: int, trials: int) -> float:
    """Lower bound of a proportion, 0 to 1; ``WITHOUT_RECORD`` when nothing was tried."""
    if successes > trials:
        raise ValueError(f"{successes} successes of {trials} trials cannot be; count them again")
    if trials == 0:
        return WITHOUT_RECORD
    share = successes / trials
    centre = share + Z**2 / (2 * trials)
    spread = Z * sqrt(share * (1 - share) / trials + Z**2 / (4 * trials**2))
    return max(0.0, (centre - spread) / (1 + Z**2 / trials))


def chance(record: Record) -> float:
    """Lower bound of the chance that a plan with this record is proven, 0 to 1.

    A first success must not make it smaller than nothing at all: few trials, all of them proven,
    are worth what no trial is worth.
    """
    bound = wilson_lower(record.successes, record.trials)
    return max(WITHOUT_RECORD, bound) if record.successes == record.trials else bound


def confidence(likelihood: float, record: Record) -> int:
    """0 to 100, rounded down."""
    return floor(100 * likelihood * chance(record))
