"""Single values out of recorded documents."""

from sqlalchemy import JSON, Column, ColumnElement, Connection, cast, func, type_coerce


def said(connection: Connection, column: Column[str], *path: str) -> ColumnElement[str]:
    """One value of a recorded document, taken out by the database: documents are long."""
    in_postgresql = connection.dialect.name == "postgresql"
    # To SQLite a document is the text that it is. PostgreSQL takes nothing out of one in which
    # there is a NUL anywhere, and what others have written is in there.
    readable = func.replace(column, r"\u0000", r"\ufffd")
    document = cast(readable, JSON) if in_postgresql else type_coerce(column, JSON)
    value: ColumnElement[str] = document[path].as_string()
    return value
