"""Expansion: what becomes of a word before a command gets it."""

import re
from collections.abc import Iterable

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell.expansion.arithmetic import calculate
from vigil.guard.shell.expansion.braces import alternatives
from vigil.guard.shell.expansion.parameters import Parameters, is_many, listed
from vigil.guard.shell.expansion.splitting import (
    BLANKS,
    Field,
    Splitter,
    bounded,
    is_pattern,
    runs_something,
)
from vigil.guard.shell.grammar.tree import (
    Arithmetic,
    Literal,
    Parameter,
    Part,
    Parts,
    Process,
    Substitution,
)
from vigil.guard.shell.state import Array

_NUMBERS = frozenset(
    {"#", "?", "$", "RANDOM", "UID", "EUID", "PPID", "SECONDS", "LINENO", "BASHPID"}
)
"""Parameters whose values are numbers, so that they are one word even without quotes."""
_DOLLAR = Literal("$", quoted=False)
_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_FIELDS = 50_000
"""Words of one command; an array that is named again and again would grow out of all bounds."""


class Expander(Parameters):
    # Words ------------------------------------------------------------------------------------

    def fields(self, words: Iterable[Parts]) -> list[Field]:
        found: list[Field] = []
        for word in words:
            plain = [part for part in word if isinstance(part, Literal)]
            if len(plain) == len(word) and not _has_braces(word):
                text = "".join(part.text for part in plain)
                found.append(Field(text, pattern=any(_is_pattern(part) for part in plain)))
            else:
                for parts in self._alternatives(word, found):
                    found += self._fields(parts)
                    if len(found) > MAX_FIELDS:
                        self._host.step(0, MAX_FIELDS)
        self._host.step(0, len(found) // 4)
        return found

    def _alternatives(self, word: Parts, found: list[Field]) -> list[Parts]:
        words = alternatives(word)
        if words is None:
            # Commands inside it are run all the same.
            self.text(word)
            found.append(Field(UNRESOLVED, loose=True))
        return words or []

    def text(self, word: Parts) -> str:
        """A word that is not split: behind =, in quotes, in a here-document."""
        if len(word) == 1 and isinstance(word[0], Literal):
            return word[0].text
        text = "".join(self._part(part) for part in word)
        self._host.step(0, len(text) // 1000)
        return bounded(text)

    def pattern(self, word: Parts) -> str:
        """A pattern, in which quoted text stands for itself."""
        found = []
        for part in word:
            text = self._part(part)
            quoted = not isinstance(part, Process) and part.quoted and UNRESOLVED not in text
            found.append(_escaped(text) if quoted else text)
        return bounded("".join(found))

    def calculated(self, text: Parts) -> str:
        return self.calculate(self.text(text))

    def calculate(self, text: str) -> str:
        """Arithmetic, in which bash expands an index, also one that stands in a value."""
        variables = self._host.state.variables
        values = (variables.get(name) for name in _NAMES.findall(text))
        if runs_something(text) or any(isinstance(v, str) and runs_something(v) for v in values):
            self._host.hidden("arithmetic")
            return UNRESOLVED
        value = calculate(text, self._host.state)
        if value == UNRESOLVED:
            # It may be a mistake, behind which the line is given up.
            self._host.falter()
        return value

    def _fields(self, word: Parts) -> list[Field]:
        if _DOLLAR in word:
            # Behind what is not quoted, a lone dollar keeps bash 5.2 from splitting any of it.
            return [Field(self.text(word), loose=True)]
        split = Splitter(self._separators())
        for part in word:
            if isinstance(part, Literal):
                split.add(part.text, pattern=_is_pattern(part))
            elif isinstance(part, Parameter) and is_many(part) and not _is_one(part):
                split.add_all(self.values(part), quoted=part.quoted)
            elif isinstance(part, Process | Arithmetic) or part.quoted or self._is_number(part):
                split.add(self._part(part))
            else:
                text = self._part(part)
                self._host.step(0, len(text) // 100)
                split.add_split(text)
        return split.finished()

    def _is_number(self, part: Part) -> bool:
        if not isinstance(part, Parameter):
            return False
        known = part.name in self._host.state.variables
        return part.operator == "length" or (part.name in _NUMBERS and not (part.operator or known))

    def _separators(self) -> str:
        state = self._host.state
        value = state.variables.get("IFS", UNRESOLVED if state.lost else BLANKS)
        if value is None or isinstance(value, Array):
            return BLANKS if value is None else UNRESOLVED
        return value

    def _part(self, part: Part) -> str:
        match part:
            case Literal():
                return part.text
            case Substitution():
                return self._host.substituted(part)
            case Arithmetic():
                return self.calculated(part.text)
            case Process():
                return self._host.connected(part)
            case Parameter():
                return self._joined(part) if is_many(part) else self.value(part)

    def _joined(self, part: Parameter) -> str:
        values = self.values(part)
        if values is None:
            return UNRESOLVED
        return (self._separators()[:1] if listed(part) == "*" else " ").join(values)


def _escaped(text: str) -> str:
    """Text for a pattern that means just this."""
    return "".join(f"\\{c}" if c in "*?[]\\()|@!+" else c for c in text)


def _is_pattern(part: Part) -> bool:
    return isinstance(part, Literal) and not part.quoted and is_pattern(part.text)


def _has_braces(word: Parts) -> bool:
    return any(isinstance(part, Literal) and not part.quoted and "{" in part.text for part in word)


def _is_one(part: Parameter) -> bool:
    """Whether all are joined to one word, as ``"$*"`` is."""
    return part.quoted and listed(part) == "*"
