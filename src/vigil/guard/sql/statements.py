"""Statements by their words, where the grammar does not tell enough."""

from collections.abc import Sequence

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark
from vigil.guard.sql.does import Does, does

READ, REVERSIBLE = EffectKind.READ, EffectKind.REVERSIBLE
DISRUPTIVE, DESTRUCTIVE = EffectKind.DISRUPTIVE, EffectKind.DESTRUCTIVE

_NAME = r'"?([\w$."-]+)"?'
_PROTECTS = (
    r"FSYNC FULL_PAGE_WRITES SSL\w* LOG_\w+ LOGGING_COLLECTOR ARCHIVE_\w+ PASSWORD_ENCRYPTION "
    r"HBA_FILE ROW_SECURITY WAL_LEVEL SYNCHRONOUS_COMMIT SESSION_REPLICATION_ROLE IDENT_FILE "
    r"GENERAL_LOG\w* SLOW_QUERY_LOG\w* LOG_BIN\w* SQL_LOG_BIN SQL_LOG_OFF "
    r"REQUIRE_SECURE_TRANSPORT VALIDATE_PASSWORD\w* LOCAL_INFILE SECURE_FILE_PRIV READ_ONLY "
    r"SUPER_READ_ONLY AUDIT_\w+ SQL_SAFE_UPDATES FOREIGN_KEY_CHECKS UNIQUE_CHECKS "
    r"INNODB_FLUSH_LOG\w* SYNC_BINLOG PGAUDIT\w* SHARED_PRELOAD_LIBRARIES "
    r"LOCAL_PRELOAD_LIBRARIES SESSION_PRELOAD_LIBRARIES DYNAMIC_LIBRARY_PATH EXTERNAL_FLAG "
    r"INIT_CONNECT INIT_FILE"
).replace(" ", "|")
"""Settings that protect data, or say who may do what."""
_OF_TRANSACTIONS = (
    "TRANSACTION|WORK|ISOLATION|LEVEL|READ|ONLY|WRITE|REPEATABLE|SERIALIZABLE|COMMITTED|UNCOMMITTED"
    "|DEFERRED|IMMEDIATE|EXCLUSIVE|NOT|DEFERRABLE|WITH|CONSISTENT|SNAPSHOT|AND|NO|CHAIN|RELEASE"
)
_OPEN_DOORS = "gives rights that nothing of the database limits, or code that it runs outside of it"

STATEMENTS: Sequence[Does] = (
    does(
        rf"ALTER SYSTEM (?:SET|RESET) .*(?:{_PROTECTS})\b.*",
        DISRUPTIVE,
        "configuration:postgres",
        "turns off or moves what protects data, or who may do what",
        Mark.TURNS_OFF_PROTECTION,
        Mark.PERSISTS,
    ),
    does(
        r"ALTER SYSTEM .*",
        DISRUPTIVE,
        "configuration:postgres",
        "changes the configuration of the server",
        Mark.PERSISTS,
    ),
    does(
        rf"ALTER (?:USER|ROLE) {_NAME} .*\b(?:SUPERUSER|CREATEROLE|BYPASSRLS|REPLICATION)\b.*",
        DISRUPTIVE,
        "user:{1}",
        "gives an account more rights",
        Mark.ESCALATES,
        Mark.PERSISTS,
    ),
    does(
        rf"(?:ALTER|RENAME) (?:USER|ROLE|GROUP) (?:IF EXISTS )?{_NAME}.*",
        DISRUPTIVE,
        "user:{1}",
        "changes an account",
        Mark.ESCALATES,
    ),
    does(
        rf"CREATE (?:OR REPLACE )?(?:USER|ROLE|GROUP) (?:IF NOT EXISTS )?{_NAME}.*",
        DISRUPTIVE,
        "user:{1}",
        "makes an account",
        Mark.ESCALATES,
        Mark.PERSISTS,
    ),
    does(
        rf"DROP (?:USER|ROLE|GROUP|OWNED BY) (?:IF EXISTS )?{_NAME}.*",
        DISRUPTIVE,
        "user:{1}",
        "removes an account, or what it owns",
    ),
    does(
        r"(?:START|STOP|RESET|CHANGE) (?:SLAVE|REPLICA|MASTER TO|REPLICATION (?:SOURCE|FILTER))\b.*"
        r"|(?:START|STOP) GROUP_REPLICATION.*",
        DISRUPTIVE,
        "replication:mysql",
        "changes what a replica follows",
    ),
    does(
        r"PURGE (?:BINARY|MASTER) LOGS\b.*|RESET (?:MASTER|BINARY LOGS)\b.*",
        DESTRUCTIVE,
        "server:mysql",
        "removes the log that backups and replicas need",
        Mark.DROPS_DATA,
        Mark.TURNS_OFF_PROTECTION,
    ),
    does(r"SET PASSWORD.*", DISRUPTIVE, "user:?", "changes a password", Mark.ESCALATES),
    does(
        r"SET (?:SESSION |LOCAL )?(?:ROLE|SESSION AUTHORIZATION)\b.*|SET (?:DEFAULT )?ROLE.*",
        DISRUPTIVE,
        "session:self",
        "goes on as somebody else",
        Mark.ESCALATES,
    ),
    does(
        r"SET (?:GLOBAL|PERSIST|PERSIST_ONLY|SESSION|LOCAL|@ @ \w+ \.)?\s*(?:@ @ )?"
        rf"(?:{_PROTECTS})\b.*"
        rf"|SET .*@@?\s*(?:GLOBAL|SESSION)\s*\.\s*(?:{_PROTECTS})\b.*",
        DISRUPTIVE,
        "configuration:server",
        "turns off or moves what protects data, or who may do what",
        Mark.TURNS_OFF_PROTECTION,
    ),
    does(
        r"SET (?:GLOBAL|PERSIST|PERSIST_ONLY)\b.*|SET .*@\s*@?\s*(?:GLOBAL|PERSIST)\b.*",
        DISRUPTIVE,
        "configuration:server",
        "changes a setting of the server",
    ),
    does(r"(?:SET|RESET)\b[^(]*", READ, "-", "changes a setting of this session only"),
    does(r"SHOW\b.*", READ, "-", "shows something of the server"),
    does(r"(?:HELP|DESC|DESCRIBE)\b.*", READ, "-", "shows something of the server"),
    does(
        rf"(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|ABORT|END)(?:,? (?:{_OF_TRANSACTIONS}))*"
        rf"|(?:ROLLBACK (?:WORK |TRANSACTION )?TO|RELEASE|SAVEPOINT) (?:SAVEPOINT )?{_NAME}",
        READ,
        "-",
        "begins or ends a transaction",
    ),
    does(
        r"(?:PREPARE TRANSACTION|(?:COMMIT|ROLLBACK) PREPARED)\b.*",
        DISRUPTIVE,
        "transaction:?",
        "ends a transaction of somebody",
    ),
    does(r"(?:DEALLOCATE|CLOSE|DISCARD|UNLISTEN|CHECKPOINT)\b.*", READ, "-", "tidies up"),
    does(r"(?:FETCH|MOVE)\b.*", READ, "-", "reads rows"),
    does(
        r".* INTO (?:OUTFILE|DUMPFILE)\b.*",
        DISRUPTIVE,
        "file:?",
        "writes a file of the server",
        Mark.PERSISTS,
    ),
    does(rf"LOAD DATA .* INTO TABLE {_NAME}.*", REVERSIBLE, "table:{1}", "adds rows of a file"),
    does(
        r"IMPORT FOREIGN SCHEMA\b.*",
        DISRUPTIVE,
        "schema:?",
        "lets this database ask another server",
        Mark.NETWORK,
    ),
    does(r"LISTEN\b.*", READ, "-", "waits for messages"),
    does(rf"NOTIFY {_NAME}.*", DISRUPTIVE, "channel:{1}", "wakes whoever listens"),
    does(
        rf"VACUUM (?:\( .*\bFULL\b.*\) |.*\bFULL\b)\s*{_NAME}?.*",
        DISRUPTIVE,
        "table:{1}",
        "rewrites a table and locks it",
    ),
    does(
        rf"VACUUM (?:\(.*?\) |(?:VERBOSE|ANALYZE|FREEZE) )*{_NAME}.*",
        REVERSIBLE,
        "table:{1}",
        "tidies up a table",
    ),
    does(r"VACUUM\b.*", REVERSIBLE, "database:?", "tidies up every table"),
    does(
        rf"ANALYZE (?:VERBOSE |TABLE )*{_NAME}.*",
        REVERSIBLE,
        "table:{1}",
        "counts anew what queries are planned by",
    ),
    does(r"ANALYZE\b.*", REVERSIBLE, "database:?", "counts anew what queries are planned by"),
    does(
        rf"(?:OPTIMIZE|REPAIR) (?:NO_WRITE_TO_BINLOG |LOCAL )?TABLES? {_NAME}.*",
        DISRUPTIVE,
        "table:{1}",
        "rewrites a table and locks it",
    ),
    does(r"(?:CHECK|CHECKSUM) TABLE\b.*", READ, "-", "looks whether a table is sound"),
    does(rf"REINDEX .*\bCONCURRENTLY\b\s*{_NAME}.*", REVERSIBLE, "table:{1}", "makes indexes anew"),
    does(
        rf"REINDEX (?:\(.*?\) )?(?:INDEX |TABLE |SCHEMA |DATABASE |SYSTEM )?{_NAME}?.*",
        DISRUPTIVE,
        "table:{1}",
        "makes indexes anew and locks tables",
    ),
    does(
        rf"CLUSTER (?:VERBOSE )?{_NAME}?.*",
        DISRUPTIVE,
        "table:{1}",
        "rewrites a table and locks it",
    ),
    does(
        rf"REFRESH MATERIALIZED VIEW (?:CONCURRENTLY )?{_NAME}.*",
        REVERSIBLE,
        "table:{1}",
        "computes a view anew",
    ),
    does(rf"LOCK (?:TABLES?|INSTANCE)? ?{_NAME}?.*", DISRUPTIVE, "table:{1}", "locks a table"),
    does(r"UNLOCK (?:TABLES?|INSTANCE)\b.*", READ, "-", "gives its locks back"),
    does(
        rf"(?:REPLACE|INSERT) (?:LOW_PRIORITY |DELAYED |IGNORE |OR \w+ )*INTO {_NAME}.*",
        DISRUPTIVE,
        "table:{1}",
        "writes over rows",
    ),
    does(rf"RENAME TABLES? {_NAME}.*", DISRUPTIVE, "table:{1}", "gives a table another name"),
    does(
        rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME} .*"
        r"\b(?:DISABLE (?:ROW LEVEL SECURITY|TRIGGER|RULE)|NO FORCE ROW LEVEL SECURITY)\b.*",
        DISRUPTIVE,
        "table:{1}",
        "turns off what protects a table",
        Mark.TURNS_OFF_PROTECTION,
    ),
    does(
        rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME} .*\bDROP (?:COLUMN|PARTITION)\b.*"
        rf"|ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME} .*\bTRUNCATE PARTITION\b.*",
        DESTRUCTIVE,
        "table:{1}",
        "removes a column or partition with its data",
        Mark.DROPS_DATA,
    ),
    does(
        rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_NAME}.*",
        DISRUPTIVE,
        "table:{1}",
        "changes a table and locks it",
    ),
    does(
        rf"ALTER (?:INDEX|VIEW|SEQUENCE|TYPE|DOMAIN|MATERIALIZED VIEW) (?:IF EXISTS )?{_NAME}.*",
        DISRUPTIVE,
        "table:{1}",
        "changes a part of the schema",
    ),
    does(
        rf"ALTER (?:DATABASE|SCHEMA|TABLESPACE) {_NAME}.*",
        DISRUPTIVE,
        "database:{1}",
        "changes a database",
    ),
    does(
        rf"DROP (?:DATABASE|SCHEMA|TABLESPACE) (?:IF EXISTS )?{_NAME}.*",
        DESTRUCTIVE,
        "database:{1}",
        "removes a database with its data",
        Mark.DROPS_DATA,
    ),
    does(
        rf"DROP (?:FOREIGN |TEMPORARY )?(?:TABLES?|MATERIALIZED VIEW) (?:IF EXISTS )?{_NAME}.*",
        DESTRUCTIVE,
        "table:{1}",
        "removes a table with its data",
        Mark.DROPS_DATA,
    ),
    does(
        r"DROP (?:POLICY|RULE|EVENT TRIGGER|TRIGGER)\b.*",
        DISRUPTIVE,
        "?",
        "removes what protects or follows a table",
        Mark.TURNS_OFF_PROTECTION,
    ),
    does(
        rf"DROP (?:PUBLICATION|SUBSCRIPTION|SERVER) (?:IF EXISTS )?{_NAME}.*",
        DISRUPTIVE,
        "replication:{1}",
        "ends a replication",
    ),
    does(
        rf"DROP \w+ (?:IF EXISTS )?(?:CONCURRENTLY )?{_NAME}.*",
        DISRUPTIVE,
        "schema:{1}",
        "removes a part of the schema",
    ),
    does(
        r"CREATE (?:OR REPLACE )?(?:EVENT TRIGGER|TRIGGER|EVENT|RULE|CONSTRAINT TRIGGER)\b.*",
        DISRUPTIVE,
        "?",
        "leaves code that the database runs later",
        Mark.PERSISTS,
    ),
    does(
        r"CREATE (?:PUBLICATION|SUBSCRIPTION|SERVER|FOREIGN DATA WRAPPER|USER MAPPING)\b.*",
        DISRUPTIVE,
        "replication:?",
        "sends data to another server",
        Mark.SENDS_OUT,
        Mark.PERSISTS,
    ),
    does(
        r"CREATE (?:TRUSTED )?(?:LANGUAGE|EXTENSION)\b.*"
        r"|(?:INSTALL|UNINSTALL) (?:PLUGIN|COMPONENT|SONAME)\b.*",
        DISRUPTIVE,
        "server:extensions",
        _OPEN_DOORS,
        Mark.ESCALATES,
        Mark.PERSISTS,
    ),
    does(
        rf"CREATE DATABASE (?:IF NOT EXISTS )?{_NAME}.*",
        REVERSIBLE,
        "database:{1}",
        "makes a database",
    ),
    does(
        r"CREATE (?:POLICY|STATISTICS|TYPE|DOMAIN|SEQUENCE|SCHEMA|VIEW) "
        rf"(?:IF NOT EXISTS )?{_NAME}.*",
        REVERSIBLE,
        "schema:{1}",
        "adds a part of the schema",
    ),
    does(
        r"ALTER DEFAULT PRIVILEGES\b.*|REASSIGN OWNED\b.*",
        DISRUPTIVE,
        "user:?",
        "changes who may do what",
        Mark.ESCALATES,
    ),
    does(
        r"FLUSH PRIVILEGES.*", DISRUPTIVE, "server:mysql", "makes the server read the rights again"
    ),
    does(
        r"FLUSH (?:BINARY |ENGINE |ERROR |GENERAL |RELAY |SLOW )?(?:LOGS|STATUS|HOSTS)\b.*",
        REVERSIBLE,
        "server:mysql",
        "begins new logs or counts",
    ),
    does(
        r"FLUSH (?:NO_WRITE_TO_BINLOG |LOCAL )?TABLES?\b.*",
        DISRUPTIVE,
        "server:mysql",
        "closes tables, and may lock them all",
    ),
    does(r"SHUTDOWN|RESTART", DISRUPTIVE, "server:mysql", "stops the server"),
    does(r"DETACH\b.*", READ, "-", "closes a database file"),
    does(
        rf"COMMENT ON \w+ {_NAME}.*|SECURITY LABEL\b.*",
        REVERSIBLE,
        "table:{1}",
        "changes a comment",
    ),
)
"""By their words in capitals, one blank between them; the first that matches whole counts."""
