"""Baskets, the cached catalogue and the queue of orders, in Redis."""

import json
from dataclasses import asdict

import redis

from .settings import Settings
from .storage import Product

BASKET_TTL_S = 3600
CATALOGUE_TTL_S = 3
MOST_OF_ONE = 99


class Baskets:
    def __init__(self, settings: Settings) -> None:
        self._keys = settings.keys
        self._redis: redis.Redis = redis.Redis(
            host="127.0.0.1",
            port=settings.redis_port,
            decode_responses=True,
            socket_timeout=2.0,
            socket_connect_timeout=1.0,
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

    def cached_catalogue(self) -> list[Product] | None:
        stored = self._redis.get(self._keys["catalogue"])
        return [Product(**entry) for entry in json.loads(stored)] if stored else None

    def cache_catalogue(self, products: list[Product]) -> None:
        text = json.dumps([asdict(product) for product in products])
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
