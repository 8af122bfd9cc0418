"""Connections to the database: a small pool for the pages, one after the other for the worker."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import ConnectionPool

from .settings import Settings
from .storage import Session

# A page must not hang on the database: a customer who waits longer has gone.
PAGE_LIMITS = "-c lock_timeout=1800 -c statement_timeout=2000"
# The worker has nobody waiting, so it has more patience.
WORKER_LIMITS = "-c lock_timeout=20000 -c statement_timeout=25000"
CONNECT_S = 2
POOL_SIZE = 2
POOL_WAIT_S = 1.0
RECONNECT_S = 3.0


def pool_for_pages(settings: Settings) -> ConnectionPool:
    """Each connection is tried before it is used, so that a restart of the database is survived."""
    return ConnectionPool(
        settings.dsn,
        kwargs={
            "connect_timeout": CONNECT_S,
            "options": PAGE_LIMITS,
            "application_name": settings.instance,
        },
        min_size=POOL_SIZE,
        max_size=POOL_SIZE,
        timeout=POOL_WAIT_S,
        # Given up early, as the next page asks anew: the waiting between attempts only grows.
        reconnect_timeout=RECONNECT_S,
        check=ConnectionPool.check_connection,
        name=settings.instance,
        open=False,
    )


def sessions_for_worker(settings: Settings) -> Session:
    @contextmanager
    def session() -> Iterator[psycopg.Connection]:
        with psycopg.connect(
            settings.dsn,
            connect_timeout=CONNECT_S,
            options=WORKER_LIMITS,
            application_name=settings.instance,
        ) as connection:
            yield connection

    return session
