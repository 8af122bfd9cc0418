"""What a script of bash is made of, as its grammar has it; nothing is expanded yet.

Named tuples and not domain values: thousands are made of one script, and none leaves the reader.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias


class Literal(NamedTuple):
    """Text that stands for itself; unquoted text may still hold braces and patterns."""

    text: str
    quoted: bool


class Parameter(NamedTuple):
    """``$name`` or ``${name...}``."""

    name: str
    quoted: bool
    operator: str = ""
    """What stands behind the name: ``:-``, ``##``, ``//`` ...; ``length`` for ``${#name}``,
    ``names`` for ``${!prefix*}``, ``keys`` for ``${!name[@]}``, ``slice`` for ``${name:1:2}``."""
    arguments: "tuple[Parts, ...]" = ()
    subscript: "Parts | None" = None
    indirect: bool = False
    bare: bool = False
    """Whether it was written without braces, so that a name may grow by what comes behind it."""


class Substitution(NamedTuple):
    """``$(...)`` or the same in backticks."""

    body: "Body"
    quoted: bool


class Arithmetic(NamedTuple):
    """``$((...))``."""

    text: "Parts"
    quoted: bool


class Process(NamedTuple):
    """``<(...)``, which the command reads, or ``>(...)``, to which it writes."""

    body: "Body"
    feeds: bool


Part: TypeAlias = Literal | Parameter | Substitution | Arithmetic | Process
Parts: TypeAlias = tuple[Part, ...]


class Element(NamedTuple):
    """One of the values in ``name=(...)``."""

    key: Parts | None
    value: Parts


class Assignment(NamedTuple):
    """``name=value``, ``name[index]+=value`` or ``name=(...)``."""

    name: str
    value: "Parts | Elements"
    appends: bool = False
    subscript: Parts | None = None


class Elements(NamedTuple):
    """All values in ``name=(...)``."""

    items: tuple[Element, ...]


@dataclass(slots=True)
class Document:
    """A here-document, whose text comes lines after the redirection that announces it."""

    text: Parts = ()


class Redirect(NamedTuple):
    """``2>file``, ``<<<text``, ``>&1``, ``<<END``."""

    operator: str
    descriptor: str
    """A number, ``{name}`` or nothing for the usual one."""
    target: Parts | Document


class Simple(NamedTuple):
    assignments: tuple[Assignment, ...]
    words: "tuple[Parts | Assignment, ...]"
    redirects: tuple[Redirect, ...]
    start: int
    end: int
    text: str
    """As it was written, for aliases."""


class Group(NamedTuple):
    body: "Body"
    subshell: bool = False


class If(NamedTuple):
    branches: "tuple[tuple[Body, Body], ...]"
    otherwise: "Body"


class While(NamedTuple):
    condition: "Body"
    body: "Body"
    until: bool


class For(NamedTuple):
    """Also ``select``. ``words`` is None where the loop is over the positional parameters."""

    name: str
    words: tuple[Parts, ...] | None
    body: "Body"
    select: bool


class Count(NamedTuple):
    """``for ((start; condition; step))``."""

    start: Parts
    condition: Parts
    step: Parts
    body: "Body"


class Arm(NamedTuple):
    patterns: tuple[Parts, ...]
    body: "Body"
    falls: bool
    """Whether another arm may come after it."""


class Case(NamedTuple):
    subject: Parts
    arms: tuple[Arm, ...]


class Function(NamedTuple):
    name: str
    body: "Command"


class Calculation(NamedTuple):
    """``((...))``."""

    text: Parts


class Test(NamedTuple):
    """``[[ ... ]]``: its words, operators among them."""

    words: tuple[Parts, ...]


class Coprocess(NamedTuple):
    name: str
    body: "Command"


Control: TypeAlias = Group | If | Case | While | For | Count | Test | Coprocess
Shape: TypeAlias = Control | Function | Calculation


class Compound(NamedTuple):
    """Anything but a simple command, and the redirections behind it."""

    shape: Shape
    redirects: tuple[Redirect, ...]
    start: int
    end: int


Command: TypeAlias = Simple | Compound


class Pipeline(NamedTuple):
    commands: tuple[Command, ...]
    negated: bool = False


class Chain(NamedTuple):
    """Pipelines joined by ``&&`` and ``||``."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...]
    background: bool


Body: TypeAlias = tuple[Chain, ...]
