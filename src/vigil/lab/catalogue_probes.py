"""The probes in STATE/vigil.yaml: how a user of the shop would look whether it works."""

from typing import Any

from vigil.lab.config import LabConfig

# Who waits for a lock, and who holds a whole table while doing nothing: the waiters come and go
# with their time-outs, so that they alone would be missed every other time.
LOCK_WAITERS = """\
select count(*) from pg_stat_activity as a
where (a.state = 'active' and a.wait_event_type = 'Lock'
       and now() - a.query_start > interval '1 second')
   or (a.state in ('idle in transaction', 'idle in transaction (aborted)')
       and now() - a.state_change > interval '1 second'
       and exists (select 1 from pg_locks as l
                   where l.pid = a.pid and l.granted and l.mode = 'AccessExclusiveLock'))
"""
OLDEST_ORDER = """\
select coalesce(extract(epoch from now() - min(placed_at)), 0) from {orders}
where state = 'placed'
"""
LONGEST_WAIT_S = 5
LONGEST_QUEUE = 200
CHECKOUT_WITHIN_S = 1.2
CUSTOMER = {"name": "Vigil probe", "address": "1 Probe Street", "card": "tok_probe"}

Probe = dict[str, Any]


def web(config: LabConfig) -> dict[str, Probe]:
    url, sku = config.shop_url, config.products[0].sku
    look = {"method": "GET", "url": f"{url}/", "expect": {"status": 200, "text": "Catalogue"}}
    fill = {
        "method": "POST",
        "url": f"{url}/basket",
        "form": {"sku": sku, "quantity": "1"},
        "follow": True,
        "expect": {"status": 200},
    }
    pay = {
        "method": "POST",
        "url": f"{url}/checkout",
        "form": CUSTOMER,
        "follow": True,
        "expect": {"status": 200, "text": "Order", "within_s": CHECKOUT_WITHIN_S},
    }
    shown = {"method": "GET", "url": f"{url}/basket", "expect": {"status": 200, "text": "basket"}}
    health = [
        {
            "method": "GET",
            "url": f"{instance}/healthz",
            "expect": {
                "status": 200,
                "headers": {"content-type": "application/json"},
                "values": {"$.status": "ok", "$.release": {"there": True}},
            },
        }
        for instance in config.urls["web"].split()
    ]
    return {
        "checkout": {"kind": "http", "timeout_s": 5.0, "steps": [look, fill, pay]},
        "catalogue": {"kind": "http", "timeout_s": 2.0, "steps": [look]},
        "basket": {"kind": "http", "timeout_s": 2.0, "steps": [fill, shown]},
        "instances": {"kind": "http", "timeout_s": 2.0, "steps": health},
        "customer": customer(config),
    }


def customer(config: LabConfig) -> Probe:
    """From the catalogue to an order that is fulfilled, in a browser."""
    url, product = config.shop_url, config.products[0]
    return {
        "kind": "journey",
        "timeout_s": 20.0,
        "steps": [
            {"open": f"{url}/"},
            {"expect": {"text": "Catalogue", "selector": "h1"}},
            {"click": f"#quantity-{product.sku} + button"},
            {"expect": {"text": product.title, "selector": "table"}},
            {"click": 'a[href="/checkout"]'},
            {"fill": {f"#{field}": value for field, value in CUSTOMER.items()}},
            {"click": 'form[action="/checkout"] button'},
            {"expect": {"url": "/orders/"}},
            {"note": "#order-id"},
            {
                "expect": {
                    "text": "fulfilled",
                    "selector": "#status",
                    "within_s": 6.0,
                    "reload": True,
                }
            },
        ],
    }


def worker(config: LabConfig) -> dict[str, Probe]:
    name, keys = config.names.worker, config.names.redis
    return {
        "running": {
            "kind": "process",
            "supervisor": str(config.files.supervisor_socket),
            "names": [name],
        },
        "orders-waiting": _sql(
            config, OLDEST_ORDER.format(orders=config.names.tables.orders), LONGEST_WAIT_S
        ),
        "queue-length": _redis(config, kind="queue", key=keys.queue, max=LONGEST_QUEUE),
        "paused": _redis(config, measure="exists", key=keys.paused, max=0),
        "customer": customer(config),
    }


def database(config: LabConfig) -> dict[str, Probe]:
    return {
        "accepts": _tcp(config.ports.database),
        "lock-waiters": {**_sql(config, LOCK_WAITERS, 0), "means": "database_lock"},
    }


def cache(config: LabConfig) -> dict[str, Probe]:
    return {"accepts": _redis(config)}


def proxy(config: LabConfig) -> dict[str, Probe]:
    return {"accepts": _tcp(config.ports.proxy)}


def _sql(config: LabConfig, query: str, most: float) -> Probe:
    dsn = config.dsn(config.names.observer)
    return {"kind": "sql", "dsn": dsn, "query": query, "max": most, "timeout_s": 2.0}


def _redis(config: LabConfig, **measured: object) -> Probe:
    where = {"host": "127.0.0.1", "port": config.ports.cache}
    return {"kind": "redis", **where, "timeout_s": 2.0, **measured}


def _tcp(port: int) -> Probe:
    return {"kind": "tcp", "host": "127.0.0.1", "port": port, "timeout_s": 2.0}
