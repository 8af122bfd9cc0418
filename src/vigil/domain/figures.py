"""How quick a page was when it was well: figures of former looks, and what is usual by them."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import ConfigDict, NonNegativeFloat

from vigil.domain.telemetry import A_TENTH_S, TWICE, Band, band_of
from vigil.domain.value import Instant, Value

MOST_KEPT = 50
"""Of each probe; the oldest go first."""
FORGOTTEN = timedelta(days=7)
"""Older ones say nothing any more: what became slower on purpose is usual after so long."""


class Figure(Value):
    """One look at a page, with all its requests, that found it well."""

    model_config = ConfigDict(allow_inf_nan=False)

    at: Instant
    p50_ms: NonNegativeFloat
    p95_ms: NonNegativeFloat


class Usually(Value):
    """What the figures of a page say together."""

    p50: Band
    p95: Band

    def missed_by(self, now: Figure) -> str | None:
        """How a page is slower than chance explains, as the end of a sentence."""
        for name, took, band in (("p50", now.p50_ms, self.p50), ("p95", now.p95_ms, self.p95)):
            limit = band.reach(share=TWICE, least=A_TENTH_S * 1000)
            if took > limit:
                return (
                    f"{name} usually is {band.median:.0f} ms (of {band.windows} looks), and more "
                    f"than {limit:.0f} ms is no chance"
                )
        return None


def usually(figures: Sequence[Figure]) -> Usually | None:
    """Their medians and how far they stray; None of too few."""
    p50 = band_of([figure.p50_ms for figure in figures])
    p95 = band_of([figure.p95_ms for figure in figures])
    return Usually(p50=p50, p95=p95) if p50 and p95 else None
