"""Locks of a record that was restored from a backup."""

from sqlalchemy import Engine, update

from vigil.integrations._clients.database import write
from vigil.integrations.locks.tables import locks

FURTHER = 1_000_000
"""More than any resource changes hands between a backup and its restoration."""


def raise_tokens(engine: Engine) -> None:
    """Go beyond every token that a broker may have seen since: it refuses lower ones for ever."""
    raised = update(locks).values(token=locks.c.token + FURTHER, holder=None)
    write(engine, lambda connection: connection.execute(raised).rowcount)
