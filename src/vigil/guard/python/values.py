"""What an expression may be: sets of atoms, so that a name can be several things at once."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from vigil.guard.program import UNRESOLVED

FEW = 12
"""A name that may be more things than this is loosened to what they have in common."""
MOST_BOXES = 100
"""Lists in lists that are looked into."""
LONGEST = 100_000
"""Characters of a text that is worked out; a longer one is data nobody looks at."""

_ENVIRONMENTS = frozenset({"os.environ", "os.environb"})
TOLD = frozenset({"file", "machine"})
"""Taints of what says something of this machine."""
ENVIRONMENT = "environment"
"""The taint of all variables of the environment at once."""

Plain: TypeAlias = str | bytes | int | float | bool | None
Object: TypeAlias = object
"""A real Python value: text, bytes, a number, None, or a list, tuple, set or dictionary of them."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is known to the letter."""

    value: Plain


@dataclass(frozen=True, slots=True)
class Data:
    """Text, numbers or a structure of them: nothing that could be called with an effect."""

    text: str = UNRESOLVED
    """What is known of it as text."""
    taints: frozenset[str] = frozenset()
    """Where it came from: ``network``, ``file``."""


@dataclass(frozen=True, slots=True)
class Anything:
    """No knowledge at all: calling it may do whatever there is to do."""


@dataclass(frozen=True, slots=True)
class Named:
    """A module, function, class or object of a library, by its full name."""

    name: str


@dataclass(frozen=True, slots=True)
class Thing:
    """An object that a library made; ``text`` says of what, such as the path of a ``Path``."""

    type: str
    text: str = UNRESOLVED
    taints: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bound:
    """An attribute of an object, called or not."""

    receiver: "Constant | Data | Thing | Box | Anything"
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Scope:
    """The names of a module, a class or one call of a function."""

    names: "dict[str, Values]" = field(default_factory=dict)
    outer: "Scope | None" = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the script, with what it was bound to."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    receiver: "Instance | Class | None" = None


@dataclass(frozen=True, eq=False, slots=True)
class Class:
    """A class of the script; what its objects hold is kept once for all of them."""

    name: str
    scope: Scope
    bases: "tuple[Values, ...]" = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """Any object of a class of the script."""

    of: Class


@dataclass(frozen=True, slots=True)
class Super:
    """``super()``: the bases of a class, for one of its objects."""

    of: Class


@dataclass(frozen=True, eq=False, slots=True)
class Partial:
    """A callable with its first arguments already given."""

    function: "Values"
    positional: "tuple[Values, ...]"
    named: "tuple[tuple[str, Values], ...]"


@dataclass(eq=False, slots=True)
class Box:
    """A list, tuple, set or dictionary: what surely stands in it, in order, and what may."""

    kind: str
    items: "list[Values]" = field(default_factory=list)
    named: "dict[Plain, Values]" = field(default_factory=dict)
    """The values of a dictionary by their known keys."""
    held: "Values" = frozenset()
    """Everything that was ever put in, wherever it stands."""
    open: bool = False
    """Whether more may follow after ``items``."""
    owner: Scope | None = None
    """Whose statements change it in a certain order."""
    length: float | None = None
    """How many there are, where it is known although ``items`` are not."""
    keys: "set[Plain]" = field(default_factory=set)
    """Every known key that something was ever put under."""

    def put(self, values: "Values") -> None:
        """Somebody puts this in, nobody knows where."""
        self.held = few(self.held | values)
        self.open = True

    def blur(self) -> None:
        """The order and number of what it holds is no longer known."""
        self.items, self.named, self.open = [], {}, True


Atom: TypeAlias = (
    Constant
    | Data
    | Anything
    | Named
    | Thing
    | Bound
    | Function
    | Class
    | Instance
    | Super
    | Partial
    | Box
)
Values: TypeAlias = frozenset[Atom]

_NOTHING: Values = frozenset()
ANYTHING: Values = frozenset({Anything()})
DATA: Values = frozenset({Data()})
NONE: Values = frozenset({Constant(None)})


def one(atom: Atom) -> Values:
    """Exactly this."""
    return frozenset((atom,))


def constant(value: Plain) -> Values:
    """Exactly this known value; a very long text becomes data."""
    if isinstance(value, str | bytes) and len(value) > LONGEST:
        return DATA
    return frozenset((Constant(value),))


def few(values: Values) -> Values:
    """The same, loosened when it is too much to follow."""
    if len(values) <= FEW:
        return values
    loose = loosened(values)
    return loose if len(loose) <= FEW else lost(values)


def lost(values: Values) -> Values:
    """Nothing is known of it any more but where it came from."""
    taints = taints_of(values)
    return ANYTHING | one(Data(taints=taints)) if taints else ANYTHING


def loosened(values: Values) -> Values:
    """The same with every known value as data: what a loop may make of it."""
    return frozenset(
        Data(taints=taints_of(one(a))) if isinstance(a, Constant | Data) else a for a in values
    )


def joined(many: Iterable[Values]) -> Values:
    """Any of these."""
    first, *others = (*many, _NOTHING)
    if len(others) <= 1:
        return first
    return few(first.union(*others))


def within(values: Values) -> Iterator[Atom]:
    """These, and what is held by those of them that are boxes, each box once: a list may hold
    itself. Where these are too many, the last is anything, of this machine and from wherever.
    """
    waiting, seen = list(values), set[int]()
    while waiting:
        atom = waiting.pop()
        yield atom
        if isinstance(atom, Box) and id(atom) not in seen:
            seen.add(id(atom))
            if len(seen) > MOST_BOXES:
                yield from (Anything(), Data(taints=TOLD))
                return
            waiting += atom.held
        elif isinstance(atom, Bound):
            waiting.append(atom.receiver)


def taints_of(values: Values) -> frozenset[str]:
    """Where the data came from, whatever holds it."""
    found: frozenset[str] = frozenset()
    for atom in within(values):
        if isinstance(atom, Thing) and atom.type in _ENVIRONMENTS:
            found |= {"file", ENVIRONMENT}
        elif isinstance(atom, Data | Thing):
            found |= atom.taints
        elif isinstance(atom, Named) and atom.name in _ENVIRONMENTS:
            # All of it at once; one variable of it is what a script was given to use.
            found |= {"file", ENVIRONMENT}
    return found


def text_of(atom: Atom) -> str:
    """An atom as the text that a program or a file name would get."""
    match atom:
        case Constant(value=str(text)):
            return text
        case Constant(value=bytes(raw)):
            return raw.decode("utf-8", "replace")
        case Constant(value=value):
            return str(value)
        case Data(text=text) | Thing(text=text):
            return text
        case _:
            return UNRESOLVED


def texts_of(values: Values) -> tuple[str, ...]:
    """Every text that this may be, in a fixed order; ``None`` stands for no text at all."""
    return tuple(sorted({text_of(a) for a in values if a != Constant(None)})) or (UNRESOLVED,)


def callables(values: Values) -> Iterator[Atom]:
    """What could be called and is known, also inside boxes."""
    for atom in within(values):
        of_thing = isinstance(atom, Bound) and isinstance(atom.receiver, Thing)
        if of_thing or isinstance(atom, Named | Function | Class | Partial):
            yield atom


def is_inert(values: Values, depth: int = 3) -> bool:
    """Whether there is nothing but data in it."""
    return all(_is_inert(atom, depth) for atom in values)


def _is_inert(atom: Atom, depth: int) -> bool:
    match atom:
        case Box():
            return depth > 0 and is_inert(atom.held, depth - 1)
        case Bound(receiver=receiver):
            return isinstance(receiver, Constant | Data)
        case _:
            return isinstance(atom, Constant | Data)


def shape(values: Values, depth: int = 2) -> frozenset[object]:
    """What two passes through a loop are compared by: boxes by what they hold."""
    return frozenset(_shape(atom, depth) for atom in values)


def _shape(atom: Atom, depth: int) -> object:
    match atom:
        case Box():
            held = shape(atom.held, depth - 1) if depth else 0
            return (atom.kind, len(atom.items), atom.open, held)
        case Data(taints=taints):
            return taints
        case _:
            return atom
