"""What tokens cost: the vendor's count and the installation's prices, in money."""

from decimal import ROUND_UP, Decimal
from typing import NamedTuple

from vigil.domain.cost import MOST_MONEY, Cost
from vigil.integrations.reasoner.model import Usage

_MILLION = Decimal(1_000_000)
_SMALLEST = Decimal("0.000001")
CACHE_WRITTEN = Decimal("1.25")
"""What a token costs that is written to the cache, against one that is only read."""
CACHE_READ = Decimal("0.1")
"""... and one that is read from it. Where a vendor takes less, more is counted than is paid."""


class Price(NamedTuple):
    """Of a million tokens, in the installation's currency."""

    read: Decimal
    written: Decimal

    def of(self, usage: Usage) -> Cost:
        """What this was billed at; fractions of the smallest coin count whole.

        More than can be written down is the most that can: it is beyond every limit.
        """
        read = usage.fresh + CACHE_WRITTEN * usage.cache_written + CACHE_READ * usage.cache_read
        money = (read * self.read + usage.out * self.written) / _MILLION
        return Cost(
            tokens_in=usage.fresh + usage.cache_written + usage.cache_read,
            tokens_out=usage.out,
            money=min(money.quantize(_SMALLEST, ROUND_UP), MOST_MONEY),
        )
