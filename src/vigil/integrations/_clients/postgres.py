"""Look into a PostgreSQL that is not ours: read-only, and for a short time only."""

from psycopg import Error
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SHORTEST_CONNECT_S = 2
"""libpq knows no shorter time; whoever connects has a deadline of its own."""


class UnreadableDsn(Exception):
    """A DSN that is none. The driver's words are left out: they may quote it with its password."""


def reading_conninfo(dsn: str, timeout_s: float, name: str) -> str:
    """The DSN for a connection that writes nothing and whose statements end within the time."""
    # The server's own deadline is the shorter one: a statement ends there, not only here.
    server_ms = max(int(timeout_s * 900), 1)
    try:
        given = str(conninfo_to_dict(dsn).get("options") or "")
        return make_conninfo(
            dsn,
            connect_timeout=max(SHORTEST_CONNECT_S, round(timeout_s)),
            options=(
                f"{given} -c default_transaction_read_only=on -c statement_timeout={server_ms} "
                f"-c lock_timeout={server_ms}"
            ).strip(),
            application_name=name,
        )
    except Error as error:
        raise UnreadableDsn("the dsn cannot be read; write it as 'host=... port=...'") from error


def password_in(dsn: str) -> str:
    """The password that a readable DSN names, so that it can be kept out of texts."""
    return str(conninfo_to_dict(dsn).get("password") or "")
