"""A clock whose hands the test moves."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class HandClock:
    """Stands still until ``advance``; ``sleep`` advances it and gives the loop a turn."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._set = 0.0
        self._ids = 0

    def advance(self, seconds: float) -> None:
        self._passed += seconds

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock forwards or backwards, as a time server would; no time passes."""
        self._set += seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self._passed + self._set)

    def elapsed(self) -> float:
        return self._passed

    def new_id(self) -> str:
        self._ids += 1
        return f"{self._ids:06d}"

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)
