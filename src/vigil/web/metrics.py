"""What Vigil counts, for Prometheus."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

STAGE_BUCKETS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600)
"""Seconds: from a stage that only computes to one that waits for a person."""


@dataclass
class Metrics:
    """All series, in one registry that the caller may share with others."""

    registry: CollectorRegistry
    requests: Counter = field(init=False)
    deliveries: Counter = field(init=False)
    opened: Counter = field(init=False)
    closed: Counter = field(init=False)
    open_now: Gauge = field(init=False)
    stage_seconds: Histogram = field(init=False)
    stopped: Gauge = field(init=False)

    def __post_init__(self) -> None:
        registry = self.registry
        self.requests = Counter(
            "vigil_http_requests",
            "Requests answered; route '-' is one that reached no route.",
            ("method", "route", "status"),
            registry=registry,
        )
        self.deliveries = Counter(
            "vigil_deliveries",
            "Deliveries: accepted, without_effect, not_understood, replayed or refused.",
            ("source", "result"),
            registry=registry,
        )
        self.opened = Counter(
            "vigil_incidents_opened", "Incidents opened since the start.", registry=registry
        )
        self.closed = Counter(
            "vigil_incidents_closed",
            "Incidents closed since the start.",
            ("outcome",),
            registry=registry,
        )
        self.open_now = Gauge(
            "vigil_incidents_open", "Open ones of the newest 1000 incidents.", registry=registry
        )
        self.stage_seconds = Histogram(
            "vigil_stage_seconds",
            "Seconds that incidents closed since the start spent in each stage.",
            ("stage",),
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self.stopped = Gauge("vigil_stopped", "1 while the stop switch is on.", registry=registry)
