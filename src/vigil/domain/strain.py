"""Signs that a service suffers from a swarm, as the swarm's own sessions see them.

Nothing here is an absolute limit on how fast a service has to be: each step is compared with what
the first sessions found, when there were few of them. Each sign has some patience, as a swarm that
stops at a single slow answer says nothing, but it is counted in sessions, never in minutes.
"""

from collections import defaultdict, deque
from statistics import median

FIRST = 10
"""Times that a step was taken before anything is compared with them."""
LATELY = 10
MUCH_SLOWER, LEAST_S = 4.0, 2.0
"""How much longer a step takes lately, and by how many seconds at least: both. A page that is
loaded again and again until it shows something is looked at once a second."""
SLOWER, LITTLE_S = 2.0, 0.3
"""From here on it is time to slow down, long before it is time to stop."""
LEAST_SHARE = 0.1
ENDED = 20
"""How many of the newest ends count."""
MOST_FAILED = 2
"""Of them. The first failure may be the user's own; so many are not."""


class Strain:
    """Takes in what happens to the sessions of one swarm, in the order in which it happens."""

    def __init__(self) -> None:
        self._first: dict[int, list[float]] = defaultdict(list)
        self._lately: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=LATELY))
        self._ends: deque[bool] = deque(maxlen=ENDED)

    def took(self, number: int, seconds: float) -> None:
        """A step was taken, and how long it took."""
        if len(self._first[number]) < FIRST:
            self._first[number].append(seconds)
        else:
            self._lately[number].append(seconds)

    def ended(self, *, well: bool) -> None:
        """A session has ended."""
        self._ends.append(well)

    def share(self, since: int) -> float:
        """Of the present rate, how much the service bears, 0.1 to 1, by the steps from ``since``
        on: in proportion to how much longer than at first the slowest of them takes lately.
        """
        found = [1.0]
        for number, lately in self._lately.items():
            if number >= since:
                was, is_now = median(self._first[number]), median(lately)
                found.append(max(SLOWER * was, was + LITTLE_S) / is_now if is_now else 1.0)
        return max(min(found), LEAST_SHARE)

    def sign(self) -> str | None:
        """The first one there is, as half a sentence; None while there is none."""
        ill = self._ends.count(False)
        if ill > MOST_FAILED:
            return f"{ill} of its newest {len(self._ends)} sessions failed"
        for number, lately in sorted(self._lately.items()):
            was, is_now = median(self._first[number]), median(lately)
            if len(lately) == LATELY and is_now > max(MUCH_SLOWER * was, was + LEAST_S):
                return (
                    f"step {number} takes {is_now:.2f} s, and took {was:.2f} s when the first "
                    "sessions took it"
                )
        return None
