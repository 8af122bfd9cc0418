"""The ledger forgets runs that ended long ago: nobody asks for them, and what they printed is old.

A run that has no end on record is never forgotten, nor is a fencing token.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from vigil.domain.errors import TemporaryError
from vigil.runner.ledger import Ledger

EVERY_S = 3600.0
"""Also before the first time: after a long rest a worker first hears how its last run ended."""
AT_ONCE = 20
"""Runs that one transaction forgets, as calls wait for the ledger meanwhile."""
PAUSE_S = 0.1

_log = structlog.get_logger("vigil.runner")


async def forget_forever(ledger: Ledger, keep: timedelta) -> None:
    """Once an hour, in small pieces, until cancelled; what fails now is done in an hour."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await forget(ledger, datetime.now(UTC) - keep)
        except TemporaryError as error:
            _log.warning("the ledger could not forget", why=str(error))


async def forget(ledger: Ledger, before: datetime) -> None:
    """Everything of runs that ended before then."""
    while await asyncio.to_thread(ledger.forget, before, AT_ONCE):  # noqa: ASYNC110 - calls' turn
        await asyncio.sleep(PAUSE_S)
