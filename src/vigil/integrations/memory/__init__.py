"""Adapters of ``ports/memory.py``: what Vigil knows from before."""

from sqlalchemy import Engine

from vigil.integrations.memory.embedded import EmbeddedMemory
from vigil.integrations.memory.postgres import PostgresMemory
from vigil.integrations.memory.store import SqlMemory

__all__ = ["memory_in"]


def memory_in(engine: Engine) -> SqlMemory:
    """Memory beside the record, in whichever database that is."""
    return (EmbeddedMemory if engine.dialect.name == "sqlite" else PostgresMemory)(engine)
