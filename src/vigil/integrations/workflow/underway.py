"""The segments that run in this process, so that it can wait for them."""

import asyncio

CUT_OFF_S = 5.0
"""How long a segment that was cut off may take to let go of what it holds."""


class UnderWay:
    """Tasks that were entered and have not ended."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def enter(self) -> None:
        """The running task is under way until it ends, what comes after its segment included."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def end(self, within_s: float) -> int:
        """Wait for those that are under way, also new ones; says how many had to be cut off."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while self._tasks and loop.time() < until:
            await asyncio.wait(self._tasks, timeout=until - loop.time())
        rest = set(self._tasks)
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=CUT_OFF_S)
        return len(rest)
