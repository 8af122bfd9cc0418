"""Queries that use up the server: rows, text and work without a bound that anybody needs."""

import re
from collections.abc import Iterator, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

MUCH = 10_000_000
"""Rows or characters that no remedy asks for."""
_MOST_UNJOINED = 2
"""Tables of which each row meets each row of the other: two small ones are a habit."""
MOST_LOOKED_AT = 500
"""Tokens of a call that are looked at for numbers; one of more may make any number."""
_MAKES = re.compile(
    r"array_fill|generate_series|[lr]pad|make_array|randomblob|repeat|replicate|sequence|space|zeroblob"
)
ROWS = frozenset({"generate_series", "sequence"})
"""Functions that make rows, each of which meets each row of the next one."""
_COMPARES = (exp.LT, exp.LTE, exp.NEQ, exp.Between, exp.EQ)


def uses_up(tree: exp.Expr) -> Iterator[str]:
    """What this query makes without a bound, one reason for each."""
    for cte in tree.find_all(exp.CTE):
        if _never_ends(cte, tree):
            yield "makes rows from its own rows, and nothing ends it"
    for select in tree.find_all(exp.Select):
        if select.args.get("joins") and _unjoined(select) > _MOST_UNJOINED:
            yield "puts each row of several tables beside each row of the others"


def how_much(name: str, arguments: Sequence[Token]) -> float:
    """How many rows or characters a function is asked to make, 0 where it makes none;
    ``arguments`` are the tokens behind its bracket.
    """
    if not _MAKES.fullmatch(name):
        return 0
    depth, product, largest, multiplies = 1, 1.0, 0.0, False
    for token in arguments:
        depth += _DEPTH.get(token.token_type, 0)
        if depth == 0:
            return product if multiplies else largest
        multiplies |= token.token_type in _GROWS or _MAKES.fullmatch(token.text.lower()) is not None
        if token.token_type is TokenType.NUMBER:
            value = _number(token.text)
            largest, product = max(largest, value), product * max(value, 1)
    return MUCH


_DEPTH = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}
_GROWS = frozenset({TokenType.STAR, TokenType.CARET, TokenType.DSTAR, TokenType.LT_AT})


def _number(text: str) -> float:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return float(MUCH)


def _never_ends(cte: exp.CTE, tree: exp.Expr) -> bool:
    """A recursive query whose next rows come from its own rows alone, without a condition."""
    union, name = cte.this, cte.alias
    if not isinstance(union, exp.Union) or tree.args.get("limit") or union.args.get("limit"):
        return False
    again = union.expression
    tables = [table.name for table in again.find_all(exp.Table)]
    if not name or name not in tables:
        return False
    # Joined to another table, it ends where that one has no more to add.
    return len(set(tables)) == 1 and not _is_bounded(again.find(exp.Where))


def _is_bounded(where: exp.Where | None) -> bool:
    """Whether a column is compared with something small enough to be reached."""
    if where is None:
        return False
    compared = (c for c in where.find_all(*_COMPARES) if c.find(exp.Column) is not None)
    return any(
        all(_number(n.this) < MUCH for n in one.find_all(exp.Literal) if not n.is_string)
        for one in compared
    )


def _unjoined(select: exp.Select) -> int:
    """Tables that nothing ties to the others."""
    where = select.args.get("where")
    if where is not None and any(map(_ties, where.find_all(exp.Binary))):
        return 0
    loose = [join for join in select.args.get("joins") or [] if not _is_tied(join)]
    return sum(isinstance(join.this, exp.Table) and _is_plain(join.this) for join in loose) + 1


def _is_tied(join: exp.Join) -> bool:
    on = join.args.get("on")
    by_column = on is not None and on.find(exp.Column) is not None
    return by_column or bool(join.args.get("using")) or join.method.upper() == "NATURAL"


def _ties(comparison: exp.Binary) -> bool:
    """Whether it compares two columns."""
    return all(side.find(exp.Column) is not None for side in (comparison.left, comparison.right))


def _is_plain(table: exp.Table) -> bool:
    return isinstance(table.this, exp.Identifier)
