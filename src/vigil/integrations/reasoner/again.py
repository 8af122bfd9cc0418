"""After how long another try is worth it, by what a server says in its headers."""

import math
from collections.abc import Mapping

SOON_S = 1.0
"""Where it does not say after how long."""


def again_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; None where it says that there is no sense in it."""
    if headers.get("x-should-retry") == "false":
        return None
    try:
        said = float(headers.get("retry-after", SOON_S))
    except ValueError:
        return SOON_S
    return said if math.isfinite(said) and said >= 0 else None
