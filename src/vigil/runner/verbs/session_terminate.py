"""``session.terminate PID.MICROSECONDS``: end one database session that holds up others, idle.

The second number is when its transaction began: a pooled connection lives for days, and what is
ended has to be the very transaction that was looked at.
"""

from vigil.domain.verbs.session import SessionTerminateGrant
from vigil.runner.verbs.base import Asked
from vigil.runner.verbs.one_session import OneSession, Way

# The one place that says what may be ended. The call's two numbers only choose a row; what it must
# be like comes from the grant. A column that the login may not see is null, and so not true.
_SEEN = """
    SELECT seen.*, waiting > 0 AS waited_for FROM (
    SELECT a.pid,
           CASE WHEN a.state IS NOT NULL THEN coalesce(
               (extract(epoch FROM a.xact_start) * 1000000)::bigint = %(began)s::bigint, false
           ) END AS same,
           a.pid <> pg_backend_pid() AS another,
           a.datname = current_database() AS here,
           a.usename = %(role)s::name AS of_role,
           a.state IN ('idle in transaction', 'idle in transaction (aborted)') AS idle,
           extract(epoch FROM clock_timestamp() - a.state_change) >= %(idle_s)s::float8 AS long,
           extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS seconds,
           (SELECT count(*)
              FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted) AS waiting
             WHERE a.pid = ANY (pg_blocking_pids(waiting.pid))) AS waiting
      FROM pg_stat_activity AS a
     WHERE a.pid = %(pid)s::int) AS seen
"""
# One statement judges and ends it, so that as little as possible can change in between.
_END = f"""
    SELECT pg_terminate_backend(pid) AS told, seconds, waiting
      FROM ({_SEEN}) AS seen
     WHERE same AND another AND here AND of_role AND idle AND long AND waited_for
"""  # noqa: S608 - made of constants; values are bound by the driver
_WAY = Way(
    seen=_SEEN,
    end=_END,
    unmet={
        "same": "it is in another transaction now",
        "another": "it is the broker's own",
        "here": "it is in another database than the grant's",
        "of_role": "it is not of the grant's role",
        "idle": "it is not idle in a transaction",
        "long": "it has been idle for {seconds:.1f} s, and the grant asks for {idle_s:g} s",
        "waited_for": "nobody waits for it",
    },
    what="session",
    wrong="that is no session (its process and its transaction's start, PID.MICROSECONDS)",
    ended="ended",
    would="end",
    for_long="idle",
)


def bind(asked: Asked) -> "SessionTerminate":
    """A call, bound to its grant."""
    return SessionTerminate(asked.grant_of(SessionTerminateGrant), asked.arguments[0])


class SessionTerminate(OneSession):
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: SessionTerminateGrant, session: str) -> None:
        values = {"role": grant.role, "idle_s": grant.idle_s}
        super().__init__(_WAY, grant.dsn, session, values)
