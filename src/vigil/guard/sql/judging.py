"""What SQL does, statement by statement."""

import logging
import re
from collections.abc import Iterator
from itertools import pairwise

from sqlglot import Dialect, exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.tokenizer_core import TokenType

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding, Mark, named
from vigil.guard.program import Span
from vigil.guard.sql.amounts import MOST_LOOKED_AT, MUCH, ROWS, how_much, uses_up
from vigil.guard.sql.does import Does
from vigil.guard.sql.functions import FUNCTIONS, HARMLESS_FUNCTIONS
from vigil.guard.sql.kinds import KINDS, NO_MARKS
from vigil.guard.sql.parts import NotReadable, Statement, split
from vigil.guard.sql.statements import STATEMENTS

MAX_CHARS = 30_000
MAX_STATEMENTS = 500
MAX_WORDS = 4_000
MAX_BRACKETS = 100
"""The parser takes far more than twice the time for twice as many."""
"""Characters of a statement that the patterns of ``STATEMENTS`` are tried on."""

DIALECTS = ("postgres", "mysql", "sqlite")
# A backslash before a quote ends a text in one database and not in the other.
_DOUBTFUL = re.compile(r"\\['\"]")
# MySQL runs what stands in these comments.
_RUN_COMMENT = re.compile(r"/\*M?!")

# It warns of each statement that it does not parse; here that is an answer, not a surprise.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


def judge_sql(code: str, dialect: str = "") -> tuple[Finding, ...]:
    """What each statement does. Never raises.

    Without a dialect the text has to be harmless in every one in which it can be read.
    """
    whole = Span(line=1, start=0, end=len(code))
    if len(code) > MAX_CHARS:
        reason = f"SQL longer than {MAX_CHARS} characters; split the script"
        return (_unknown(whole, "sql.too-long", reason),)
    if _RUN_COMMENT.search(code):
        return (
            _unknown(whole, "sql.comment", "a comment that MySQL runs; write it as a statement"),
        )
    if dialect in DIALECTS and not _DOUBTFUL.search(code):
        return tuple(_judge(code, dialect, whole))
    readings = [tuple(_judge(code, name, whole)) for name in DIALECTS]
    readable = [found for found in readings if all(f.rule != "sql.unreadable" for f in found)]
    return tuple(dict.fromkeys(finding for found in readable or readings[:1] for finding in found))


def _judge(code: str, dialect: str, whole: Span) -> Iterator[Finding]:
    try:
        statements, commands = split(code, dialect)
    except NotReadable as error:
        yield _unknown(whole, "sql.unreadable", f"SQL that {error}")
        return
    for command in commands:
        if not command.shows:
            reason = "a command of the client, which may run programs and open files"
            yield _unknown(command.span, "sql.client", reason)
    for statement in statements[:MAX_STATEMENTS]:
        yield from _judge_statement(statement, dialect)
    if len(statements) > MAX_STATEMENTS:
        reason = f"more than {MAX_STATEMENTS} statements; split the script"
        yield _unknown(whole, "sql.too-long", reason)


def _judge_statement(statement: Statement, dialect: str) -> Iterator[Finding]:
    inner = _explained(statement)
    if inner is not None:
        yield _finding(
            statement.span, EffectKind.READ, "-", "sql.explain", "shows a plan", NO_MARKS
        )
        if inner.tokens:
            yield from _judge_statement(inner, dialect)
        return
    prepared = _prepared(statement)
    if prepared is not None:
        yield from _judge_statement(prepared, dialect)
        return
    tree = _parsed(statement, dialect)
    judge = KINDS.get(type(tree)) if tree is not None else None
    if tree is None or judge is None:
        yield _by_words(statement, readable=tree is not None)
    else:
        for kind, resource, reason, marks in judge(tree):
            yield _finding(statement.span, kind, resource, f"sql.{tree.key}", reason, marks)
        yield from _parts(tree, statement.span)
        for reason in dict.fromkeys(uses_up(tree)):
            yield _exhausts(statement.span, reason)
    yield from _functions(statement, tree)


def _prepared(statement: Statement) -> Statement | None:
    """``PREPARE name AS`` and ``DECLARE name CURSOR FOR``: what is prepared counts as run."""
    words = [token.text.upper() for token in statement.tokens[:12]]
    ends = {"PREPARE": "AS", "DECLARE": "FOR"}.get(words[0])
    if ends is None or ends not in words:
        return None
    behind = statement.tokens[words.index(ends) + 1 :]
    return Statement(behind, statement.source, statement.span) if behind else None


def _explained(statement: Statement) -> Statement | None:
    """``EXPLAIN`` runs nothing; with ``ANALYZE`` it runs what it explains."""
    words = [token.text.upper() for token in statement.tokens[:12]]
    if words[0] not in {"EXPLAIN", "DESCRIBE", "DESC"}:
        return None
    place = next((i for i, w in enumerate(words) if w in _BEGIN), None)
    if place is None:
        # A table, or something that nobody knows: the words say which.
        return None
    runs = "ANALYZE" in words[:place] or "ANALYSE" in words[:place]
    if place + 1 == len(words) == len(statement.tokens) and not runs:
        return None
    inner = statement.tokens[place:] if runs else []
    return Statement(inner, statement.source, statement.span)


_BEGIN = frozenset(
    {
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "WITH",
        "MERGE",
        "VALUES",
        "REPLACE",
        "CREATE",
        "EXECUTE",
    }
    | {"DECLARE", "TABLE", "REFRESH"}
)


def _parsed(statement: Statement, dialect: str) -> exp.Expr | None:
    if sum(token.token_type is TokenType.L_BRACKET for token in statement.tokens) > MAX_BRACKETS:
        return None
    parser = Dialect.get_or_raise(dialect).parser(error_level=ErrorLevel.IMMEDIATE)
    try:
        trees = parser.parse(statement.tokens, statement.source)
    except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError, LookupError):
        # It is a translator, not a validator: some nonsense makes it stumble.
        return None
    tree = trees[0] if len(trees) == 1 else None
    return None if isinstance(tree, exp.Command) else tree


def _by_words(statement: Statement, *, readable: bool) -> Finding:
    words = statement.words
    if len(words) <= MAX_WORDS:
        for does in STATEMENTS:
            found = does.pattern.fullmatch(words)
            if found is not None:
                parts = [part for part in found.groups() if part]
                name = parts[0].replace('"', "") if parts else "?"
                resource = does.resource.replace("{1}", name.lower())
                return _finding(
                    statement.span, does.kind, resource, "sql.statement", does.reason, does.marks
                )
    if readable:
        return _unknown(statement.span, "sql.statement", "a statement that the guard does not know")
    return _unknown(statement.span, "sql.unreadable", "SQL that cannot be parsed; correct it")


_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge)


def _parts(tree: exp.Expr, span: Span) -> Iterator[Finding]:
    """Statements that stand inside a query: ``WITH gone AS (DELETE ...)``."""
    for node in tree.walk():
        if node is not tree and isinstance(node, _CHANGES):
            for kind, resource, reason, marks in KINDS[type(node)](node):
                yield _finding(span, kind, resource, f"sql.{node.key}", reason, marks)


# --- functions ---------------------------------------------------------------------------------


def _functions(statement: Statement, tree: exp.Expr | None) -> Iterator[Finding]:
    """Functions that do something, wherever their name stands, and those that nobody knows."""
    if _makes_much(statement):
        yield _exhausts(statement.span, "makes more rows or text than a remedy needs")
    seen: set[str] = set()
    tokens = statement.tokens
    for place, (token, after) in enumerate(pairwise(tokens)):
        name = token.text.lower()
        if after.token_type is not TokenType.L_PAREN or name in seen:
            continue
        does = _known_function(name)
        if does is not None:
            seen.add(name)
            given = tokens[place + 2] if place + 2 < len(tokens) else token
            exact = given.token_type in {TokenType.NUMBER, TokenType.STRING}
            yield _called(statement, does, given.text if exact else "?")
    if tree is None:
        return
    for node in tree.find_all(exp.Anonymous):
        name = str(node.name).lower()
        if name not in seen and not HARMLESS_FUNCTIONS.fullmatch(name):
            seen.add(name)
            reason = f"nobody knows what the function '{name[:60]}' does"
            yield _unknown(statement.span, "sql.function", reason)


def _makes_much(statement: Statement) -> bool:
    rows, largest, tokens = 1.0, 0.0, statement.tokens
    for place, (token, after) in enumerate(pairwise(tokens)):
        if after.token_type is TokenType.L_PAREN:
            name = token.text.lower()
            made = how_much(name, tokens[place + 2 : place + 2 + MOST_LOOKED_AT])
            rows *= max(made, 1) if name in ROWS else 1
            largest = max(largest, made)
    return max(rows, largest) >= MUCH


def _called(statement: Statement, does: Does, argument: str) -> Finding:
    plain = argument if re.fullmatch(r"[\w./-]+", argument) else "?"
    resource = does.resource.replace("{argument}", plain)
    return _finding(statement.span, does.kind, resource, "sql.function", does.reason, does.marks)


def _known_function(name: str) -> Does | None:
    return next((does for does in FUNCTIONS if does.pattern.fullmatch(name)), None)


# --- findings ----------------------------------------------------------------------------------


def _finding(
    span: Span, kind: EffectKind, resource: str, rule: str, reason: str, marks: frozenset[Mark]
) -> Finding:
    return Finding(
        kind=kind,
        resource=named(resource),
        rule=rule,
        reason=reason,
        span=span,
        marks=marks,
    )


def _exhausts(span: Span, reason: str) -> Finding:
    marks = frozenset({Mark.EXHAUSTS})
    return _finding(span, EffectKind.DISRUPTIVE, "session:self", "sql.exhausts", reason, marks)


def _unknown(span: Span, rule: str, reason: str) -> Finding:
    return _finding(span, EffectKind.UNKNOWN, "?", rule, reason, NO_MARKS)
