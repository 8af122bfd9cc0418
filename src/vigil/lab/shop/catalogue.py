"""What is on sale: from the cache, and without it or the database as long as that can be."""

import contextlib
import logging
import time

import psycopg
import redis

from .baskets import Baskets
from .storage import Product, Storage

log = logging.getLogger("shop.catalogue")
FRESH_S = 3.0
NO_CACHE = (redis.ConnectionError, redis.TimeoutError)


def on_sale(storage: Storage, baskets: Baskets) -> list[Product]:
    """All products; some minutes old while the database has no time for us."""
    try:
        kept = baskets.kept_catalogue()
    except NO_CACHE as error:
        log.warning("catalogue without its cache", exc_info=error)
        return storage.products()
    if kept and time.time() - kept.at < FRESH_S:
        return kept.products
    try:
        products = storage.products()
    except psycopg.OperationalError as error:
        if kept is None:
            raise
        log.warning("catalogue may be out of date", exc_info=error)
        return kept.products
    with contextlib.suppress(*NO_CACHE):
        baskets.keep_catalogue(products)
    return products
