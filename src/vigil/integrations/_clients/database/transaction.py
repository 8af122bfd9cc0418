"""One piece of work, one transaction."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vigil.domain.errors import PortUnavailable
from vigil.integrations._clients.database.errors import is_worth_repeating, reason
from vigil.integrations._clients.database.postgres import READER_IDLE_S
from vigil.integrations._clients.database.reading import reading_options
from vigil.integrations._clients.database.writers import in_line

Result = TypeVar("Result")

TRIES = 5
"""More than any two that meet need; who still loses has met something else."""

ROWS_AT_A_TIME = 500

_REMEDIES = {
    "sqlite": "check that its disk is not full and that no other program holds it",
    "postgresql": "check that the server runs, can be reached from here and has room on its disk",
}


def write(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Do ``work`` wholly or not at all; may call it again, so it must act on nothing else.

    On PostgreSQL transactions run side by side: two can insert the same row or wait for each other.
    ``PortUnavailable`` leaves it open whether a commit that was not answered was done.
    """
    with in_line(engine):
        return _repeated(engine, work, {})


def read(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Look at one consistent state, holding up no writer."""
    return _repeated(engine, work, reading_options(engine))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent state to look at piece by piece: rows are fetched as they are asked for."""
    with _translated(engine), engine.connect() as connection:
        connection.execution_options(**reading_options(engine))
        with connection.begin():
            if connection.dialect.name == "postgresql":
                patient = f"SET LOCAL idle_in_transaction_session_timeout = '{READER_IDLE_S}s'"
                connection.exec_driver_sql(patient)
            # Not earlier: through a cursor a setting is a mistake of syntax.
            connection.execution_options(yield_per=ROWS_AT_A_TIME)
            yield connection


def _repeated(
    engine: Engine, work: Callable[[Connection], Result], options: Mapping[str, Any]
) -> Result:
    with _translated(engine):
        for _ in range(TRIES - 1):
            attempt = _Attempt(engine, options)
            try:
                return attempt.run(work)
            except DBAPIError as error:
                if not is_worth_repeating(error, committing=attempt.committing):
                    raise
        return _Attempt(engine, options).run(work)


class _Attempt:
    """One transaction, and whether it came to its commit."""

    def __init__(self, engine: Engine, options: Mapping[str, Any]) -> None:
        self._engine = engine
        self._options = options
        self.committing = False

    def run(self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.connect() as connection:
            connection.execution_options(**self._options)
            with connection.begin():
                result = work(connection)
                self.committing = True
        return result


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise _unavailable(engine, "all connections are in use") from error
    except (OperationalError, InterfaceError, InternalError) as error:
        raise _unavailable(engine, reason(error)) from error


def _unavailable(engine: Engine, why: str) -> PortUnavailable:
    remedy = _REMEDIES[engine.dialect.name]
    return PortUnavailable(f"the database did not answer: {why}; {remedy}")
