"""Whether a number that was measured is within its bounds, as a sentence."""

import math

from vigil.integrations.probes.sight import Sight, failing, passing, unknown


def judged(
    told: str, number: float, *, most: float | None = None, least: float | None = None
) -> Sight:
    """``told`` says the number, without a full stop."""
    if math.isnan(number):
        return unknown(f"{told}, which is neither too much nor too little.")
    if most is not None and number > most:
        return failing(f"{told}, more than {most:g}.", number)
    if least is not None and number < least:
        return failing(f"{told}, less than {least:g}.", number)
    if math.isinf(number):  # something was divided by nothing; that is no good answer
        return unknown(f"{told}, which nobody has measured.")
    bounds = (("at least", least), ("at most", most))
    fine = " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)
    return passing(f"{told}, {fine} is fine.", number)
