"""Numbers for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

registry = CollectorRegistry()
requests = Counter(
    "http_requests", "Requests answered", ["route", "method", "status"], registry=registry
)
duration = Histogram(
    "http_request_duration_seconds",
    "Time to answer",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    registry=registry,
)
orders_placed = Counter("orders_placed", "Orders accepted", registry=registry)
orders_fulfilled = Counter("orders_fulfilled", "Orders fulfilled and paid", registry=registry)
queue_depth = Gauge("queue_depth", "Orders that wait to be fulfilled", registry=registry)
queue_paused = Gauge("queue_paused", "1 while the queue is paused", registry=registry)
build = Gauge("build_info", "The release that is running", ["release"], registry=registry)
