"""Plays Prometheus and what stands behind it: `python -m vigil.lab.alerting LAB_JSON`.

It scrapes web instances and worker, holds its rules against the numbers, fires what held for a
while, and tells every receiver when it begins and when it is over.
"""

import logging
import sys
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from vigil.lab import alertmanager, pagerduty
from vigil.lab.alerts import Feed, Firing, Receiver, send, taken
from vigil.lab.config import NO_TLS, LabConfig, load_config
from vigil.lab.errors import LabError, LabUsage
from vigil.lab.rules import COUNTERS, Counts, Rule, Series, rules, together

EVERY_S = 0.5


class Increases:
    """Counters turned into what was added to them, over restarts, as Prometheus does."""

    def __init__(self) -> None:
        self._last: dict[str, Counts] = {}

    def since_last(self, instance: str, counts: Counts) -> dict[Series, float]:
        last = self._last.get(instance)
        self._last[instance] = counts
        if last is None:
            return {}
        # A counter that went down belongs to a new process, which began at zero.
        return {
            series: count - last.get(series, 0.0) if count >= last.get(series, 0.0) else count
            for series, count in counts.items()
        }


class Alert:
    """One rule, held against the numbers tick by tick, and told to every receiver."""

    def __init__(self, rule: Rule, hold_s: float, receivers: list[Receiver]) -> None:
        self._rule = rule
        self._hold_s = hold_s
        self._feeds = [Feed(receiver) for receiver in receivers]
        self._samples: deque[tuple[float, Counts]] = deque()
        self._true_since: float | None = None
        self._firing: Firing | None = None

    def tick(self, now: float, added: Counts) -> None:
        self._samples.append((now, added))
        while now - self._samples[0][0] > self._rule.window_s:
            self._samples.popleft()
        if self._rule.holds(together(added for _, added in self._samples)):
            self._holds(now)
        else:
            self._holds_no_more()
        for feed in self._feeds:
            feed.tick(now, self._firing)

    def _holds(self, now: float) -> None:
        self._true_since = now if self._true_since is None else self._true_since
        over = self._firing is None or self._firing.until is not None
        if over and now - self._true_since >= self._hold_s:
            self._firing = Firing(self._rule, datetime.now(UTC))

    def _holds_no_more(self) -> None:
        self._true_since = None
        if self._firing is not None and self._firing.until is None:
            self._firing = replace(self._firing, until=datetime.now(UTC))


def receivers(config: LabConfig) -> list[Receiver]:
    """Everybody who is to hear of alerts."""
    found = []
    if config.alert_url:
        found.append(alertmanager.receiver(config, config.alert_url))
    if config.pagerduty_url:
        found.append(pagerduty.receiver(config, config.pagerduty_url))
    return found


def tell(config: LabConfig, firing: Firing) -> None:
    """Tell every receiver once, by hand; LabError when one does not take it."""
    if not config.sends_alerts:
        raise LabUsage(
            "this lab sends no alerts: start it with --alert-url URL or --pagerduty-url URL"
        )
    for receiver in receivers(config):
        delivery = receiver.write(firing)
        status = send(delivery)
        if not taken(status):
            raise LabError(f"{delivery.url} answered {status} to an alert")


def scrape(url: str, client: httpx2.Client) -> dict[Series, float]:
    """The counters of one instance; nothing when it does not answer."""
    try:
        text = client.get(f"{url}/metrics").text
    except httpx2.TransportError:
        return {}
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in COUNTERS
    }


def watch(config: LabConfig) -> None:
    everybody = receivers(config)
    alerts = [Alert(rule, config.timing.alert_hold, everybody) for rule in rules(config).values()]
    instances = [*config.urls["web"].split(), config.urls["worker"]]
    increases = Increases()
    with httpx2.Client(timeout=1.0, trust_env=False, verify=NO_TLS) as client:
        while True:
            scraped = {url: scrape(url, client) for url in instances}
            added = together(increases.since_last(*one) for one in scraped.items() if one[1])
            for alert in alerts:
                alert.tick(time.monotonic(), added)
            time.sleep(EVERY_S)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    watch(load_config(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
