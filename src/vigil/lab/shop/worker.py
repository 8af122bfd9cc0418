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
from .connections import sessions_for_worker
from .storage import Storage

log = logging.getLogger("shop.worker")
PAUSED_LOOK_S = 0.5


class Worker:
    def __init__(self, own: settings.Settings) -> None:
        self._own = own
        self._storage = Storage(own.tables, sessions_for_worker(own))
        self._baskets = Baskets(own)
        self._swept: float | None = None
        self._paused: str | None = None
        self._using_settings = threading.Lock()

    def reload(self) -> None:
        """Take the settings anew, for an operator who changed them; never within a step."""
        with self._using_settings:
            self._own = settings.load()
        log.info("settings reloaded")

    def step(self) -> float:
        """Do what there is to do; the seconds to wait until there may be more."""
        with self._using_settings:
            if self._is_paused():
                return PAUSED_LOOK_S
            if self._swept is None:
                self._baskets.take_back()
            if self._swept is None or time.monotonic() - self._swept >= self._wait("sweep_every_s"):
                self._sweep()
                self._swept = time.monotonic()
            order_id = self._baskets.take(wait_s=1)
            metrics.queue_depth.set(self._baskets.waiting())
            if order_id is not None:
                self._fulfil(order_id)
                self._baskets.done(order_id)
        return 0.0

    def retry_after_s(self) -> float:
        return self._wait("retry_after_s")

    def _wait(self, name: str) -> float:
        return self._own.worker[name]

    def _is_paused(self) -> bool:
        """Whether somebody paused the queue; said once, when it begins and when it ends."""
        said, before = self._baskets.paused(), self._paused
        self._paused = said
        metrics.queue_paused.set(said is not None)
        if said is not None:
            metrics.queue_depth.set(self._baskets.waiting())
        if said != before:
            text = "queue resumed" if said is None else "queue paused, taking no orders"
            log.warning(text, extra={"fields": {"said": said or before}})
        return said is not None

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
    signal.signal(signal.SIGHUP, lambda *_: worker.reload())
    while not stopping.is_set():
        try:
            stopping.wait(worker.step())
        except (psycopg.OperationalError, redis.ConnectionError, redis.TimeoutError) as error:
            log.exception("dependency unavailable, trying again", exc_info=error)
            stopping.wait(worker.retry_after_s())


if __name__ == "__main__":
    main()
