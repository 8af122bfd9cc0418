"""A text as its statements, and the commands of the clients that may stand between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from vigil.guard.program import Span

_DEEPEST = {TokenType.L_PAREN: 40, TokenType.L_BRACKET: 6, TokenType.L_BRACE: 6}
"""Brackets in brackets; over more of them the parser, which tries every way, takes for ever."""
_CLOSES = {
    TokenType.R_PAREN: TokenType.L_PAREN,
    TokenType.R_BRACKET: TokenType.L_BRACKET,
    TokenType.R_BRACE: TokenType.L_BRACE,
}

# What shows something and can hold neither a quote, which could end a text, nor a second command.
_SHOWS_IN_PSQL = re.compile(
    r"\\(?:d\S*|l\+?|z|conninfo|timing|x|pset|a|t|H|encoding|echo|qecho|q|h|\?|sf\+?|sv\+?|errverbose|crosstabview"
    r"|copyright|dconfig\+?)(?:[ \t]+[\w.*?+$:-]+)*[ \t]*"
)
_SHOWS_IN_SQLITE = re.compile(
    r"\.(?:tables?|schema|indexes|indices|databases|dump|headers?|mode|width|nullvalue|echo|eqp|explain|stats"
    r"|timer|timeout|help|quit|exit|show|dbinfo|fullschema|lint|changes|bail|separator|limit|print|sha3sum)"
    r"(?:[ \t]+[\w.*%?,:-]+)*[ \t]*"
)
_LINE = re.compile(r"[^\n]*\n?")
_END_IN_MYSQL = re.compile(r"\\[Gg](?=\s|;|$)")


class NotReadable(Exception):
    """Text that is no SQL of this dialect."""


@dataclass(frozen=True, slots=True)
class ClientCommand:
    r"""A line that the client itself obeys (``\d``, ``.tables``)."""

    text: str
    span: Span
    shows: bool
    """Whether it only shows something."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its tokens, the text that they count their places in, where it stands."""

    tokens: list[Token]
    source: str
    span: Span

    @property
    def words(self) -> str:
        """Its words in capitals, one blank between them; texts are left out."""
        return " ".join(
            "'...'" if token.token_type is TokenType.STRING else _word(token)
            for token in self.tokens
        )


def _word(token: Token) -> str:
    quoted = token.token_type is TokenType.IDENTIFIER
    return f'"{token.text}"' if quoted else token.text.upper()


def split(code: str, dialect: str) -> tuple[list[Statement], list[ClientCommand]]:
    """Statements in their order, and what was meant for the client."""
    commands: list[ClientCommand] = []
    code = _without_client_commands(code, dialect, commands)
    statements: list[Statement] = []
    current: list[Token] = []
    for token in [*_tokens(code, dialect), None]:
        if token is not None and token.token_type is not TokenType.SEMICOLON:
            current.append(token)
        elif current:
            statements.append(_statement(current, code, dialect))
            current = []
    return statements, commands


def _tokens(code: str, dialect: str) -> list[Token]:
    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(code)
    except (SqlglotError, RecursionError) as error:
        raise NotReadable("cannot be told apart into words") from error
    depths = dict.fromkeys(_DEEPEST, 0)
    for token in tokens:
        kind = token.token_type
        if kind in _DEEPEST:
            depths[kind] += 1
            if depths[kind] > _DEEPEST[kind]:
                raise NotReadable("is nested too deeply")
        elif kind in _CLOSES:
            depths[_CLOSES[kind]] = max(depths[_CLOSES[kind]] - 1, 0)
    return tokens


def _statement(tokens: list[Token], code: str, dialect: str) -> Statement:
    span = _span(code, tokens)
    first, *rest = tokens
    # sqlglot keeps what follows some words, such as EXPLAIN, as one text; that one has no quotes of
    # its own, so its end is the same in the script.
    if len(rest) == 1 and rest[0].token_type is TokenType.STRING:
        (kept,) = rest
        if kept.text.endswith(code[kept.start : kept.end + 1]):
            text = code[first.end + 1 : kept.end + 1]
            return Statement([first, *_tokens(text, dialect)], text, span)
    return Statement(tokens, code, span)


def _span(code: str, tokens: list[Token]) -> Span:
    start = min(tokens[0].start, len(code))
    return Span(line=code.count("\n", 0, start) + 1, start=start, end=tokens[-1].end + 1)


def _without_client_commands(code: str, dialect: str, found: list[ClientCommand]) -> str:
    """The same text with blanks where the client is meant."""
    if dialect == "mysql":
        return _END_IN_MYSQL.sub("; ", code)
    sign, shows = ("\\", _SHOWS_IN_PSQL) if dialect == "postgres" else (".", _SHOWS_IN_SQLITE)
    if sign not in code:
        return code
    parts: list[str] = []
    for line, start in _lines(code):
        text = line.strip()
        if text.startswith(sign):
            span = Span(line=code.count("\n", 0, start) + 1, start=start, end=start + len(line))
            found.append(ClientCommand(text, span, shows.fullmatch(text) is not None))
            parts.append(re.sub(r"[^\n]", " ", line))
        else:
            parts.append(line)
    return "".join(parts)


def _lines(code: str) -> Iterator[tuple[str, int]]:
    return ((match[0], match.start()) for match in _LINE.finditer(code) if match[0])
