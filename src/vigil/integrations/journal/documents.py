"""Single values out of recorded documents."""

from sqlalchemy import JSON, Column, ColumnElement, Connection, cast, type_coerce


def said(connection: Connection, column: Column[str], *path: str) -> ColumnElement[str]:
    """One value of a recorded document, taken out by the database: documents are long."""
    in_postgresql = connection.dialect.name == "postgresql"
    # To SQLite a document is the text that it is.
    document = cast(column, JSON) if in_postgresql else type_coerce(column, JSON)
    value: ColumnElement[str] = document[path].as_string()
    return value
