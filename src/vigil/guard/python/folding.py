"""What pure operations give on known values: the tricks that hide a text, undone.

Only what is listed is computed, with the real functions of Python, and only while arguments and
results stay small: no script can make its reader work long or use much memory.
"""

import ast
import binascii
import lzma
import operator
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from math import prod
from typing import Any, TypeVar

from vigil.guard.program import UNRESOLVED
from vigil.guard.python import gaps
from vigil.guard.python.computing import FUNCTIONS, NotKnown
from vigil.guard.python.values import (
    DATA,
    FEW,
    LONGEST,
    NONE,
    Box,
    Constant,
    Object,
    Values,
    constant,
    joined,
)

_LARGEST = 10**18
"""A whole number beyond it is data, so that no power or shift grows without an end."""
_ITEMS = 5_000
_DEEP = 4
"""Lists in lists; a list may also hold itself."""
_SHORT = 4
"""Characters that one character may be translated to."""
_WIDE = re.compile(r"\d{4,}|\*")
"""A width in a format that could ask for a text of any length."""
_NESTED_FORMAT = re.compile(r"\d{4,}|\*|[.\[]|:[^{}:]*\{")
_BITS = 64

T = TypeVar("T")


_TEXT_METHODS = frozenset(
    {
        "capitalize",
        "casefold",
        "decode",
        "encode",
        "endswith",
        "find",
        "format",
        "format_map",
        "hex",
    }
    | {"index", "isdigit", "join", "lower", "lstrip", "partition", "removeprefix", "removesuffix"}
    | {"replace", "rfind", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith"}
    | {"strip", "swapcase", "title", "translate", "upper", "count", "to_bytes"}
)
_LIST_METHODS = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})

_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.BitXor: operator.xor,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.Pow: operator.pow,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: operator.contains(right, left),
    ast.NotIn: lambda left, right: not operator.contains(right, left),
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


def apply(function: str, arguments: Iterable[Values]) -> Values | None:
    """A function of ``FUNCTIONS`` on these arguments; None where they are not all known."""
    return _on_all(FUNCTIONS[function], tuple(arguments))


def method(receiver: Constant | Box, name: str, arguments: tuple[Values, ...]) -> Values | None:
    """A method of a known text or list; None where that is not all known."""
    if name not in (_LIST_METHODS if isinstance(receiver, Box) else _TEXT_METHODS):
        return None

    def called(value: Object, *given: Object) -> Object:
        _refuse_growth(value, name, given)
        result = getattr(value, name)(*given)
        return list(result) if name in {"items", "keys", "values"} else result

    known = _on_all(called, (frozenset((receiver,)), *arguments))
    return known if known is not None else gaps.method(receiver, name, arguments)


def operation(kind: ast.AST, left: Values, right: Values) -> Values | None:
    """``left kind right``; None where that is not known."""
    function = _OPERATORS.get(type(kind))
    if function is None:
        return None

    def computed(a: Object, b: Object) -> Object:
        _refuse_large(kind, a, b)
        return function(a, b)

    return _on_all(computed, (left, right))


def subscript(values: Constant | Box, index: Values) -> Values | None:
    """``values[index]``, for a known place in something known."""
    return _on_all(operator.getitem, (frozenset((values,)), index))


def sliced(values: Constant | Box, bounds: tuple[Values, Values, Values]) -> Values | None:
    """``values[a:b:c]`` of something known."""
    return _on_all(lambda v, a, b, c: v[slice(a, b, c)], (frozenset((values,)), *bounds))


class _Room:
    """How many values may still be looked at: lists in lists grow fast."""

    def __init__(self) -> None:
        self._left = _ITEMS

    def take(self, many: int) -> None:
        self._left -= many
        if self._left < 0:
            raise NotKnown


def plain(values: Values) -> Object:
    """The one real value that this is, or ``NotKnown``."""
    return _plain(values, _DEEP, _Room())


def _plain(values: Values, depth: int, room: _Room) -> Object:
    (atom,) = values if len(values) == 1 else (None,)
    if isinstance(atom, Constant):
        if isinstance(atom.value, str) and UNRESOLVED in atom.value:
            raise NotKnown
        return atom.value
    if not isinstance(atom, Box) or atom.open or not depth:
        raise NotKnown
    room.take(len(atom.items) + len(atom.named))
    if atom.kind == "dict":
        return {key: _plain(value, depth - 1, room) for key, value in atom.named.items()}
    items = [_plain(item, depth - 1, room) for item in atom.items]
    return tuple(items) if atom.kind == "tuple" else items


def wrapped(value: Object) -> Values:
    """A real value as an atom."""
    try:
        return _wrapped(value, _DEEP, _Room())
    except NotKnown:
        return DATA


def _wrapped(value: Object, depth: int, room: _Room) -> Values:
    if isinstance(value, bool | str | bytes | float) or value is None:
        return constant(value)
    if isinstance(value, int):
        return constant(value) if abs(value) < _LARGEST else DATA
    if not depth or not isinstance(value, list | tuple | dict):
        return DATA
    room.take(len(value))
    contents = list(value.values()) if isinstance(value, dict) else list(value)
    items = [_wrapped(item, depth - 1, room) for item in contents]
    box = Box(kind=type(value).__name__, held=joined(items), length=len(items))
    if not isinstance(value, dict):
        box.items = items
    elif all(isinstance(key, str | int) for key in value):
        box.named = dict(zip(value, items, strict=True))
    else:
        return DATA
    return frozenset((box,))


def _on_all(function: Callable[..., Object], arguments: tuple[Values, ...]) -> Values | None:
    """Every combination of what the arguments may be; None when one of them is not known."""
    results: list[Values] = []
    try:
        for chosen in _combinations(tuple(tuple(a) for a in arguments)):
            given = [plain(frozenset((atom,))) for atom in chosen]
            try:
                results.append(wrapped(function(*given)))
            except _MISUSES:
                # A run would end here with an error, so this combination gives nothing.
                continue
    except NotKnown:
        return None
    return joined(results) if results else NONE


_MISUSES = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError, OSError),
    *(zlib.error, lzma.LZMAError, binascii.Error, AssertionError),
)


def _combinations(choices: tuple[tuple[T, ...], ...]) -> Iterable[tuple[T, ...]]:
    if prod(map(len, choices)) > FEW:
        raise NotKnown
    return product(*choices)


def _refuse_large(kind: ast.AST, left: Object, right: Object) -> None:
    match kind:
        case ast.Mult():
            many, number = (right, left) if isinstance(left, int) else (left, right)
            repeats = isinstance(many, str | bytes | list | tuple) and isinstance(number, int)
            large = repeats and _size(many) * int(str(number)) > LONGEST
        case ast.Pow() | ast.LShift():
            small = isinstance(right, int) and 0 <= right < _BITS
            large = not (small and isinstance(left, int) and abs(left) <= _LARGEST)
        case ast.Mod() if isinstance(left, bytes):
            large = _WIDE.search(left.decode("latin-1")) is not None
        case ast.Mod() if isinstance(left, str):
            large = _WIDE.search(left) is not None
        case _:
            large = False
    if large:
        raise NotKnown


def _refuse_growth(value: Object, name: str, given: tuple[Object, ...]) -> None:
    match name:
        case "to_bytes":
            large = True
        case "format" | "format_map":
            large = not isinstance(value, str) or _NESTED_FORMAT.search(value) is not None
        case "replace" if len(given) > 1:
            times = _size(value) // max(_size(given[0]), 1) + 1
            large = times * _size(given[1]) > LONGEST
        case "join" if given:
            large = _size(given[0]) * _size(value) > LONGEST
        case "translate":
            tables = [table for table in given if isinstance(table, dict)]
            large = any(
                not isinstance(to, int | None) and len(str(to)) > _SHORT
                for table in tables
                for to in table.values()
            )
        case _:
            large = False
    if large:
        raise NotKnown


def _size(value: Object) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0
