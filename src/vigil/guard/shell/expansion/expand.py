"""Expansion: what becomes of a word before a command gets it."""

import re
from collections.abc import Iterable

from vigil.guard.program import UNRESOLVED, Source
from vigil.guard.shell.expansion.arithmetic import calculate
from vigil.guard.shell.expansion.braces import about_how_many, alternatives
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
from vigil.guard.shell.state import MAX_TEXT, Array
from vigil.guard.sources import names_of_files, only_counts

_NUMBERS = frozenset(
    {"#", "?", "$", "RANDOM", "UID", "EUID", "PPID", "SECONDS", "LINENO", "BASHPID"}
)
"""Parameters whose values are numbers, so that they are one word even without quotes."""
_DOLLAR = Literal("$", quoted=False)
_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOO_MANY = 10_000_000
"""Words in braces that take all memory there is."""
MAX_FIELDS = 50_000
"""Words of one command; an array that is named again and again would grow out of all bounds."""


class Expander(Parameters):
    # Words ------------------------------------------------------------------------------------

    def fields(self, words: Iterable[Parts]) -> list[Field]:
        found: list[Field] = []
        for word in words:
            if (plain := _plain(word)) is not None:
                found.append(plain)
                continue
            for parts in self._alternatives(word, found):
                found += self._names(parts) if len(parts) == 1 else self._fields(parts)
                if len(found) > MAX_FIELDS:
                    self._host.step(0, MAX_FIELDS)
        self._host.step(0, len(found) // 4)
        return found

    def _alternatives(self, word: Parts, found: list[Field]) -> list[Parts]:
        words = alternatives(word)
        if words is None:
            if about_how_many(word) >= _TOO_MANY:
                self._host.swells("a word that becomes more words than fit into memory")
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
        if len(text) > MAX_TEXT:
            self._host.swells("a text that grows and grows")
        return bounded(text)

    def told(self, word: Parts) -> tuple[str, tuple[Source, ...]]:
        """The same, and whose output is in it."""
        before = len(self._host.sources)
        text = self.text(word)
        return text, self._host.sources[before:]

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
        if self.may_hold_code(text):
            self._host.hidden("arithmetic on what was read,")
            return UNRESOLVED
        value = calculate(text, self._host.state)
        if value == UNRESOLVED:
            # It may be a mistake, behind which the line is given up.
            self._host.falter()
        return value

    def may_hold_code(self, text: str) -> bool:
        """Whether what arithmetic is done on was printed by a command, or read from a file, and may
        be no number: ``a[$(reboot)]`` is run.
        """
        state = self._host.state
        sources = list(self._host.sources) if UNRESOLVED in text else []
        for name in _NAMES.findall(text) if state.origins else ():
            value = state.variables.get(name, UNRESOLVED)
            if isinstance(value, Array) or (value and UNRESOLVED in value):
                sources += state.origins.get(name, ())
        return not only_counts(sources)

    def _names(self, word: Parts) -> list[Field]:
        """Where it is just what another command prints, it may be the name of a file."""
        before = len(self._host.sources)
        fields = self._fields(word)
        if len(fields) != 1 or fields[0].text != UNRESOLVED:
            return fields
        return [fields[0]._replace(files=names_of_files(self._host.sources[before:]))]

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


def _plain(word: Parts) -> Field | None:
    """A word in which nothing is expanded but, perhaps, names of files."""
    if len(word) == 1 and isinstance(only := word[0], Literal):
        return _plain_literal(only)
    text, pattern = "", False
    for part in word:
        if not isinstance(part, Literal) or (not part.quoted and "{" in part.text):
            return None
        text += part.text
        pattern = pattern or (not part.quoted and is_pattern(part.text))
    return Field(text, pattern=pattern)


def _plain_literal(part: Literal) -> Field | None:
    if part.quoted:
        return Field(part.text)
    return None if "{" in part.text else Field(part.text, pattern=is_pattern(part.text))


def _escaped(text: str) -> str:
    """Text for a pattern that means just this."""
    return "".join(f"\\{c}" if c in "*?[]\\()|@!+" else c for c in text)


def _is_pattern(part: Part) -> bool:
    return isinstance(part, Literal) and not part.quoted and is_pattern(part.text)


def _is_one(part: Parameter) -> bool:
    """Whether all are joined to one word, as ``"$*"`` is."""
    return part.quoted and listed(part) == "*"
