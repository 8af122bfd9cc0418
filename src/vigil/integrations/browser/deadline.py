"""How much of a journey's time is left."""

import asyncio

from vigil.integrations.browser.ends import Missed


class Deadline:
    """By the time of the running loop, in seconds."""

    def __init__(self, until: float) -> None:
        self.until = until

    def left(self, most: float | None = None) -> float:
        """Seconds, at most so many; ``Missed`` when there are none."""
        left = self.until - now()
        if left <= 0:
            raise Missed("the journey's time was over")
        return left if most is None else min(left, most)


def now() -> float:
    """Of the running loop."""
    return asyncio.get_running_loop().time()
