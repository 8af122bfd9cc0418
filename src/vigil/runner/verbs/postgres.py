"""One short connection to PostgreSQL: everything has a deadline, and no word has the password."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row

from vigil.runner.verbs.base import NotDone, Refusal, Unfinished
from vigil.runner.verbs.cut import cut_after

CONNECT_S = 3
STATEMENT_S = 3
# The server's own limits. Ending a session writes nothing, so writing can be ruled out.
_LIMITS = (
    f"-c statement_timeout={STATEMENT_S}s -c lock_timeout={STATEMENT_S}s "
    "-c default_transaction_read_only=on"
)

Row = Mapping[str, object]


class Postgres:
    """The database of a grant."""

    def __init__(self, dsn: str) -> None:
        try:
            known = conninfo_to_dict(dsn)
        except psycopg.Error:
            # Not the driver's words, which may quote the DSN; and no cause, whose words they are.
            raise Refusal(
                "the grant's dsn cannot be read; write 'host=... port=... user=... dbname=...'"
            ) from None
        self._secret = str(known.get("password") or "")
        self._where = f"PostgreSQL at {known.get('host') or 'its usual socket'}"
        self._conninfo = make_conninfo(
            dsn,
            connect_timeout=CONNECT_S,
            options=f"{known.get('options') or ''} {_LIMITS}".strip(),
            application_name="vigil-broker",
        )

    @contextmanager
    def connected(self, seconds: float) -> Iterator["Session"]:
        """A connection that ends in so many seconds; each statement is its own transaction.

        :raises NotDone: nobody answers in time, or the login is refused.
        """
        until = time.monotonic() + seconds
        try:
            # Statements that see the present, never the snapshot of an earlier one.
            connection = psycopg.connect(
                self._conninfo, autocommit=True, prepare_threshold=None, row_factory=dict_row
            )
        except (psycopg.Error, OSError, ValueError) as refused:
            raise NotDone(
                f"{self._where} lets nobody in ({self.without_secret(refused)}); "
                "is it running, and is the grant's dsn right?"
            ) from None
        with contextlib.closing(connection):
            left = until - time.monotonic()
            if left <= 0:
                raise NotDone(f"{self._where} took longer than {seconds:.0f} s to let anybody in")
            # The driver itself waits for a frozen server without end.
            with cut_after(connection.fileno(), left):
                yield Session(connection, self)

    def without_secret(self, error: BaseException) -> str:
        """What an error says, on one line and without the password."""
        text = " ".join(str(error).split())
        return text.replace(self._secret, "***") if self._secret else text

    def unanswered(self, error: BaseException) -> str:
        """The sentence for a connection that was lost."""
        return f"{self._where} stopped answering ({self.without_secret(error)})"


class Session:
    """The broker's own session while it lasts."""

    def __init__(self, connection: psycopg.Connection[DictRow], database: Postgres) -> None:
        self._connection = connection
        self._database = database

    def read(self, query: str, values: Mapping[str, object]) -> Row | None:
        """The first row, if there is one.

        :raises NotDone: no answer; reading has changed nothing.
        """
        try:
            return self._first(query, values)
        except (psycopg.Error, OSError) as lost:
            raise NotDone(self._database.unanswered(lost)) from None

    def change(self, query: str, values: Mapping[str, object]) -> Row | None:
        """The first row, if there is one.

        :raises Refusal: the login may not do this, and nothing was done.
        :raises Unfinished: no answer; whether it was done is unknown.
        """
        try:
            return self._first(query, values)
        except psycopg.errors.InsufficientPrivilege as forbidden:
            raise Refusal(self._database.without_secret(forbidden)) from None
        except (psycopg.Error, OSError) as lost:
            raise Unfinished(self._database.unanswered(lost)) from None

    def _first(self, query: str, values: Mapping[str, object]) -> Row | None:
        return self._connection.execute(query.encode(), values).fetchone()
