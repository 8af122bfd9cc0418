"""How often somebody may show a wrong token."""

import ipaddress
from collections import OrderedDict

BURST = 10
"""Wrong tokens in a row before an address has to wait."""
REFILL_S = 6.0
"""Seconds after which it may be wrong once more."""
MOST_ADDRESSES = 1024
"""How many addresses are remembered; beyond it the one that was quiet longest is forgotten."""


class Tries:
    """A bucket of tries for each address; only wrong tokens take from it."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Seconds until this address may be wrong again; 0 when it may now."""
        left = self._tries(_key(address), now)
        return 0.0 if left >= 1 else (1 - left) * REFILL_S

    def wrong(self, address: str, now: float) -> None:
        """It showed a wrong token."""
        key = _key(address)
        self._left[key] = (max(self._tries(key, now) - 1, 0.0), now)
        self._left.move_to_end(key)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)

    def _tries(self, key: str, now: float) -> float:
        left, at = self._left.get(key, (float(BURST), now))
        return min(left + (now - at) / REFILL_S, float(BURST))


def _key(address: str) -> str:
    """One customer's IPv6 network counts as one address, or nobody would ever run out of tries."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)
