"""What telemetry answers: numbers and groups, never raw streams."""

from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from vigil.domain.value import Instant, Value

FEWEST_REQUESTS = 5
"""A ratio over fewer requests than this says nothing about a condition."""
FEWEST_WINDOWS = 5
"""What happened in fewer windows than this may be anything but usual."""


TWICE, A_TENTH_S = 1.0, 0.1
"""What takes less than twice its usual time, or than a tenth of a second more, is not slow: the
``share`` and the ``least`` of ``Band.reach`` for times."""


class Ratio(Value):
    """Bad and all requests counted over a window that ended at ``at``."""

    bad: float
    total: float
    window_s: float
    at: Instant

    @property
    def value(self) -> float:
        """0 when nothing was counted; look at ``total`` before calling that healthy."""
        return self.bad / self.total if self.total else 0.0

    def exceeds(self, limit: float) -> bool | None:
        """Whether the share is above a limit; None when too few requests were counted to say."""
        return None if self.total < FEWEST_REQUESTS else self.value > limit


class Band(Value):
    """Where a number usually is: the median of windows in good times, and how far they stray.

    ``spread`` is the median distance from the median, so that a few odd windows move neither.
    """

    median: float
    spread: float
    windows: int

    def reach(self, share: float, least: float) -> float:
        """How high it may be and still be usual.

        Four deviations of a normal distribution, and never less above the median than ``share`` of
        it and ``least``: what hardly ever varied is not unusual at the first change.
        """
        return self.median + max(4 * 1.4826 * self.spread, share * self.median, least)


def band_of(values: Sequence[float]) -> Band | None:
    """Where these numbers are; None of too few."""
    if len(values) < FEWEST_WINDOWS:
        return None
    middle = median(values)
    spread = median(abs(value - middle) for value in values)
    return Band(median=middle, spread=spread, windows=len(values))


class Usual(Value):
    """How a symptom's requests fared before a moment: the bad share, and seconds for each."""

    bad: Band
    seconds: Band | None
    until: Instant


class Latency(Value):
    """Mean seconds per request since a moment and in the time before it.

    ``requests`` is how many were counted since that moment: a mean of two says little.
    """

    now_s: float
    requests: float
    before_s: float
    just_before_s: float | None = None
    """Of the last minute before that moment; None when there was no request in it."""
    since: Instant
    at: Instant


class Growth(Value):
    """How much a counter grew over a window that ended at ``at``, over all instances.

    ``silent`` are the instances whose last scrape failed; what they did in the window is not part
    of ``by``.
    """

    by: float
    silent: tuple[str, ...]
    window_s: float
    at: Instant


class BlockingSession(Value):
    """A database session that others wait for.

    ``id`` is its process and the start of its transaction, ``PID.MICROSECONDS``: no later
    transaction has the same.
    ``seconds`` is how long it has been in its present state, ``transaction_s`` how old its
    transaction is: one of many short statements is never long in any state.
    """

    id: str
    role: str
    application: str
    idle_in_transaction: bool
    seconds: float
    transaction_s: float
    holds_up: int
    """How many sessions wait for it, directly or behind others."""


class ErrorOrigin(StrEnum):
    """Whose fault the error says it is, by the type of the exception."""

    CODE = "code"
    DEPENDENCY = "dependency"
    UNCLEAR = "unclear"
    """The line names no exception: a request that was answered 500 says that it failed, not why."""


MOST_EXAMPLES = 3
"""Of the lines of one template."""


class LogTemplate(Value):
    """Lines of a service's log that differ only in their values, for which ``<*>`` stands.

    What is told of a log to anybody outside is made of these, not of the lines. The text and the
    examples, few and cut, are untrusted.
    """

    text: str
    count: int
    first_at: Instant
    last_at: Instant
    examples: tuple[str, ...] = ()


class ErrorGroup(Value):
    """Errors of one type in a service's log.

    ``release`` is what the log lines name, if they do. ``sample`` is one message, cut; untrusted.
    """

    type: str
    origin: ErrorOrigin
    release: str | None
    count: int
    first_at: Instant
    last_at: Instant
    instances: tuple[str, ...]
    sample: str
    frame: str | None = None
    """The innermost stack frame, when logged."""
