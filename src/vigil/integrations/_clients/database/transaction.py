"""One piece of work, one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vigil.domain.errors import PortUnavailable
from vigil.integrations._clients.database.connect import READING

Result = TypeVar("Result")

_TRIES = 3

ROWS_AT_A_TIME = 500


def write(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Do ``work`` wholly or not at all; may call it again, so it must act on nothing else.

    On PostgreSQL two transactions can insert the same row; the loser looks again and finds it.
    """
    for _ in range(_TRIES - 1):
        try:
            return _once(engine, work)
        except IntegrityError:
            continue
    return _once(engine, work)


def read(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Look at one consistent state, holding up no writer."""
    return _once(engine.execution_options(**{READING: True}), work)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent state to look at piece by piece: rows are fetched as they are asked for."""
    options = {READING: True, "yield_per": ROWS_AT_A_TIME}
    with _translated(), engine.execution_options(**options).begin() as connection:
        yield connection


def _once(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    with _translated(), engine.begin() as connection:
        return work(connection)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        reason = error.orig if isinstance(error, OperationalError) else "all connections are in use"
        raise PortUnavailable(
            f"the database did not answer: {reason}; check that its disk is not full and that no "
            "other program holds it"
        ) from error
