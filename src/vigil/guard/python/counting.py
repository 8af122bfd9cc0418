"""Calls that take more memory or time than there is, by the numbers that they are given."""

import ast
import math
from collections.abc import Mapping

from vigil.guard.python.amounts import BUSY, numbers_in, watch_format, watch_operation
from vigil.guard.python.containers import length_of
from vigil.guard.python.gathering import Special
from vigil.guard.python.libraries import call_library
from vigil.guard.python.machine import ENDLESS, Arguments, Machine
from vigil.guard.python.values import DATA, Box, Data, Values, one, taints_of, text_of

MOST_TURNS = 1_000_000_000
"""Turns of a loop that no remedy needs."""
MOST_FACTORIAL = 200_000
_MANY = 100
_MOST_DIGITS = 15
"""Of the length of a list: more are as good as no end."""


def power(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``pow(a, b)``; with a third argument the numbers stay small."""
    if len(arguments.positional) == 2:  # noqa: PLR2004 - a and b
        watch_operation(machine, ast.Pow(), *arguments.positional, node)
    return DATA


def rounds(name: str) -> Special:
    """Functions whose numbers say how long they work."""

    def followed(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
        if max(numbers_in(arguments), default=0) > _MOST[name]:
            machine.exhaust(node, BUSY)
        return call_library(machine, name, arguments, node)

    return followed


_MOST = {
    "hashlib.pbkdf2_hmac": 10_000_000,
    "hashlib.scrypt": 10_000_000,
    "math.comb": MOST_FACTORIAL,
    "math.factorial": MOST_FACTORIAL,
    "math.perm": MOST_FACTORIAL,
    "sys.setrecursionlimit": 100_000,
}
"""The largest number that each of them is given by somebody who means well."""


def arranged_in_all_ways(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``itertools.product``: a list of that length, which nobody has made yet."""
    del machine, node
    digits = sum(math.log10(max(length_of(values), 1)) for values in arguments.positional)
    repeat = max(numbers_in(Arguments(named=arguments.named)), default=1)
    return _as_long_as(digits * min(repeat, _MANY))


def permuted(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``itertools.permutations(items, of)``."""
    del machine, node
    size = length_of(arguments.first())
    of = max(numbers_in(Arguments((arguments.at(1, "r"),))), default=size)
    ways = math.perm(int(size), max(int(min(of, size)), 0)) if size < _MANY else ENDLESS
    return _as_long_as(math.log10(max(ways, 1)))


def _as_long_as(digits: float) -> Values:
    length = 10**digits if digits < _MOST_DIGITS else ENDLESS
    return one(Box("list", held=DATA, open=True, length=length))


def formatted(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``format(value, spec)``."""
    for spec in arguments.at(1):
        watch_format(machine, text_of(spec), node)
    return one(Data(taints=taints_of(arguments.first())))


def watch_whole(machine: Machine, name: str, arguments: Arguments, node: ast.AST) -> None:
    """What goes through all of something that has no end, or none that comes soon."""
    if name in _GOES_THROUGH and any(length_of(v) > MOST_TURNS for v in arguments.positional):
        machine.exhaust(node, "goes through more than a remedy needs")


_GOES_THROUGH = frozenset(
    {
        f"builtins.{name}"
        for name in ("all", "any", "frozenset", "list", "max", "min", "set", "sorted")
    }
    | {"builtins.sum", "builtins.tuple", "collections.Counter", "math.fsum", "math.prod"}
    | {"extend", "join", "update"}
)


GROWING: Mapping[str, Special] = {
    "builtins.format": formatted,
    "builtins.pow": power,
    "itertools.permutations": permuted,
    "itertools.product": arranged_in_all_ways,
    **{name: rounds(name) for name in _MOST},
}
"""Calls that take more the larger their numbers are."""
