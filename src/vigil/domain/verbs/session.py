"""``session.*``: sessions of a database and what they are at."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from vigil.domain.effects import EffectKind
from vigil.domain.verbs.base import Argument, BaseGrant, Place, Verb
from vigil.domain.verbs.places import database_servers

SESSION = r"[1-9][0-9]{0,6}\.[1-9][0-9]{15}"
"""A process of PostgreSQL, and a moment in microseconds since 1970: the start of its transaction,
or for ``session.cancel`` of its statement."""


class _SessionGrant(BaseGrant):
    within_database: ClassVar[bool] = True
    dsn: str
    role: str = Field(min_length=1, max_length=63)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        # Without the moment: both verbs mean the same session by its process, which the server
        # knows by its number, whatever database it is in.
        return tuple(
            ("session", server, argument.partition(".")[0])
            for server in database_servers(self.dsn)
            for argument in arguments
        )


class SessionTerminateGrant(_SessionGrant):
    """``session.terminate``: end one session that holds up others and does nothing.

    What may be ended is fixed by the grant, never by a call: only sessions of ``role`` in the
    PostgreSQL database of ``dsn``, idle in a transaction for ``idle_s`` seconds at least, for which
    others wait at that very moment. A call names one session and so can only choose among these.
    """

    verb: Literal["session.terminate"]
    idle_s: float = Field(default=5.0, ge=1.0, le=3600.0)


class SessionCancelGrant(_SessionGrant):
    """``session.cancel``: cancel one statement that has been running for long.

    As with ``session.terminate`` the grant says which: of ``role``, in the PostgreSQL database of
    ``dsn``, at work for ``running_s`` seconds at least, and, unless ``blocking`` is false, only
    while others wait for it.
    """

    verb: Literal["session.cancel"]
    running_s: float = Field(default=60.0, ge=1.0, le=86_400.0)
    blocking: bool = True


_SESSION = (Argument(name="session", pattern=SESSION),)
_DRIVER = "psycopg[binary]"

VERBS = (
    Verb(
        grant=SessionTerminateGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=_SESSION,
        resource="session:{grant}/{session}",
        reason="ends a database session that is idle and holds up others; what it had not "
        "committed is rolled back",
        undo="none: the database has rolled back what was not committed",
        again="process and start of the transaction: that transaction is there once",
        needs=_DRIVER,
    ),
    Verb(
        grant=SessionCancelGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=_SESSION,
        resource="session:{grant}/{session}",
        reason="cancels a statement that runs for long; its transaction is rolled back",
        undo="none: the statement has to be sent again by whoever needs its answer",
        again="process and start of the statement: that statement runs once",
        needs=_DRIVER,
    ),
)
