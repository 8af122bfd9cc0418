"""Writers of one process stand in line for SQLite's one write lock.

Left to themselves they would poll for it, less and less often, and whoever waits would lose against
whoever comes just when it is free: with two busy writers the slowest waits three times as long.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Engine

from vigil.domain.errors import PortUnavailable

_LINE = "vigil_line"
WAIT_S = 10.0
"""How long one stands in it; each of those before it holds the database for milliseconds."""


def stand_in_line(engine: Engine) -> None:
    """From now on one transaction of this engine that writes follows the other."""
    engine.update_execution_options(**{_LINE: Lock()})


@contextmanager
def in_line(engine: Engine) -> Iterator[None]:
    """Where a line is kept: this thread's turn to write."""
    line: Lock | None = engine.get_execution_options().get(_LINE)
    if line is None:
        yield
        return
    if not line.acquire(timeout=WAIT_S):
        raise PortUnavailable(
            f"the database has been written to for {WAIT_S:.0f} s without a pause; see which part "
            "of Vigil does so in /metrics, and whether its disk is slow"
        )
    try:
        yield
    finally:
        line.release()
