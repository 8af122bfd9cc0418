r"""Words of bash: quotes, expansions and what may stand inside them.

Written by hand, and not with the tree-sitter grammar that the strict reading uses, because a word
has to be what bash makes of it: that grammar reads ``r\<newline>m`` as two words, ``time { rm; }``
as one command and ``{rm,-rf,/}`` as a mistake.
"""

import re
from abc import ABC, abstractmethod
from typing import NamedTuple, NoReturn

from vigil.guard.shell.grammar.quotes import ansi_c
from vigil.guard.shell.grammar.tree import (
    Arithmetic,
    Body,
    Literal,
    Parameter,
    Part,
    Parts,
    Process,
    Substitution,
)

MAX_DEPTH = 20
"""Constructs inside one another; each costs the reader up to ten frames of Python's stack."""
MAX_OPEN = 100
"""Parentheses in arithmetic: all of it is read anew for each ``((`` that turns out to be two."""

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_OPERATOR = re.compile(r":?[-=?+]|##?|%%?|//?|\^\^?|,,?|@|:")
_LENGTH = re.compile(r"#(?=(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)[}\[]|[@*#?$!-]\})")
_INDIRECT = re.compile(r"!(?=[A-Za-z0-9_]|[@*#?$!-]\})")
_PLAIN = re.compile(r"[\w./:=@%,-]+(?=[ \t\n;&|<>)]|$)", re.ASCII)
"""A word, as most are, in which nothing has a meaning of its own."""
_BACKTICK = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL)


class Malformed(Exception):
    """The text is not bash, or more of it than the reader follows."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


class TooMuch(Malformed):
    """It may be bash, but nobody follows all of it."""


class _Mode(NamedTuple):
    """How text is read in one place."""

    plain: re.Pattern[str]
    """Text that stands for itself there."""
    ends: str
    quotes: str
    quoted: bool
    """Whether all of it is as if in quotes."""
    escapes: str | None
    """What a backslash takes the meaning from; None: from anything."""
    process: bool
    refused: str
    """Characters that bash reads in several ways there, from version to version."""


def _mode(
    ends: str,
    quotes: str = "'\"",
    *,
    escapes: str | None = None,
    quoted: bool = False,
    process: bool = False,
    refused: str = "",
) -> _Mode:
    special = f"{ends}{quotes}{refused}\\$`{'<>' if process else ''}"
    plain = re.compile(f"[^{re.escape(special)}]+")
    return _Mode(plain, ends, quotes, quoted, escapes, process, refused)


_WORD = _mode(" \t\n;&|<>()", process=True)
_DOUBLE = _mode('"', "", escapes='$`"\\', quoted=True)
_DOCUMENT = _mode("", "", escapes="$`\\", quoted=True)
_ARGUMENT = _mode("}", process=True)
_ARGUMENT_QUOTED = _mode("}", '"', escapes='$`"\\}', quoted=True)
_PATTERN = _mode("/}")
_OFFSET = _mode(":}", "", quoted=True, refused="'\"")
_CALCULATION = _mode("();", '"', escapes='$`"\\', quoted=True, refused="'")
_BRACKETS = _mode("[]", quoted=True)
_ROUND = _mode("()")
_REGEX = _mode(" \t\n;&()", process=True)


class Words(ABC):
    """A place in a text, and how words are read from there."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self._not_arithmetic: set[int] = set()
        self._not_indices = 0

    @abstractmethod
    def _body(self, closing: str) -> Body:
        """Commands until this closes them; it is read, too."""

    @abstractmethod
    def _inner(self, text: str, start: int) -> Body:
        """The commands of a text that is bash of its own, and began here."""

    def _fail(self, reason: str, at: int | None = None) -> NoReturn:
        raise Malformed(self.at if at is None else at, reason)

    def _next(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def _take(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def _word(self) -> Parts:
        """One word; none of its parts where no word begins here."""
        if plain := _PLAIN.match(self.text, self.at):
            self.at = plain.end()
            return (Literal(plain.group(), quoted=False),)
        parts = self._until(_WORD)
        while self._next("(") and _opens_pattern(parts):
            self.at += 1
            parts += [Literal("(", quoted=False), *self._balanced(_ROUND, "()")]
            parts += self._until(_WORD)
        return tuple(parts)

    def _regex(self) -> Parts:
        """What stands behind ``=~``."""
        parts = self._until(_REGEX)
        while self._take("("):
            parts += [Literal("(", quoted=False), *self._balanced(_ROUND, "()")]
            parts += self._until(_REGEX)
        return tuple(parts)

    def document(self) -> Parts:
        """All of the text, as in a here-document whose end is not quoted."""
        return tuple(self._until(_DOCUMENT))

    def _index(self) -> Parts:
        """What stands in brackets; the first of them has been read."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} constructs inside one another")
        parts = tuple(self._balanced(_BRACKETS, "[]")[:-1])
        self.depth -= 1
        return parts

    def _calculation(self, closing: str) -> Parts | None:
        """Arithmetic up to what closes it, which is read; None where it is not arithmetic."""
        parts: list[Part] = []
        open_ones = 0
        while True:
            parts += self._until(_CALCULATION)
            if not open_ones and self._take(closing):
                return tuple(parts)
            if self._next(";") or (self._next(")") and not open_ones):
                return None
            if self.at >= len(self.text):
                return None
            open_ones += 1 if self._next("(") else -1
            if open_ones > MAX_OPEN:
                self._fail(f"more than {MAX_OPEN} parentheses inside one another")
            parts.append(Literal(self.text[self.at], quoted=True))
            self.at += 1

    def _balanced(self, mode: _Mode, pair: str) -> list[Part]:
        """Up to and with what closes a bracket that has been read."""
        parts: list[Part] = []
        open_ones = 1
        start = self.at
        while open_ones:
            parts += self._until(mode)
            if self.at >= len(self.text):
                self._fail(f"no {pair[1]!r} closes this", start)
            open_ones += 1 if self._next(pair[0]) else -1
            parts.append(Literal(self.text[self.at], mode.quoted))
            self.at += 1
        return parts

    def _until(self, mode: _Mode) -> list[Part]:
        """Parts up to a character that ends them there, which is left."""
        parts: list[Part] = []
        text = self.text
        while self.at < len(text):
            run = mode.plain.match(text, self.at)
            if run is not None:
                parts.append(Literal(run.group(), mode.quoted))
                self.at = run.end()
                continue
            character = text[self.at]
            if mode.process and character in "<>" and text.startswith("(", self.at + 1):
                parts.append(self._process())
            elif character in mode.ends:
                return parts
            else:
                self._special(character, mode, parts)
        return parts

    def _special(self, character: str, mode: _Mode, parts: list[Part]) -> None:
        if character in mode.refused:
            self._fail("a quote where bash reads it in several ways")
        if character == "\\":
            self._escaped(mode, parts)
        elif character == "$":
            self._dollar(mode, parts)
        elif character == "`":
            parts.append(self._backtick(quoted=mode.quoted))
        elif character == "'" and "'" in mode.quotes:
            end = self.text.find("'", self.at + 1)
            if end < 0:
                self._fail("no ' closes this")
            parts.append(Literal(self.text[self.at + 1 : end], quoted=True))
            self.at = end + 1
        elif character == '"' and '"' in mode.quotes:
            self._quoted(parts)
        else:
            parts.append(Literal(character, mode.quoted))
            self.at += 1

    def _escaped(self, mode: _Mode, parts: list[Part]) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        self.at += 1 + len(following)
        if following == "\n":
            return
        if not following or (mode.escapes is not None and following not in mode.escapes):
            parts.append(Literal("\\" + following, quoted=True))
        else:
            parts.append(Literal(following, quoted=True))

    def _quoted(self, parts: list[Part]) -> None:
        start = self.at
        self.at += 1
        # Nothing between the quotes is still a word; "$@" may be none.
        parts += self._until(_DOUBLE) or [Literal("", quoted=True)]
        if not self._take('"'):
            self._fail('no " closes this', start)

    def _backtick(self, *, quoted: bool) -> Substitution:
        found = _BACKTICK.match(self.text, self.at)
        if found is None:
            self._fail("no ` closes this")
        start, self.at = found.span()
        special = r'\\([`$\\"])' if quoted else r"\\([`$\\])"
        return Substitution(self._inner(re.sub(special, r"\1", found.group(1)), start), quoted)

    def _process(self) -> Process:
        feeds = self._next("<")
        self.at += 2
        return Process(self._nested(")"), feeds)

    def _nested(self, closing: str) -> Body:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} constructs inside one another")
        body = self._body(closing)
        self.depth -= 1
        return body

    def _dollar(self, mode: _Mode, parts: list[Part]) -> None:
        self.at += 1
        quoted = mode.quoted
        if self._next("\\\n"):
            self._fail("a line that is continued behind $")
        if (part := self._bracketed(quoted=quoted)) is not None:
            parts.append(part)
        elif self._next("'") and "'" in mode.quotes:
            text, self.at = ansi_c(self.text, self.at + 1)
            if self.at < 0:
                self._fail("no ' closes this", len(self.text))
            parts.append(Literal(text, quoted=True))
        elif self._next('"') and '"' in mode.quotes:
            self._quoted(parts)
        elif name := _PARAMETER.match(self.text, self.at):
            self.at = name.end()
            if self._next("\\\n"):
                self._fail("a line that is continued inside a name")
            if name.group() == "$" and self.text[self.at : self.at + 1] in {*"({"}:
                self._fail("'$$' before a bracket, which bash reads in two ways")
            parts.append(Parameter(name.group(), quoted, bare=True))
        else:
            parts.append(Literal("$", mode.quoted))

    def _bracketed(self, *, quoted: bool) -> Part | None:
        if self._next("(("):
            return self._arithmetic(quoted=quoted)
        if self._take("("):
            return Substitution(self._nested(")"), quoted)
        if self._take("{"):
            return self._braced(quoted=quoted)
        return Arithmetic(self._index(), quoted) if self._take("[") else None

    def _arithmetic(self, *, quoted: bool) -> Part:
        """``$((``, which may also begin a substitution that begins with a subshell."""
        text = self._double_round()
        if text is not None:
            return Arithmetic(text, quoted)
        self.at += 1
        return Substitution(self._nested(")"), quoted)

    def _double_round(self) -> Parts | None:
        """``((...))``; None, and nothing is read, where these are two subshells."""
        start = self.at
        if start in self._not_arithmetic:
            return None
        self.at += 2
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} constructs inside one another")
        text = self._calculation("))")
        self.depth -= 1
        if text is None:
            # Remembered, or constructs inside one another would be read twice at every depth.
            self._not_arithmetic.add(start)
            self.at = start
        return text

    def _braced(self, *, quoted: bool) -> Parameter:
        """``${``, which has been read."""
        start = self.at
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} constructs inside one another")
        parameter = self._parameter(quoted=quoted)
        self.depth -= 1
        if not self._take("}"):
            self._fail("an expansion that bash does not know", start)
        return parameter

    def _parameter(self, *, quoted: bool) -> Parameter:
        length = _LENGTH.match(self.text, self.at)
        indirect = _INDIRECT.match(self.text, self.at)
        if length or indirect:
            self.at += 1
        name = _BRACED.match(self.text, self.at)
        if name is None:
            self._fail("an expansion without a name")
        self.at = name.end()
        index = self._index() if self._take("[") else None
        if length:
            return Parameter(name.group(), quoted, "length", (), index)
        if indirect and index is not None and index in _ALL and self._next("}"):
            return Parameter(name.group(), quoted, "keys", (), index)
        if indirect and (self._next("@}") or self._next("*}")):
            self.at += 1
            return Parameter(name.group(), quoted, "names")
        operator, arguments = self._operation(quoted=quoted)
        return Parameter(name.group(), quoted, operator, arguments, index, bool(indirect))

    def _operation(self, *, quoted: bool) -> tuple[str, tuple[Parts, ...]]:
        operator = _OPERATOR.match(self.text, self.at)
        if operator is None:
            return "", ()
        self.at = operator.end()
        found = operator.group()
        if found == ":":
            parts = self._split_by(":", _OFFSET)
            return "slice", parts
        if found in {"/", "//"}:
            return found, self._replacement()
        if found in {"##", "#", "%", "%%", "^", "^^", ",", ",,", "@"}:
            return found, (tuple(self._until(_ARGUMENT)),)
        return found, (tuple(self._until(_ARGUMENT_QUOTED if quoted else _ARGUMENT)),)

    def _replacement(self) -> tuple[Parts, ...]:
        # A slash may stand first in the pattern.
        first = [Literal("/", quoted=False)] if self._take("/") else []
        pattern = (*first, *self._until(_PATTERN))
        if not self._take("/"):
            return (pattern,)
        return pattern, tuple(self._until(_ARGUMENT))

    def _split_by(self, separator: str, mode: _Mode) -> tuple[Parts, ...]:
        found = [tuple(self._until(mode))]
        while self._take(separator):
            found.append(tuple(self._until(mode)))
        return tuple(found)


_ALL = ((Literal("@", quoted=True),), (Literal("*", quoted=True),))


def _opens_pattern(parts: list[Part]) -> bool:
    """Whether a bracket behind these parts begins a pattern such as @(a|b)."""
    last = parts[-1] if parts else None
    return isinstance(last, Literal) and not last.quoted and last.text[-1:] in {*"?*+@!"}
