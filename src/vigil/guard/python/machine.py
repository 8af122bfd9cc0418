"""The state of one reading: what is left to spend, where it is, what was found."""

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import Command, Nested, Span
from vigil.guard.python.library import Library
from vigil.guard.python.values import (
    ANYTHING,
    Atom,
    Box,
    Class,
    Constant,
    Function,
    Named,
    Scope,
    Values,
    constant,
    few,
    one,
)

STEPS = 40_000
"""Expressions and statements that are followed before the reader gives up on a script."""
UNROLLED = 512
"""Turns of a loop that are followed one by one; a longer one may go round any number of times."""
DEPTH = 60
"""How deep expressions, statements and calls may nest."""
FINDINGS = 500
MEMORY = 64_000_000
"""Bytes that a script may ask for before it counts as using up the machine."""
ENDLESS = float("inf")
MOST_STARTED = 1_000
"""Processes and threads that one place of a script may start."""

_CHEAP = 500
"""Characters that cost as much to compute with as one step."""
_ITEMS = 8
"""Items of a list that do."""
_LINE_END = re.compile(r"\r\n|\r|\n")


class TooMuch(Exception):
    """A script that is too long or nested too deeply to be followed to its end."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call is given."""

    positional: tuple[Values, ...] = ()
    named: dict[str, Values] = field(default_factory=dict)
    rest: Values | None = None
    """What more there may be, of unknown number and name."""

    def first(self) -> Values:
        """The first one."""
        return self.at(0)

    def at(self, place: int, name: str = "") -> Values:
        """One by its place, or by its name; None of Python where it is not given."""
        if place < len(self.positional):
            return self.positional[place]
        return self.named.get(name, self.rest if self.rest is not None else constant(None))

    def every(self) -> Iterator[Values]:
        """All of them."""
        yield from self.positional
        yield from self.named.values()
        if self.rest is not None:
            yield self.rest


UNKNOWN_ARGUMENTS = Arguments(rest=ANYTHING)


@dataclass(slots=True)
class Frame:
    """One module, class body or call of a function while it is followed."""

    scope: Scope
    shared: frozenset[str] = frozenset()
    """Names that belong to the scope around it (``global``, ``nonlocal``)."""
    uncertain: int = 0
    """How many conditions, loops and attempts its statements stand in."""
    returned: list[Values] = field(default_factory=list)
    yielded: list[Values] = field(default_factory=list)
    of: Class | None = None
    """The class whose method this is."""


class Machine(ABC):
    """What the parts of the reader share; the parts themselves are functions over it."""

    def __init__(self, code: str, library: Library) -> None:
        self.library = library
        self.module = Scope()
        self.frames = [Frame(self.module)]
        self.findings: dict[Finding, None] = {}
        self.nested: dict[Command | Nested, None] = {}
        self.left = STEPS
        self.depth = 0
        self.times: float = 1
        """How often the statements at hand are run."""
        self.turns: int = 1
        """How many turns of loops are followed one by one."""
        self.allocated: float = 0
        self.starred: set[str] = set()
        """Modules of which every name was imported."""
        self.functions: dict[int, Function] = {}
        """Every function that was defined, and those of them that were followed."""
        self.followed: set[int] = set()
        self.shared: dict[int, frozenset[str]] = {}
        """The names that each of them takes from around it."""
        self.active: list[int] = []
        self.boxes: dict[int, Box] = {}
        self.trees: list[ast.AST] = []
        """Kept, because nodes are told apart by where they are in memory."""
        self.place: Span | None = None
        """Where code stands that is not in the script itself."""
        self._lines = _Lines(code)

    @abstractmethod
    def evaluate(self, node: ast.expr) -> Values:
        """What an expression may be."""

    @abstractmethod
    def execute(self, statements: Sequence[ast.stmt]) -> None:
        """Follow statements in order."""

    @abstractmethod
    def call(self, callee: Values, arguments: Arguments, node: ast.AST) -> Values:
        """Follow a call, and what it gives back."""

    @abstractmethod
    def attribute(self, values: Values, name: str, node: ast.AST) -> Values:
        """``values.name``."""

    @abstractmethod
    def run_code(self, code: str, node: ast.AST) -> Values:
        """Follow Python that stands in a text."""

    @property
    def frame(self) -> Frame:
        """The innermost one."""
        return self.frames[-1]

    @property
    def certain(self) -> bool:
        """Whether the statement at hand is run exactly once, in this order."""
        return not self.frame.uncertain

    def spend(self, steps: int = 1) -> None:
        """Count what the reading costs."""
        self.left -= steps
        if self.left < 0:
            raise TooMuch

    def weigh(self, values: Iterable[Values]) -> None:
        """Count what it costs to compute with these."""
        for some in values:
            for atom in some:
                if isinstance(atom, Box):
                    self.spend(len(atom.items) // _ITEMS)
                elif isinstance(atom, Constant) and isinstance(atom.value, str | bytes):
                    self.spend(len(atom.value) // _CHEAP)

    def enter(self) -> None:
        """Go one level further in; whoever does has to ``leave``."""
        if self.depth >= DEPTH:
            raise TooMuch
        self.depth += 1

    def leave(self) -> None:
        """Come back from one level."""
        self.depth -= 1

    @contextmanager
    def perhaps(self, times: float = 1) -> Iterator[None]:
        """Statements that may be run or not, or this many times."""
        before = self.times
        self.frame.uncertain += 1
        self.times = before * max(times, 1)
        try:
            yield
        finally:
            self.frame.uncertain -= 1
            self.times = before

    def unrolls(self, turns: int) -> bool:
        """Whether a loop of so many turns, in the loops around it, may be followed turn by turn."""
        return self.turns * turns <= UNROLLED

    @contextmanager
    def unrolled(self, turns: int) -> Iterator[None]:
        """A loop that is followed turn by turn."""
        before = self.turns
        self.turns = before * max(turns, 1)
        try:
            yield
        finally:
            self.turns = before

    def span(self, node: ast.AST) -> Span:
        """Where a part of the script stands."""
        return self.place or self._lines.span(node)

    def find(self, finding: Finding) -> None:
        """Say something, once."""
        if len(self.findings) + len(self.nested) >= FINDINGS:
            raise TooMuch
        self.findings[finding] = None

    def unknown(self, node: ast.AST, reason: str, marks: frozenset[Mark] = frozenset()) -> None:
        """Something that only a run could tell."""
        finding = Finding(
            kind=EffectKind.UNKNOWN,
            resource="?",
            rule="guard.unresolved",
            reason=reason[:300],
            span=self.span(node),
            marks=marks,
        )
        self.find(finding)

    def run(self, item: Command | Nested) -> None:
        """A command or code that the script runs."""
        if len(self.findings) + len(self.nested) >= FINDINGS:
            raise TooMuch
        self.nested[item] = None

    def allocate(self, size: float, node: ast.AST) -> None:
        """Count memory that the script asks for."""
        if size <= 0:
            return
        before, self.allocated = self.allocated, self.allocated + size * self.times
        if self.allocated > MEMORY >= before:
            self.exhaust(node, "asks for more memory than a remedy needs")

    def exhaust(self, node: ast.AST, reason: str) -> None:
        """Something is used up: memory, disk or processes."""
        finding = Finding(
            kind=EffectKind.DISRUPTIVE,
            resource="host:memory" if "memory" in reason else "host:processes",
            rule="guard.exhausts",
            reason=reason,
            span=self.span(node),
            marks=frozenset({Mark.EXHAUSTS}),
        )
        self.find(finding)

    def look_up(self, name: str) -> Values | None:
        """A name, from the inside out."""
        scope: Scope | None = self.frame.scope
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def assign(self, name: str, values: Values) -> None:
        """Give a name a value; what it was before stays possible where that is not certain."""
        scope, certain = self.frame.scope, self.certain
        if name in self.frame.shared:
            certain = False
            scope = _owner(scope.outer, name) or self.module
        before = scope.names.get(name)
        if before is None and scope is self.module and self.library.has(f"builtins.{name}"):
            before = one(Named(f"builtins.{name}"))
        scope.names[name] = values if certain or before is None else few(before | values)

    def box(self, kind: str, node: ast.AST) -> Box:
        """A new list, tuple, set or dictionary; the same one each time round a loop."""
        if self.certain:
            return Box(kind=kind, owner=self.frame.scope)
        return self.boxes.setdefault(id(node), Box(kind=kind, open=True))

    def is_own(self, atom: Atom) -> bool:
        """Whether changes to a box come in an order that is known."""
        return isinstance(atom, Box) and atom.owner is self.frame.scope and self.certain


def _owner(scope: Scope | None, name: str) -> Scope | None:
    while scope is not None and name not in scope.names:
        scope = scope.outer
    return scope


class _Lines:
    """Places of ``ast`` (lines and bytes) as characters from the beginning."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(code))]

    def span(self, node: ast.AST) -> Span:
        line = getattr(node, "lineno", 1)
        start = self._at(line, getattr(node, "col_offset", 0))
        end = self._at(getattr(node, "end_lineno", line), getattr(node, "end_col_offset", 0))
        return Span(line=line, start=start, end=max(start, end))

    def _at(self, line: int, column: int) -> int:
        if line > len(self._starts):
            return len(self._code)
        start = self._starts[line - 1]
        text = self._code[start : start + column]
        if not text.isascii():
            # A character is at least one byte, so the place lies in as many characters.
            column = len(text.encode()[:column].decode("utf-8", "ignore"))
        return min(start + column, len(self._code))
