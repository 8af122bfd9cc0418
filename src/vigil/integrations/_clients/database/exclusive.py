"""One at a time among all processes that share the database."""

from hashlib import sha256

from sqlalchemy import Connection, Table, text

_WAIT = text("SELECT pg_advisory_xact_lock(:key)")
_TRY = text("SELECT pg_try_advisory_xact_lock(:key)")


def exclusively(connection: Connection, what: str) -> None:
    """Wait until nobody else does this; until the transaction ends it is ours.

    SQLite has one writer anyway, and this transaction is the one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT, {"key": _key(what)})


def try_exclusively(connection: Connection, what: str) -> bool:
    """Whether nobody else does this just now; if so it is ours until the transaction ends."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(_TRY, {"key": _key(what)}).scalar_one())


def alone_in(connection: Connection, table: Table) -> None:
    """Wait until nobody else is writing to this table; until the transaction ends nobody does.

    Also whoever does not ask for it is kept waiting. All may go on reading.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def _key(what: str) -> int:
    digest = sha256(f"vigil/{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
