"""Parameters: the values of ``$name`` and of everything that may stand in ``${...}``."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from vigil.guard.program import UNRESOLVED, Source
from vigil.guard.shell.expansion.operators import operated, work
from vigil.guard.shell.expansion.splitting import BLANKS, Field, Values, runs_something
from vigil.guard.shell.grammar.tree import Literal, Parameter, Parts, Process, Substitution
from vigil.guard.shell.state import Array, State, Variable
from vigil.guard.shell.whole import whole

_AT_ROOT = frozenset({"HOME", "PATH", "PWD", "SHELL", "OLDPWD"})
"""Variables of every environment whose value begins with a slash."""
_USUAL = _AT_ROOT | {"USER", "LOGNAME", "HOSTNAME", "TERM", "LANG", "SHLVL", "MAIL", "UID", "EUID"}
_USUAL |= {"TMPDIR", "EDITOR", "PAGER", "DISPLAY", "BASH", "BASHPID", "PPID", "SECONDS", "RANDOM"}
"""Variables that an environment sets, so that what stands behind :- is not their value."""


_MANY = 100


class Host(Protocol):
    """What expansion needs of the shell around it."""

    state: State
    sources: tuple[Source, ...]
    """Those whose output was taken."""

    def step(self, start: int, cost: int = 1) -> None:
        """Something that takes time; a script that takes too much is given up."""

    def substituted(self, part: Substitution) -> str:
        """What the commands print, without the newlines at its end."""

    def connected(self, part: Process) -> str:
        """The name of the file under which the other end of a process is open."""

    def chosen(self, options: tuple[str, ...]) -> str:
        """One of several texts, each of which it may be."""

    def hidden(self, what: str) -> None:
        """Something runs commands that stand in a text."""

    def swells(self, what: str) -> None:
        """Something takes memory without a bound."""

    def perhaps(self) -> AbstractContextManager[None]:
        """What is done inside may be done or not."""

    def falter(self) -> None:
        """Here bash may give up the rest of the line."""

    def prompted(self, text: str) -> str:
        """A text as bash expands its prompt."""


class Parameters(ABC):
    def __init__(self, host: Host) -> None:
        self._host = host

    @abstractmethod
    def fields(self, words: Iterable[Parts]) -> list[Field]:
        """The words that these become."""

    @abstractmethod
    def text(self, word: Parts) -> str:
        """A word that is not split: behind =, in quotes, in a here-document."""

    @abstractmethod
    def pattern(self, word: Parts) -> str:
        """A pattern, in which quoted text stands for itself."""

    @abstractmethod
    def calculate(self, text: str) -> str:
        """The value of an expression."""

    def values(self, part: Parameter) -> Values:
        """The values of what ``is_many``."""
        if part.indirect or part.operator == "names":
            self._unused(part)
            return None
        values = self._items(part)
        if values is None:
            self._unused(part)
        if values is None or not part.operator or part.operator == "keys":
            return values
        if part.operator == "slice":
            return self._sliced(values, part)
        if part.operator.lstrip(":") in {"-", "=", "+", "?"}:
            return self._defaulted_values(values, part)
        arguments = tuple(self.pattern(argument) for argument in part.arguments)
        for value in values:
            self._host.step(0, work(value, part.operator, arguments) // 1000)
        return tuple(operated(value, part.operator, arguments) for value in values)

    def _items(self, part: Parameter) -> Values:
        state = self._host.state
        self._take(part.name)
        if part.name in {"@", "*"}:
            return state.positional
        variable = state.variables.get(part.name, UNRESOLVED)
        if isinstance(variable, Array):
            return tuple(variable.items if part.operator == "keys" else variable.items.values())
        if variable == UNRESOLVED:
            return None
        return () if variable is None else ("0" if part.operator == "keys" else variable,)

    def _sliced(self, values: tuple[str, ...], part: Parameter) -> Values:
        numbers = [self.calculate(self.text(argument)) for argument in part.arguments]
        if not all(number.isdecimal() for number in numbers):
            return None
        first = whole(numbers[0])
        if part.name in {"@", "*"}:
            if first == 0:
                return None
            first -= 1
        return values[first:] if len(numbers) == 1 else values[first : first + whole(numbers[1])]

    def _defaulted_values(self, values: tuple[str, ...], part: Parameter) -> Values:
        wanted = bool(values) == (part.operator.lstrip(":") == "+")
        if not wanted:
            self._unused(part)
            return values if values and part.operator.lstrip(":") != "+" else ()
        return tuple(field.text for field in self.fields([part.arguments[0]]))

    def value(self, part: Parameter) -> str:
        value = self._looked_up(part.name, part.subscript)
        if part.indirect:
            value = self._pointed_to(value or "")
        if part.operator.lstrip(":") in {"-", "=", "+", "?"} and part.operator:
            return self._default(value, part)
        if part.operator == "length":
            return self._length(value, part)
        if value is None:
            self._unused(part)
            return ""
        if not part.operator:
            return "~" if value == UNRESOLVED and part.name == "HOME" else value
        return self._slice(value, part) if part.operator == "slice" else self._operated(value, part)

    def _operated(self, value: str, part: Parameter) -> str:
        arguments = tuple(self.pattern(argument) for argument in part.arguments)
        if part.operator == "@" and arguments == ("P",):
            return self._host.prompted(value)
        self._host.step(0, work(value, part.operator, arguments) // 1000)
        return operated(value, part.operator, arguments)

    def _pointed_to(self, name: str) -> str | None:
        if runs_something(name):
            self._host.hidden("an expansion")
        self._host.falter()
        return UNRESOLVED if UNRESOLVED in name else self._looked_up(name, None)

    def _looked_up(self, name: str, index: Parts | None) -> str | None:
        state = self._host.state
        self._take(name)
        if name.isdecimal():
            return self._positional(whole(name))
        if name in {"#", "@", "*"}:
            values = state.positional
            known = "" if values is None else str(len(values)) if name == "#" else " ".join(values)
            return UNRESOLVED if values is None else known
        value = state.variables.get(name, BLANKS if name == "IFS" else UNRESOLVED)
        if index is None:
            return value.items.get("0") if isinstance(value, Array) else value
        key = self.key(value, index)
        if isinstance(value, Array):
            return UNRESOLVED if UNRESOLVED in key else value.items.get(key)
        return value if key == "0" or value == UNRESOLVED else None

    def _take(self, name: str) -> None:
        """Note whose text a name stands for."""
        origins = self._host.state.origins
        if origins:
            if len(self._host.sources) > _MANY:
                self._host.step(0, len(self._host.sources) // 10)
                self._host.sources = tuple(dict.fromkeys(self._host.sources))
            self._host.sources += origins.get("@" if name.isdecimal() or name == "*" else name, ())

    def key(self, value: Variable, index: Parts) -> str:
        """The key that an index stands for."""
        text = self.text(index)
        named = isinstance(value, Array) and value.named
        return text if named else self.calculate(text)

    def _positional(self, number: int) -> str | None:
        values = self._host.state.positional
        if number == 0 or values is None:
            return UNRESOLVED
        return values[number - 1] if number <= len(values) else None

    def _default(self, value: str | None, part: Parameter) -> str:
        operator, (argument,) = part.operator, part.arguments
        may_be_empty = operator[0] == ":"
        unset = value is None or (may_be_empty and value == "")
        unknown = value is not None and not value.replace(UNRESOLVED, "") and value != ""
        if operator[-1] == "?":
            self._unused(part)
            return value or ""
        if unknown and part.name not in self._host.state.variables and part.name not in _USUAL:
            return self._host.chosen((UNRESOLVED, self._perhaps(argument)))
        if unknown:
            self._perhaps(argument)
            return UNRESOLVED
        if unset is (operator[-1] == "+"):
            self._perhaps(argument)
            return "" if unset else value or ""
        text = self.text(argument)
        if operator[-1] == "=":
            self._host.state.assign(part.name, text)
        return text

    def _length(self, value: str | None, part: Parameter) -> str:
        if listed(part):
            values = self._items(part)
            return UNRESOLVED if values is None else str(len(values))
        return UNRESOLVED if value is not None and UNRESOLVED in value else str(len(value or ""))

    def _unused(self, part: Parameter) -> None:
        """What bash may not look at may hold commands all the same."""
        for argument in part.arguments:
            self._perhaps(argument)
        if part.operator == "slice":
            self._host.falter()

    def _perhaps(self, argument: Parts) -> str:
        """The text of something that may be expanded or not."""
        if all(isinstance(one, Literal) for one in argument):
            return self.text(argument)
        with self._host.perhaps():
            return self.text(argument)

    def _slice(self, value: str, part: Parameter) -> str:
        # Nothing is calculated for a name that is not set.
        with self._host.perhaps() if value == UNRESOLVED else nullcontext():
            numbers = [self.calculate(self.text(argument)) for argument in part.arguments]
        if value == UNRESOLVED and part.name in _AT_ROOT and numbers in (["0", "1"], ["", "1"]):
            return "/"
        if UNRESOLVED in value or not all(_is_integer(number) for number in numbers):
            return UNRESOLVED
        first, *rest = [whole(number or "0") for number in numbers]
        if any(number < 0 for number in rest):
            self._host.falter()
        if first < 0:
            first += len(value)
        if first < 0 or len(rest) > 1:
            return "" if first < 0 else UNRESOLVED
        if not rest:
            return value[first:]
        return value[first : first + rest[0]] if rest[0] >= 0 else value[first : rest[0]]


def is_many(part: Parameter) -> bool:
    """Whether it stands for all of something, as ``$@`` does."""
    return part.operator != "length" and (bool(listed(part)) or part.operator in {"names", "keys"})


def listed(part: Parameter) -> str:
    """``@`` or ``*`` where a parameter stands for all of something."""
    if part.name in {"@", "*"} and part.subscript is None:
        return part.name
    if (
        part.subscript is not None
        and len(part.subscript) == 1
        and isinstance(part.subscript[0], Literal)
    ):
        text = part.subscript[0].text
        return text if text in {"@", "*"} else ""
    return ""


def _is_integer(text: str) -> bool:
    return not text or text.removeprefix("-").isdecimal()
