"""Takes orders from the queue, charges the card and fulfils them: each order exactly once."""

import logging
import signal
import threading
import time

import psycopg
import redis
from prometheus_client import start_http_server

from . import logs, metrics, settings
from .baskets import Baskets
from .storage import WORKER_LIMITS, Storage

log = logging.getLogger("shop.worker")
SWEEP_EVERY_S = 2.0
RETRY_AFTER_S = 0.5


class Worker:
    def __init__(self, own: settings.Settings) -> None:
        self._own = own
        self._storage = Storage(own, WORKER_LIMITS)
        self._baskets = Baskets(own)
        self._swept = 0.0

    def step(self) -> None:
        if time.monotonic() - self._swept >= SWEEP_EVERY_S:
            self._sweep()
            self._swept = time.monotonic()
        order_id = self._baskets.take(wait_s=1)
        metrics.queue_depth.set(self._baskets.waiting())
        if order_id is not None:
            self._fulfil(order_id)
            self._baskets.done(order_id)

    def _fulfil(self, order_id: str) -> None:
        """Charge and fulfil; thanks to the row's lock and state, a second call does nothing."""
        with self._storage.session() as db:
            row = db.execute(
                self._storage.query(
                    "SELECT total_cents, card_token FROM {orders} "
                    "WHERE id = %s AND state = 'placed' FOR UPDATE"
                ),
                [order_id],
            ).fetchone()
            if row is None:
                return
            for statement, values in (
                (
                    "INSERT INTO {payments} (order_id, amount_cents, card_token)"  # noqa: ISC004 - a pair: statement and values
                    " VALUES (%s, %s, %s)",
                    [order_id, *row],
                ),
                (
                    "INSERT INTO {fulfilments} (order_id, instance) VALUES (%s, %s)",
                    [order_id, self._own.instance],
                ),
                ("UPDATE {orders} SET state = 'fulfilled' WHERE id = %s", [order_id]),
            ):
                db.execute(self._storage.query(statement), values)
        metrics.orders_fulfilled.inc()
        log.info("order fulfilled", extra={"fields": {"order": order_id}})

    def _sweep(self) -> None:
        """Fulfil what was placed but never came through the queue."""
        with self._storage.session() as db:
            rows = db.execute(
                self._storage.query(
                    "SELECT id FROM {orders} WHERE state = 'placed' "
                    "AND placed_at < now() - interval '3 seconds' ORDER BY placed_at LIMIT 50"
                )
            ).fetchall()
        for (order_id,) in rows:
            self._fulfil(order_id)


def main() -> None:
    own = settings.load()
    logs.configure(own)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    start_http_server(own.port, "127.0.0.1", metrics.registry)
    log.info("started", extra={"fields": {"port": own.port}})
    worker = Worker(own)
    while not stopping.is_set():
        try:
            worker.step()
        except (psycopg.OperationalError, redis.ConnectionError, redis.TimeoutError) as error:
            log.exception("dependency unavailable, trying again", exc_info=error)
            stopping.wait(RETRY_AFTER_S)


if __name__ == "__main__":
    main()
