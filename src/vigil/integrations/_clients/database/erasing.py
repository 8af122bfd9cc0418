"""Erasing also from the disk what was erased from a database."""

from contextlib import closing

from sqlalchemy import Engine


def overwrite_erased(engine: Engine) -> None:
    """Overwrite it in the files of SQLite as far as no reader is in the way; PostgreSQL vacuums.

    ``secure_delete`` blanks what is deleted, but until a checkpoint only in the write-ahead log,
    where what was written before lies as well.
    """
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
