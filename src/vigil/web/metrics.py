"""What Vigil counts, for Prometheus."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

STAGE_BUCKETS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600)
"""Seconds: from a stage that only computes to one that waits for a person."""
INTAKE_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Seconds: from a delivery that is taken in at once to one behind a storm."""


@dataclass
class Metrics:
    """All series, in one registry that the caller may share with others."""

    registry: CollectorRegistry
    requests: Counter = field(init=False)
    deliveries: Counter = field(init=False)
    alerts: Counter = field(init=False)
    intake_seconds: Histogram = field(init=False)
    inbox: Gauge = field(init=False)
    inbox_oldest: Gauge = field(init=False)
    inbox_kept: Gauge = field(init=False)
    opened: Counter = field(init=False)
    closed: Counter = field(init=False)
    open_now: Gauge = field(init=False)
    stage_seconds: Histogram = field(init=False)
    stopped: Gauge = field(init=False)
    workers: Gauge = field(init=False)
    leads: Gauge = field(init=False)
    incidents_in: Gauge = field(init=False)
    due: Gauge = field(init=False)
    oldest_waiting: Gauge = field(init=False)
    locks: Gauge = field(init=False)
    post: Gauge = field(init=False)
    post_oldest: Gauge = field(init=False)

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
            "Deliveries: accepted, without_effect, not_understood, no_room or refused.",
            ("source", "result"),
            registry=registry,
        )
        self._of_intake()
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
        self._of_work()

    def _of_intake(self) -> None:
        registry = self.registry
        self.alerts = Counter(
            "vigil_alerts",
            "Alerts that this process took in: opened, joined, repeated, replayed or no_incident.",
            ("source", "result"),
            registry=registry,
        )
        self.intake_seconds = Histogram(
            "vigil_intake_seconds",
            "Seconds from a delivery to its alerts being taken in by this process.",
            ("source",),
            buckets=INTAKE_BUCKETS,
            registry=registry,
        )
        self.inbox = Gauge(
            "vigil_inbox_deliveries",
            "Deliveries written down and not taken in yet.",
            ("source",),
            registry=registry,
        )
        self.inbox_oldest = Gauge(
            "vigil_inbox_oldest_seconds",
            "How long the first of them has waited.",
            ("source",),
            registry=registry,
        )
        self.inbox_kept = Gauge(
            "vigil_inbox_set_aside",
            "Deliveries that could not be taken in and are kept for a person.",
            ("source",),
            registry=registry,
        )

    def _of_work(self) -> None:
        registry = self.registry
        self.workers = Gauge(
            "vigil_workers",
            "Workers on this record: working, draining, or dead and being taken over.",
            ("state",),
            registry=registry,
        )
        self.leads = Gauge(
            "vigil_leads",
            "1 where this process is the one that does it.",
            ("role",),
            registry=registry,
        )
        self.incidents_in = Gauge(
            "vigil_incidents_in",
            "Open incidents: under_way, queued, for_approval or for_locks.",
            ("place",),
            registry=registry,
        )
        self.due = Gauge(
            "vigil_segments_due", "Segments written and not handed out yet.", registry=registry
        )
        self.oldest_waiting = Gauge(
            "vigil_oldest_waiting_seconds",
            "How long ago the oldest incident that waits was opened.",
            registry=registry,
        )
        self.locks = Gauge("vigil_locks_held", "Locks that incidents hold.", registry=registry)
        self.post = Gauge(
            "vigil_post_messages",
            "Messages on record for people outside: due, told or not_told.",
            ("channel", "state"),
            registry=registry,
        )
        self.post_oldest = Gauge(
            "vigil_post_oldest_seconds",
            "How long the oldest message that is due has waited.",
            ("channel",),
            registry=registry,
        )
