"""Functions of the databases: what they do besides computing.

This is a table in a module, not a rule file: it is what three databases build in, and nothing that
a user would extend.
"""

import re
from collections.abc import Sequence

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark
from vigil.guard.sql.does import Does, does

READ, REVERSIBLE = EffectKind.READ, EffectKind.REVERSIBLE
DISRUPTIVE = EffectKind.DISRUPTIVE
UNKNOWN = EffectKind.UNKNOWN

_FILES = "reads a file of the server"
_ELSEWHERE = "asks another server"

FUNCTIONS: Sequence[Does] = (
    does("pg_terminate_backend", DISRUPTIVE, "session:{argument}", "ends a session", Mark.KILLS),
    does("pg_cancel_backend", DISRUPTIVE, "session:{argument}", "ends a query", Mark.KILLS),
    does(
        "pg_read_(?:binary_)?file|load_file|readfile",
        READ,
        "file:{argument}",
        _FILES,
        Mark.READS_SENSITIVE,
    ),
    does("pg_ls_\\w+|pg_stat_file|pg_current_logfile", READ, "-", "lists files of the server"),
    does("lo_import|lo_put|lo_create|lo_from_bytea", DISRUPTIVE, "?", "stores a large object"),
    does("lo_unlink", DISRUPTIVE, "?", "removes a large object"),
    does(
        "lo_export|writefile|pg_file_write|edit",
        DISRUPTIVE,
        "?",
        "writes a file of the server",
        Mark.PERSISTS,
    ),
    does(
        "pg_file_(?:unlink|rename)|pg_logfile_rotate|pg_rotate_logfile\\w*",
        DISRUPTIVE,
        "?",
        "changes files of the server",
    ),
    does("dblink\\w*|postgres_fdw\\w*", UNKNOWN, "?", _ELSEWHERE, Mark.NETWORK, Mark.SENDS_OUT),
    does(
        "pg_reload_conf",
        DISRUPTIVE,
        "configuration:postgres",
        "makes the server read its configuration",
    ),
    does(
        "pg_promote|pg_wal_replay_(?:pause|resume)",
        DISRUPTIVE,
        "server:postgres",
        "changes the role of the server",
    ),
    does(
        "pg_create_restore_point|pg_(?:start|stop)_backup|pg_backup_(?:start|stop)",
        REVERSIBLE,
        "server:postgres",
        "marks a backup",
    ),
    does(
        "pg_switch_wal|pg_log_backend_memory_contexts",
        REVERSIBLE,
        "server:postgres",
        "begins a new log",
    ),
    does(
        "pg_create_\\w*replication_slot|pg_copy_\\w*slot",
        REVERSIBLE,
        "replication:{argument}",
        "keeps log for a replica",
    ),
    does(
        "pg_drop_replication_slot|pg_replication_(?:slot_advance|origin_\\w+)",
        DISRUPTIVE,
        "replication:{argument}",
        "a replica loses its place",
    ),
    does(
        "pg_logical_slot_get\\w*",
        DISRUPTIVE,
        "replication:{argument}",
        "takes changes that a replica waits for",
    ),
    does(
        "pg_stat_(?:statements_)?reset\\w*",
        DISRUPTIVE,
        "statistics:postgres",
        "forgets statistics",
        Mark.TURNS_OFF_PROTECTION,
    ),
    does(
        "pg_(?:try_)?advisory_(?:xact_)?lock\\w*|get_lock",
        REVERSIBLE,
        "lock:{argument}",
        "takes a lock",
    ),
    does(
        "pg_advisory_unlock\\w*|release_\\w*locks?",
        REVERSIBLE,
        "lock:{argument}",
        "gives a lock back",
    ),
    does("set_config", UNKNOWN, "configuration:{argument}", "changes a setting"),
    does("setval", DISRUPTIVE, "sequence:{argument}", "sets a sequence; its place is lost"),
    does("nextval", REVERSIBLE, "sequence:{argument}", "takes a number of a sequence"),
    does("pg_notify", DISRUPTIVE, "channel:{argument}", "wakes whoever listens"),
    does(
        "pg_sleep\\w*|sleep|benchmark|randomblob|zeroblob",
        DISRUPTIVE,
        "session:self",
        "keeps the server busy",
        Mark.EXHAUSTS,
    ),
    does("generate_series|repeat", READ, "-", "makes rows or text"),
    does(
        "query_to_xml\\w*|table_to_xml\\w*|cursor_to_xml\\w*|database_to_xml\\w*|schema_to_xml\\w*"
        "|ts_stat|xpath_table|connectby|fts3_tokenizer",
        UNKNOWN,
        "?",
        "runs SQL of its own",
    ),
    does(
        "load_extension|sys_exec|sys_eval|xp_cmdshell|do_system|lib_mysqludf\\w*",
        UNKNOWN,
        "?",
        "runs code outside of the database",
        Mark.ESCALATES,
    ),
    does(
        "pg_(?:import|terminate|rewind|extension_config_dump|upgrade)\\w*",
        UNKNOWN,
        "?",
        "changes the server",
    ),
    does("cron\\.?schedule|schedule", DISRUPTIVE, "?", "runs SQL again and again", Mark.PERSISTS),
)
"""By their name in small letters; the first that matches counts."""

_FAMILIES = (
    r"array bit bool box btrim char clock col convert cume current date datetime dense difference "
    r"enum every extract first format grouping has hashtext height host inet initcap int\d? is "
    r"isnull json jsonb julianday justify lag last lead length like localtime log lower ltrim make "
    r"max md5 min mod month network nth ntile num numeric obj octet overlay percent percentile "
    r"phraseto plainto position pow power quote radians rand random range rank regexp regr replace "
    r"reverse round row rtrim scale sha\d* shobj sign split starts statement st stddev str string "
    r"strpos substr substring subdate sum text time timestamp timeofday to transaction translate "
    r"trim trunc truncate ts tsvector typeof unicode unix unnest upper uuid var variance version "
    r"websearch week weekday width xml xpath year"
).replace(" ", "|")
"""Names, and those that go on with an underscore: ``array``, ``array_length``."""
_SINGLE = (
    r"abs acos age aes_decrypt aes_encrypt any_value ascii asin atan2? avg cast cbrt ceil ceiling "
    r"changes chr coalesce concat concat_ws conv cos cot count crc32 curdate curtime database "
    r"datediff day\w* decode degrees div elt encode exp exists field find_in_set floor found_rows "
    r"gcd gen_random_\w+ glob greatest group_concat hex hour if ifnull iif inet_\w+ instr interval "
    r"isfinite last_insert_id lcase lcm least left ln locate lpad makedate maketime masklen "
    r"microsecond mid minute now nullif oct ord pi printf quarter random right rpad row_count "
    r"schema second session_user sin soundex space sqlite_\w+ sqrt sysdate system_user tan tanh "
    r"total total_changes ucase unhex unistr user utc_\w+ uuid values width_bucket yearweek "
    r"name_const"
).replace(" ", "|")
"""Names by themselves."""
_ABOUT_THE_SERVER = (
    r"stat statio size get table total relation indexes database is in blocking backend postmaster "
    r"conf column describe identify encoding client char collation typeof lock safe my tablespace "
    r"trigger function type opclass ts wal_lsn_diff last current walfile xact snapshot visible "
    r"buffercache freespace show options available cursor prepared timezone jit control hba input "
    r"partition event_trigger filenode node sequence"
).replace(" ", "|")
"""What may follow ``pg_``."""
HARMLESS_FUNCTIONS = re.compile(
    rf"(?:{_FAMILIES})(?:_\w+)?|{_SINGLE}"
    rf"|pg_(?:{_ABOUT_THE_SERVER})(?:_\w+)?|txid_\w+|fts5?\w*|bm25|highlight|snippet"
)
"""Functions that compute or look, where ``FUNCTIONS`` says nothing else."""
