"""Operators and formats that take more memory or time than there is."""

import ast
import re
from math import log2

from vigil.guard.python.binding import elements_of
from vigil.guard.python.machine import Arguments, Machine
from vigil.guard.python.values import LONGEST, Box, Constant, Plain, Values

MOST_BITS = 8_000_000
"""Of a number; to work out one of more takes minutes."""
BUSY = "works out a number that takes more memory and time than there is"
_SQUARED = 10**8
_MOST_ITEMS = 4_000
_WIDTH = re.compile(r"\d{8,}")


def watch_operation(
    machine: Machine, kind: ast.operator, left: Values, right: Values, node: ast.AST
) -> None:
    """``left kind right``: powers, shifts, formats, and what doubles in a loop."""
    for a in left:
        for b in right:
            if isinstance(a, Constant) and isinstance(b, Constant):
                _watch_two(machine, kind, a.value, b.value, node)
        if isinstance(kind, ast.Mod) and isinstance(a, Constant) and isinstance(a.value, str):
            watch_format(machine, a.value, node)
            if "*" in a.value:
                for number in numbers_in(Arguments((elements_of(right),))):
                    machine.allocate(number, node)
    if isinstance(kind, ast.Add) and machine.turns > 1:
        items = sum(len(a.items) for a in (*left, *right) if isinstance(a, Box))
        if items > _MOST_ITEMS:
            machine.exhaust(node, "fills memory with a list that grows and grows")


def _watch_two(machine: Machine, kind: ast.operator, a: Plain, b: Plain, node: ast.AST) -> None:
    if isinstance(a, int) and isinstance(b, int) and _is_busy(machine, kind, a, b):
        machine.exhaust(node, BUSY)
    texts = isinstance(a, str) and isinstance(b, str) and len(a) + len(b) > LONGEST
    if texts and isinstance(kind, ast.Add) and machine.turns > 1:
        machine.exhaust(node, "fills memory with a text that grows and grows")


def _is_busy(machine: Machine, kind: ast.operator, a: int, b: int) -> bool:
    return _bits(kind, a, b) > MOST_BITS or (machine.turns > 1 and _squares(kind, a, b))


def _bits(kind: ast.operator, a: int, b: int) -> float:
    """Of the number that a power or a shift makes."""
    if isinstance(kind, ast.LShift):
        return b if a else 0
    return b * log2(abs(a)) if isinstance(kind, ast.Pow) and abs(a) > 1 else 0


def _squares(kind: ast.operator, a: int, b: int) -> bool:
    """Whether a large number is squared once more."""
    again = isinstance(kind, ast.Pow) or (isinstance(kind, ast.Mult) and a == b)
    return again and abs(a) > _SQUARED and b > 1


def watch_format(machine: Machine, text: str, node: ast.AST) -> None:
    """A width in a format asks for a text of that length."""
    for width in _WIDTH.findall(text):
        machine.allocate(float(width[:18]), node)


def watch_padding(machine: Machine, name: str, arguments: Arguments, node: ast.AST) -> None:
    """``text.ljust(10**12)``, ``text.zfill(10**12)``."""
    if name in _PADS:
        for atom in arguments.first():
            if isinstance(atom, Constant) and isinstance(atom.value, int):
                machine.allocate(atom.value, node)


_PADS = frozenset({"center", "expandtabs", "ljust", "rjust", "zfill"})


def numbers_in(arguments: Arguments) -> list[int]:
    """Every number that is given and known."""
    atoms = (atom for values in arguments.every() for atom in values)
    return [a.value for a in atoms if isinstance(a, Constant) and isinstance(a.value, int)]
