"""``session.cancel PID.MICROSECONDS``: cancel one statement that has been running for long.

The second number is when the statement began. PostgreSQL itself knows only the process: between the
look, which is part of the same statement, and the signal that statement may end and another one
begin, which is cancelled then. Nothing can close that gap; it is shorter than a millisecond.
"""

from vigil.domain.verbs.session import SessionCancelGrant
from vigil.runner.verbs.base import Asked
from vigil.runner.verbs.one_session import OneSession, Way

_SEEN = """
    SELECT seen.*, waiting > 0 OR NOT %(blocking)s::bool AS waited_for FROM (
    SELECT a.pid,
           CASE WHEN a.state IS NOT NULL THEN coalesce(
               a.state = 'active' AND
               (extract(epoch FROM a.query_start) * 1000000)::bigint = %(began)s::bigint, false
           ) END AS same,
           a.pid <> pg_backend_pid() AS another,
           a.backend_type = 'client backend' AS client,
           a.datname = current_database() AS here,
           a.usename = %(role)s::name AS of_role,
           extract(epoch FROM clock_timestamp() - a.query_start) >= %(running_s)s::float8 AS long,
           extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS seconds,
           (SELECT count(*)
              FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted) AS waiting
             WHERE a.pid = ANY (pg_blocking_pids(waiting.pid))) AS waiting
      FROM pg_stat_activity AS a
     WHERE a.pid = %(pid)s::int) AS seen
"""
_CANCEL = f"""
    SELECT pg_cancel_backend(pid) AS told, seconds, waiting
      FROM ({_SEEN}) AS seen
     WHERE same AND another AND client AND here AND of_role AND long AND waited_for
"""  # noqa: S608 - made of constants; values are bound by the driver
_WAY = Way(
    seen=_SEEN,
    end=_CANCEL,
    unmet={
        "same": "it is at another statement now, or at none",
        "another": "it is the broker's own",
        "client": "it is a process of the server",
        "here": "it is in another database than the grant's",
        "of_role": "it is not of the grant's role",
        "long": "it has been running for {seconds:.1f} s, and the grant asks for {running_s:g} s",
        "waited_for": "nobody waits for it",
    },
    what="statement",
    wrong="that is no statement (its process and its start, PID.MICROSECONDS)",
    ended="cancelled",
    would="cancel",
    for_long="running",
)


def bind(asked: Asked) -> "SessionCancel":
    """A call, bound to its grant."""
    return SessionCancel(asked.grant_of(SessionCancelGrant), asked.arguments[0])


class SessionCancel(OneSession):
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: SessionCancelGrant, session: str) -> None:
        values = {"role": grant.role, "running_s": grant.running_s, "blocking": grant.blocking}
        super().__init__(_WAY, grant.dsn, session, values)
