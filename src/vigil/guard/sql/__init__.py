"""SQL read without running it: what each statement does to which table, session or server.

``sqlglot`` parses it in the dialect of PostgreSQL, MySQL or SQLite. It is made for translating and
forgives much; here only what was parsed as a query counts as one. A function that is not known, a
statement that is not known and everything that cannot be parsed is unknown.
"""

from vigil.guard.sql.judging import judge_sql

__all__ = ["judge_sql"]
