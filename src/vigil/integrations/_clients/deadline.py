"""Wait for something until a deadline, and not for it to tidy up afterwards."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class GivenUp(Generic[T]):
    """Tasks that were left at their deadline and still tidy up.

    Some drivers take seconds to do so after a cancellation. The set keeps such a task from being
    collected half way.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[T]] = set()

    async def wait(self, work: Coroutine[Any, Any, T], seconds: float) -> asyncio.Task[T] | None:
        """The finished task, whatever became of it, or None when the time was up."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            if not task.done():
                task.cancel()
                self._tasks.add(task)
                task.add_done_callback(self._forget)
        return task if task.done() else None

    def _forget(self, task: asyncio.Task[T]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen, so that the loop does not complain that nobody looked
