"""What was scraped of one instance in the last minutes, and how much its counters grew."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

MOST_SERIES = 500
"""Of one instance. If all of them change with each scrape of one a second, some fifty megabytes."""

Labels = tuple[tuple[str, str], ...]


class Series(NamedTuple):
    """A counter by its name and its sorted labels."""

    name: str
    labels: Labels


class _Point(NamedTuple):
    at: float
    value: float


class InstanceHistory:
    """The scrapes of one instance, bounded in time and in number of series.

    A counter that stood still takes no room: its value is written down only when it changed.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._scrapes: deque[float] = deque()
        self._series: dict[Series, deque[_Point]] = {}
        self._seen: dict[Series, float] = {}

    def record(self, at: float, values: Mapping[Series, float]) -> None:
        """One successful scrape of at most MOST_SERIES counters."""
        self._scrapes.append(at)
        for series, value in values.items():
            self._seen[series] = at
            points = self._series.setdefault(series, deque())
            if not points or points[-1].value != value:
                points.append(_Point(at, value))
        self._forget(at - self._keep_s)

    def names(self) -> frozenset[str]:
        """The names of all counters seen."""
        return frozenset(series.name for series in self._series)

    def newest(self, name: str) -> float | None:
        """The highest value under a name in the last scrape."""
        last = self._scrapes[-1] if self._scrapes else None
        return max(
            (
                points[-1].value
                for series, points in self._series.items()
                if series.name == name and self._seen[series] == last
            ),
            default=None,
        )

    @property
    def first(self) -> float | None:
        """When the oldest scrape was that is still kept."""
        return self._scrapes[0] if self._scrapes else None

    def span(self, start: float, end: float, slack: float) -> tuple[float, float] | None:
        """The two scrapes that enclose a time best, or None when there are no two.

        The first is the last one up to ``start``, unless it is more than ``slack`` older (nobody
        could look in between, and what happened then is not part of this time).
        """
        inside = [at for at in self._scrapes if start < at <= end]
        before = [at for at in self._scrapes if start - slack <= at <= start]
        first = before[-1] if before else (inside[0] if inside else None)
        if first is None or not inside or inside[-1] <= first:
            return None
        return first, inside[-1]

    def increase(self, span: tuple[float, float], wanted: Callable[[Series], bool]) -> float:
        """How much the wanted counters grew between two scrapes."""
        return sum(
            _growth(points, *span) for series, points in self._series.items() if wanted(series)
        )

    def _forget(self, until: float) -> None:
        while len(self._scrapes) > 1 and self._scrapes[0] < until:
            self._scrapes.popleft()
        oldest = self._scrapes[0]
        # Counters that are gone make room, and go anyway once nothing is remembered of their time.
        gone = sorted((at, series) for series, at in self._seen.items() if at < self._scrapes[-1])
        surplus = len(self._series) - MOST_SERIES
        for place, (seen, series) in enumerate(gone):
            if place < surplus or seen < oldest:
                del self._series[series], self._seen[series]
        for points in self._series.values():
            # The newest value up to the oldest scrape stays: it is what the counter showed then.
            while len(points) > 1 and points[1].at <= oldest:
                points.popleft()


def _growth(points: Iterable[_Point], start: float, end: float) -> float:
    """Growth of one counter; a smaller value means that it was started again at 0.

    A counter that was not there at ``start`` was 0: the instance was looked at then, and labelled
    counters appear with their first count.
    """
    known = list(points)
    first = bisect_right(known, start, key=lambda point: point.at)
    value = known[first - 1].value if first else 0.0
    grown = 0.0
    for point in known[first:]:
        if point.at > end:
            break
        grown += point.value - value if point.value >= value else point.value
        value = point.value
    return grown
