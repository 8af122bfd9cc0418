"""Statements that were parsed: what each kind of them does, to which table, session or file."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlglot import exp

from vigil.domain.effects import EffectKind
from vigil.guard import places
from vigil.guard.findings import Mark
from vigil.guard.program import UNRESOLVED

Said = tuple[EffectKind, str, str, frozenset[Mark]]
_DROPS = frozenset({Mark.DROPS_DATA})
NO_MARKS: frozenset[Mark] = frozenset()


_SECRET = re.compile(
    r"pg_(?:shadow|authid|user_mappings?|subscription)|mysql\.(?:user|global_priv)|rolpassword|passwd"
    r"|authentication_string|(?:.*_)?(?:passwords?|secrets?|api_?keys?|private_?keys?|credentials?"
    r"|(?:access|auth|refresh|session|api|bearer)_tokens?|ssn|card_?numbers?|cvv)"
    r"(?:_(?:hash|digest|salt|value|encrypted))?"
)
"""Tables and columns that hold what opens doors, or what is nobody's business."""


def _table(tree: object, kind: str = "table") -> str:
    """The first table that stands in it; where a statement has none, the parser says False."""
    table = tree.find(exp.Table) if isinstance(tree, exp.Expr) else None
    name = ".".join(part.name for part in table.parts) if table is not None else ""
    return f"{kind}:{name or '?'}"


def _query(tree: exp.Expr) -> Iterator[Said]:
    into = tree.find(exp.Into)
    if into is not None:
        yield EffectKind.REVERSIBLE, _table(into), "makes a table of a query", NO_MARKS
    if tree.find(exp.Lock) is not None:
        yield (
            EffectKind.REVERSIBLE,
            _table(tree),
            "locks rows until its transaction ends",
            NO_MARKS,
        )
    secret = next((name for name in _names(tree) if _SECRET.fullmatch(name)), None)
    if secret is not None:
        marks = frozenset({Mark.READS_SENSITIVE})
        yield EffectKind.READ, _table(tree), f"reads secrets ('{secret[:40]}')", marks
    else:
        yield EffectKind.READ, "-", "reads rows", NO_MARKS


def _names(tree: exp.Expr) -> Iterator[str]:
    """Of the tables and columns in it, a table with its database in front."""
    for node in tree.walk():
        if isinstance(node, exp.Table | exp.Column):
            names = [part.name.lower() for part in node.parts]
            yield names[-1]
            yield ".".join(names[-2:])


def _insert(tree: exp.Insert) -> Iterator[Said]:
    if tree.args.get("conflict") or tree.args.get("overwrite") or tree.args.get("alternative"):
        yield (
            EffectKind.DISRUPTIVE,
            _table(tree.this),
            "adds rows and writes over others",
            NO_MARKS,
        )
    else:
        yield EffectKind.REVERSIBLE, _table(tree.this), "adds rows", NO_MARKS


def _update(tree: exp.Update) -> Iterator[Said]:
    if _is_limited(tree):
        yield EffectKind.DISRUPTIVE, _table(tree.this), "writes over rows", NO_MARKS
    else:
        yield EffectKind.DESTRUCTIVE, _table(tree.this), "writes over every row", _DROPS


def _delete(tree: exp.Delete) -> Iterator[Said]:
    table = _table(tree.this or tree)
    if _is_limited(tree):
        yield EffectKind.DISRUPTIVE, table, "removes rows", NO_MARKS
    else:
        yield EffectKind.DESTRUCTIVE, table, "removes every row", _DROPS


def _is_limited(tree: exp.Expr) -> bool:
    """Whether there is a condition that looks at a column."""
    where = tree.args.get("where")
    if isinstance(where, exp.Where):
        condition = where.this
        always = (
            isinstance(condition, exp.EQ | exp.NEQ | exp.Is | exp.Like)
            and condition.this == condition.expression
        )
        if not always and condition.find(exp.Column) is not None:
            return not any(
                isinstance(part, exp.Boolean | exp.Literal) or part.find(exp.Column) is None
                for part in _alternatives(condition)
            )
        return False
    return bool(tree.args.get("limit"))


def _alternatives(condition: exp.Expr) -> Iterator[exp.Expr]:
    """What stands between ``OR``: one that is always true makes the whole so."""
    pending = [condition]
    while pending:
        part = pending.pop()
        if isinstance(part, exp.Or | exp.Paren):
            pending += [p for p in (part.this, part.args.get("expression")) if p is not None]
        else:
            yield part


def _merge(tree: exp.Merge) -> Iterator[Said]:
    yield EffectKind.DISRUPTIVE, _table(tree.this), "adds, changes or removes rows", NO_MARKS


def _truncate(tree: exp.TruncateTable) -> Iterator[Said]:
    for table in tree.expressions:
        yield EffectKind.DESTRUCTIVE, _table(table), "removes every row", _DROPS


def _drop(tree: exp.Drop) -> Iterator[Said]:
    kind = str(tree.args.get("kind") or "").upper()
    tables = list(tree.args.get("tables") or [tree])
    for table in tables:
        if kind in {"TABLE", "FOREIGN TABLE"} or (kind == "VIEW" and tree.args.get("materialized")):
            yield EffectKind.DESTRUCTIVE, _table(table), "removes a table with its data", _DROPS
        elif kind in {"DATABASE", "SCHEMA", "TABLESPACE"}:
            what = _table(table, "database")
            yield EffectKind.DESTRUCTIVE, what, "removes a database with its data", _DROPS
        elif kind in {"TRIGGER", "POLICY", "RULE"}:
            marks = frozenset({Mark.TURNS_OFF_PROTECTION})
            reason = "removes what protects or follows a table"
            yield EffectKind.DISRUPTIVE, _table(table, kind.lower()), reason, marks
        else:
            what = _table(table, kind.lower() or "?")
            yield EffectKind.DISRUPTIVE, what, "removes a part of the schema", NO_MARKS


def _create(tree: exp.Create) -> Iterator[Said]:
    kind = str(tree.args.get("kind") or "").upper()
    replaces = bool(tree.args.get("replace"))
    if kind in {"FUNCTION", "PROCEDURE", "TRIGGER", "EVENT"}:
        marks = frozenset({Mark.PERSISTS}) if kind in {"TRIGGER", "EVENT"} else NO_MARKS
        reason = "leaves code that the database runs later"
        yield EffectKind.DISRUPTIVE, _table(tree.this, kind.lower()), reason, marks
    elif kind == "INDEX":
        index = tree.this
        table = index.args.get("table") if isinstance(index, exp.Index) else None
        calm = bool(tree.args.get("concurrently"))
        reason = "makes an index" if calm else "makes an index; the table takes no writes meanwhile"
        effect = EffectKind.REVERSIBLE if calm else EffectKind.DISRUPTIVE
        yield effect, _table(table), reason, NO_MARKS
    elif kind in {"TABLE", "VIEW", "SCHEMA", "DATABASE", "SEQUENCE", "TYPE"}:
        name = "database" if kind in {"SCHEMA", "DATABASE"} else "table"
        effect = EffectKind.DISRUPTIVE if replaces else EffectKind.REVERSIBLE
        yield effect, _table(tree.this, name), "adds a part of the schema", NO_MARKS
    else:
        yield EffectKind.UNKNOWN, "?", "makes something that the guard does not know", NO_MARKS


def _alter(tree: exp.Alter) -> Iterator[Said]:
    actions = tree.args.get("actions") or []
    drops = any(
        isinstance(action, exp.Drop | exp.DropPartition)
        and str(action.args.get("kind") or "COLUMN").upper() in {"COLUMN", "PARTITION"}
        for action in actions
    )
    if drops:
        reason = "removes a column or partition with its data"
        yield EffectKind.DESTRUCTIVE, _table(tree.this), reason, _DROPS
    else:
        yield EffectKind.DISRUPTIVE, _table(tree.this), "changes a table and locks it", NO_MARKS


def _grant(tree: exp.Expr) -> Iterator[Said]:
    marks = frozenset({Mark.ESCALATES}) if isinstance(tree, exp.Grant) else NO_MARKS
    principals = tree.args.get("principals") or []
    who = principals[0].this.name if principals and principals[0].this is not None else "?"
    yield EffectKind.DISRUPTIVE, f"user:{who or '?'}", "changes who may do what", marks


def _kill(tree: exp.Kill) -> Iterator[Said]:
    who = tree.this.name if tree.this is not None else "?"
    yield EffectKind.DISRUPTIVE, f"session:{who or '?'}", "ends a session", frozenset({Mark.KILLS})


def _copy(tree: exp.Copy) -> Iterator[Said]:
    """``COPY``: rows between a table and a file, the client, or a program of the server."""
    targets = [str(file.name).upper() for file in tree.args.get("files") or []]
    if not targets or "PROGRAM" in targets or any(UNRESOLVED in target for target in targets):
        marks = frozenset({Mark.ESCALATES})
        yield EffectKind.UNKNOWN, "?", "runs a program of the server", marks
    elif tree.args.get("kind"):
        yield EffectKind.REVERSIBLE, _table(tree.this), "adds rows", NO_MARKS
        yield from _server_file(tree, targets, writes=False)
    else:
        yield EffectKind.READ, "-", "reads rows", NO_MARKS
        yield from _server_file(tree, targets, writes=True)


def _server_file(tree: exp.Copy, targets: list[str], *, writes: bool) -> Iterator[Said]:
    if targets[0] in {"STDIN", "STDOUT"}:
        return
    path = tree.args["files"][0].name
    if writes:
        yield (
            EffectKind.DISRUPTIVE,
            f"file:{path}",
            "writes a file of the server",
            frozenset({Mark.PERSISTS}),
        )
    else:
        marks = frozenset({Mark.READS_SENSITIVE})
        yield EffectKind.READ, f"file:{path}", "reads a file of the server", marks


def _pragma(tree: exp.Pragma) -> Iterator[Said]:
    said = tree.sql(dialect="sqlite").upper().removeprefix("PRAGMA").strip()
    name = re.split(
        r"\W", said.rpartition(".")[2] if "." in said.split("=")[0].split("(")[0] else said
    )[0]
    if name in _SHOWN_BY_PRAGMA or not re.search(r"[=(]", said):
        if name in {"WAL_CHECKPOINT", "OPTIMIZE", "INCREMENTAL_VACUUM", "SHRINK_MEMORY"}:
            yield EffectKind.REVERSIBLE, "database:?", "tidies up a database", NO_MARKS
        else:
            yield EffectKind.READ, "-", "shows a setting", NO_MARKS
    elif name in {
        "WRITABLE_SCHEMA",
        "FOREIGN_KEYS",
        "SYNCHRONOUS",
        "IGNORE_CHECK_CONSTRAINTS",
        "TRUSTED_SCHEMA",
    }:
        marks = frozenset({Mark.TURNS_OFF_PROTECTION})
        yield EffectKind.DISRUPTIVE, "database:?", "changes what protects the data", marks
    else:
        yield EffectKind.REVERSIBLE, "database:?", "changes a setting of a database", NO_MARKS


_SHOWN_BY_PRAGMA = frozenset(
    {"TABLE_INFO", "TABLE_XINFO", "TABLE_LIST", "INDEX_INFO", "INDEX_XINFO", "INDEX_LIST"}
    | {"INTEGRITY_CHECK", "QUICK_CHECK", "FOREIGN_KEY_CHECK", "FOREIGN_KEY_LIST"}
    | {"WAL_CHECKPOINT", "OPTIMIZE", "INCREMENTAL_VACUUM", "SHRINK_MEMORY"}
)


def _attach(tree: exp.Attach) -> Iterator[Said]:
    alias = tree.this
    path = alias.this.name if isinstance(alias, exp.Alias) else "?"
    yield (
        EffectKind.REVERSIBLE,
        f"file:{path or '?'}",
        "opens a database file, or makes it",
        frozenset({Mark.PERSISTS}) if places.persists(path) else NO_MARKS,
    )


def _analyze(tree: exp.Analyze) -> Iterator[Said]:
    yield EffectKind.REVERSIBLE, _table(tree), "counts anew what queries are planned by", NO_MARKS


def _comment(tree: exp.Comment) -> Iterator[Said]:
    yield EffectKind.REVERSIBLE, _table(tree.this), "changes a comment", NO_MARKS


def _shows(_: exp.Expr) -> Iterator[Said]:
    yield EffectKind.READ, "-", "shows something of the database", NO_MARKS


def _transaction(_: exp.Expr) -> Iterator[Said]:
    yield EffectKind.READ, "-", "begins or ends a transaction", NO_MARKS


def _load(tree: exp.LoadData) -> Iterator[Said]:
    yield EffectKind.REVERSIBLE, _table(tree.this), "adds rows of a file", NO_MARKS


KINDS: Mapping[type[exp.Expr], Callable[[Any], Iterator[Said]]] = {
    exp.Select: _query,
    exp.Union: _query,
    exp.Intersect: _query,
    exp.Except: _query,
    exp.Subquery: _query,
    exp.Values: _query,
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: _merge,
    exp.TruncateTable: _truncate,
    exp.Drop: _drop,
    exp.Create: _create,
    exp.Alter: _alter,
    exp.Grant: _grant,
    exp.Revoke: _grant,
    exp.Kill: _kill,
    exp.Copy: _copy,
    exp.Pragma: _pragma,
    exp.Attach: _attach,
    exp.Analyze: _analyze,
    exp.Comment: _comment,
    exp.Describe: _shows,
    exp.Show: _shows,
    exp.Use: _shows,
    exp.Transaction: _transaction,
    exp.Commit: _transaction,
    exp.Rollback: _transaction,
    exp.LoadData: _load,
}
"""What a statement does by its kind; what is not here, its words have to say."""
