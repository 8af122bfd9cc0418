"""Plays Prometheus and Alertmanager: `python -m vigil.lab.alerting LAB_JSON`.

It scrapes the web instances, holds its own rule against the numbers (more than 20% of a route's
requests end in a 5xx), fires when that held for a while, repeats, and says when it is over.
"""

import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from vigil.lab.alerts import Firing, post
from vigil.lab.config import LabConfig, load_config
from vigil.lab.errors import LabError
from vigil.lab.names import Symptom

log = logging.getLogger("alerting")
EVERY_S = 0.5
WINDOW_S = 6.0
THRESHOLD = 0.2
FEWEST_REQUESTS = 2


Series = tuple[str, str, str]


@dataclass(frozen=True)
class Sample:
    """What was counted since the sample before."""

    at: float
    requests: float
    errors: float


def ratio(samples: Iterable[Sample]) -> float:
    """The share of errors within the window; 0 when nearly nobody asked."""
    window = list(samples)
    requests = sum(sample.requests for sample in window)
    return sum(sample.errors for sample in window) / max(requests, FEWEST_REQUESTS)


class Increases:
    """Counters turned into what was added to them, over restarts, as Prometheus does."""

    def __init__(self) -> None:
        self._last: dict[str, dict[Series, float]] = {}

    def since_last(self, instance: str, counts: dict[Series, float]) -> dict[Series, float]:
        last, self._last[instance] = self._last.get(instance), counts
        if last is None:
            return {}
        # A counter that went down belongs to a new process, which began at zero.
        return {
            series: count - last.get(series, 0.0) if count >= last.get(series, 0.0) else count
            for series, count in counts.items()
        }


class Rule:
    """One symptom's condition, held against the numbers tick by tick."""

    def __init__(self, config: LabConfig, symptom: Symptom) -> None:
        self._config = config
        self._symptom = symptom
        self._samples: deque[Sample] = deque()
        self._true_since: float | None = None
        self._firing: Firing | None = None
        self._sent_at = 0.0

    def tick(self, now: float, requests: float, errors: float) -> None:
        self._samples.append(Sample(now, requests, errors))
        while now - self._samples[0].at > WINDOW_S:
            self._samples.popleft()
        if ratio(self._samples) > THRESHOLD:
            self._true_since = now if self._true_since is None else self._true_since
            if now - self._true_since >= self._config.timing.alert_hold:
                self._fire(now)
        else:
            self._true_since = None
            self._resolve()

    def _fire(self, now: float) -> None:
        if self._firing is None:
            self._firing = Firing(self._symptom, datetime.now(UTC))
        elif now - self._sent_at < self._config.timing.alert_repeat:
            return
        if self._send(self._firing):
            self._sent_at = now

    def _resolve(self) -> None:
        if self._firing and self._send(replace(self._firing, until=datetime.now(UTC))):
            self._firing = None
            self._sent_at = 0.0

    def _send(self, firing: Firing) -> bool:
        """False when it was not taken; the next tick tries again."""
        try:
            status = post(self._config, firing)
        except LabError as error:
            log.warning("not delivered: %s", error)
            return False
        log.info("%s %s: %s", firing.symptom.alert, firing.status, status)
        return True


def scrape(url: str, client: httpx2.Client) -> dict[Series, float] | None:
    """The request counters of one instance; None when it does not answer."""
    try:
        text = client.get(f"{url}/metrics").text
    except httpx2.TransportError:
        return None
    return {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "http_requests_total"
    }


def watch(config: LabConfig) -> None:
    symptoms = (config.names.checkout, config.names.catalogue)
    rules = {symptom.route: Rule(config, symptom) for symptom in symptoms}
    increases = Increases()
    with httpx2.Client(timeout=1.0, trust_env=False) as client:
        while True:
            added: Counter[tuple[str, bool]] = Counter()
            for url in config.urls["web"].split():
                counts = scrape(url, client)
                for series, count in increases.since_last(url, counts).items() if counts else ():
                    added[series[0], series[2].startswith("5")] += int(count)
            for route, rule in rules.items():
                good, errors = added[route, False], added[route, True]
                rule.tick(time.monotonic(), good + errors, errors)
            time.sleep(EVERY_S)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    watch(load_config(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
