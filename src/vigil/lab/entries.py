"""What people enter in the shop's Redis: an operator's pause, marketing's promotion."""

import json
from contextlib import AbstractContextManager
from random import Random

import redis

from vigil.lab.config import LabConfig

TIMEOUT_S = 2.0
REASONS = (
    "stock count until noon",
    "the carrier collects late today",
    "the packing station is being moved",
    "waiting for new labels",
)
OPERATORS = ("ops", "warehouse", "m.keller", "j.osei")
PROMOTIONS = ("Spring", "Garden week", "Two for you", "Weekend")


class Entries:
    def __init__(self, config: LabConfig) -> None:
        self._port = config.ports.cache
        self._paused = config.names.redis.paused
        # Where the releases look that know of promotions (see previous-release-broken).
        self._promotion = f"{config.names.redis.catalogue}:promotion"

    def pause(self, seed: int) -> None:
        """The worker takes no orders from now on, and knows who said so, and why."""
        chance = Random(f"pause {seed}")  # noqa: S311 - variety
        said = f"{chance.choice(OPERATORS)}: {chance.choice(REASONS)}"
        with self._client() as client:
            client.set(self._paused, said)

    def promote(self, seed: int) -> None:
        chance = Random(f"promotion {seed}")  # noqa: S311 - variety
        entry = {"name": chance.choice(PROMOTIONS), "percent": str(chance.randrange(5, 30, 5))}
        with self._client() as client:
            client.set(self._promotion, json.dumps(entry))

    def remove(self) -> None:
        """All of them."""
        with self._client() as client:
            client.delete(self._paused, self._promotion)

    def _client(self) -> AbstractContextManager[redis.Redis]:
        return redis.Redis(host="127.0.0.1", port=self._port, socket_timeout=TIMEOUT_S)
