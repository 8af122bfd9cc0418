"""Baskets, the cached catalogue and the queue of orders, in Redis."""

import json
import time
from dataclasses import asdict, dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .settings import Settings
from .storage import Product

BASKET_TTL_S = 3600
CATALOGUE_TTL_S = 600
MOST_OF_ONE = 99


@dataclass(frozen=True)
class Kept:
    """The catalogue as it was, and when (seconds since 1970)."""

    at: float
    products: list[Product]


class Baskets:
    def __init__(self, settings: Settings) -> None:
        self._keys = settings.keys
        self._redis: redis.Redis = redis.Redis(
            host="127.0.0.1",
            port=settings.redis_port,
            decode_responses=True,
            socket_timeout=2.0,
            socket_connect_timeout=1.0,
            # Once more at once, and no longer: a page must not hang on the cache.
            retry=Retry(NoBackoff(), 1),
        )

    def add(self, session: str, sku: str, quantity: int) -> None:
        key = self._basket(session)
        self._redis.hincrby(key, sku, quantity)
        self._redis.expire(key, BASKET_TTL_S)

    def contents(self, session: str) -> dict[str, int]:
        stored = self._redis.hgetall(self._basket(session))
        return {str(sku): min(int(count), MOST_OF_ONE) for sku, count in stored.items()}

    def empty(self, session: str) -> None:
        self._redis.delete(self._basket(session))

    def _basket(self, session: str) -> str:
        return f"{self._keys['basket']}:{session}"

    def kept_catalogue(self) -> Kept | None:
        stored = self._redis.get(self._keys["catalogue"])
        if not stored:
            return None
        kept = json.loads(stored)
        return Kept(kept["at"], [Product(**entry) for entry in kept["products"]])

    def keep_catalogue(self, products: list[Product]) -> None:
        text = json.dumps({"at": time.time(), "products": [asdict(p) for p in products]})
        self._redis.set(self._keys["catalogue"], text, ex=CATALOGUE_TTL_S)

    def enqueue(self, order_id: str) -> None:
        self._redis.lpush(self._keys["queue"], order_id)

    def take(self, wait_s: int) -> str | None:
        """The next order to fulfil; it stays on the list of taken orders until `done`."""
        taken = self._redis.blmove(
            self._keys["queue"], self._keys["processing"], wait_s, "RIGHT", "LEFT"
        )
        return str(taken) if taken is not None else None

    def done(self, order_id: str) -> None:
        self._redis.lrem(self._keys["processing"], 0, order_id)

    def waiting(self) -> int:
        return int(self._redis.llen(self._keys["queue"]))

    def take_back(self) -> None:
        """Put into the queue again what was taken and not done when the worker ended."""
        while self._redis.lmove(self._keys["processing"], self._keys["queue"], "RIGHT", "RIGHT"):
            pass

    def paused(self) -> str | None:
        """Who paused the queue and why; None when nobody did."""
        said = self._redis.get(self._keys["paused"])
        return None if said is None else str(said)
