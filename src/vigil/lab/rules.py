"""What the shop's Prometheus alerts about: values that are held against what was counted."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from vigil.lab.config import LabConfig
from vigil.lab.errors import LabUsage
from vigil.lab.names import Symptom

Series = tuple[str, frozenset[tuple[str, str]]]
"""A counter by its name and labels."""
Counts = Mapping[Series, float]
"""What was added to each counter over a window, on all instances together."""

REQUESTS = "http_requests_total"
ANSWERED = "http_request_duration_seconds_count"
ANSWERED_WITHIN = "http_request_duration_seconds_bucket"
PLACED = "orders_placed_total"
FULFILLED = "orders_fulfilled_total"
COUNTERS = frozenset({REQUESTS, ANSWERED, ANSWERED_WITHIN, PLACED, FULFILLED})

ORDERS_WINDOW_S = 10.0
"""Longer than a customer waits for one order before placing the next."""
FEWEST_ORDERS = 2
SLOW_S = 1.0


@dataclass(frozen=True)
class Share:
    """Which share of the requests is too much; fewer than ``fewest`` count as that many."""

    above: float
    window_s: float
    fewest: float

    def exceeded(self, some: float, everything: float) -> bool:
        return some > self.above * max(everything, self.fewest)


ERRORS = Share(above=0.1, window_s=6.0, fewest=10)
"""A form and its order go to the same route: one broken instance of two fails a fourth of it."""
RECEIPT_ERRORS = Share(above=0.5, window_s=10.0, fewest=7)
"""Nobody is got up for a page or three that failed once; it is not the checkout."""
SLOW = Share(above=0.5, window_s=6.0, fewest=2)


@dataclass(frozen=True)
class Rule:
    """One alerting rule: what it says, over how many seconds it looks, and when it is true."""

    symptom: Symptom
    severity: str
    description: str
    window_s: float
    holds: Callable[[Counts], bool]


def together(parts: Iterable[Counts]) -> Counts:
    """What all of these added."""
    total: dict[Series, float] = {}
    for part in parts:
        for series, count in part.items():
            total[series] = total.get(series, 0.0) + count
    return total


def rules(config: LabConfig) -> dict[str, Rule]:
    """All rules, by the part that their symptom plays."""
    names = config.names
    return {
        "checkout": errors(names.checkout, ERRORS, "critical"),
        "checkout_slow": slow(names.checkout_slow, SLOW, "warning"),
        "catalogue": errors(names.catalogue, ERRORS, "critical"),
        "fulfilment": stalled(names.fulfilment, "critical"),
        "receipt": errors(names.receipt, RECEIPT_ERRORS, "warning"),
    }


def rule_of(config: LabConfig, part: str) -> Rule:
    known = rules(config)
    if part not in known:
        raise LabUsage(f"no symptom {part!r}: choose one of {', '.join(known)}")
    return known[part]


def errors(symptom: Symptom, limit: Share, severity: str) -> Rule:
    """Too many of the requests to a route end in a 5xx."""

    def holds(counts: Counts) -> bool:
        requests = _of_route(counts, REQUESTS, symptom.route)
        failed = sum(n for labels, n in requests if dict(labels)["status"].startswith("5"))
        return limit.exceeded(failed, _total(requests))

    text = f"More than {limit.above:.0%} of the requests to {symptom.route} end in a 5xx."
    return Rule(symptom, severity, text, limit.window_s, holds)


def slow(symptom: Symptom, limit: Share, severity: str) -> Rule:
    """Too many of the forms that are sent to a route are answered late."""

    def holds(counts: Counts) -> bool:
        sent = {("method", "POST")}
        answered = _total(_of_route(counts, ANSWERED, symptom.route, sent))
        on_time = {*sent, ("le", str(SLOW_S))}
        within = _total(_of_route(counts, ANSWERED_WITHIN, symptom.route, on_time))
        return limit.exceeded(answered - within, answered)

    text = f"More than {limit.above:.0%} of POST {symptom.route} take longer than {SLOW_S:.0f} s."
    return Rule(symptom, severity, text, limit.window_s, holds)


def stalled(symptom: Symptom, severity: str) -> Rule:
    """Orders are placed and none is fulfilled; who does not answer has fulfilled none."""

    def holds(counts: Counts) -> bool:
        placed = sum(n for (name, _), n in counts.items() if name == PLACED)
        fulfilled = sum(n for (name, _), n in counts.items() if name == FULFILLED)
        return placed >= FEWEST_ORDERS and fulfilled == 0

    text = f"Orders were placed and none was fulfilled for {ORDERS_WINDOW_S:.0f} s."
    return Rule(symptom, severity, text, ORDERS_WINDOW_S, holds)


Counted = list[tuple[frozenset[tuple[str, str]], float]]


def _of_route(
    counts: Counts, metric: str, route: str | None, wanted: set[tuple[str, str]] | None = None
) -> Counted:
    labels = {("route", str(route)), *(wanted or set())}
    return [(own, n) for (name, own), n in counts.items() if name == metric and labels <= own]


def _total(counted: Counted) -> float:
    return sum(n for _, n in counted)
