"""What a database says when it fails, and what that means."""

from sqlalchemy.exc import DBAPIError

_OVERTAKEN = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and a key that another one has inserted meanwhile."""


def reason(error: DBAPIError) -> str:
    """The first line; the further ones quote rows and statements."""
    return str(error.orig).partition("\n")[0]


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's five letters, where there are some."""
    return getattr(error.orig, "sqlstate", None)


def is_worth_repeating(error: DBAPIError, *, committing: bool) -> bool:
    """Whether nothing was written for sure, and another try finds another world.

    Of two that insert the same row the loser looks again and finds it; SQLite has one writer, whom
    nobody overtakes. A connection that broke is replaced; but a commit that nobody answered may
    have been done, and is the caller's to look up.
    """
    if sqlstate(error) in _OVERTAKEN:
        return True
    return error.connection_invalidated and not committing
