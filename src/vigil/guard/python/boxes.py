"""Methods of lists, sets and dictionaries."""

import ast

from vigil.guard.python import folding
from vigil.guard.python.binding import elements_of, keys_of
from vigil.guard.python.handing import hand_over
from vigil.guard.python.machine import Arguments, Machine
from vigil.guard.python.values import (
    DATA,
    Box,
    Constant,
    Values,
    constant,
    few,
    joined,
    one,
)

PUT_IN = frozenset(
    {"append", "add", "insert", "extend", "update", "appendleft", "extendleft", "setdefault"}
)
"""Methods that put something in."""
_DISTURB = frozenset(
    {"sort", "reverse", "clear", "remove", "discard", "pop", "popitem", "popleft", "rotate"}
)


def call_box(machine: Machine, box: Box, name: str, arguments: Arguments, node: ast.AST) -> Values:
    """``box.name(...)``."""
    machine.spend(len(box.named) // 10)
    if name in PUT_IN:
        _put(machine, box, name, arguments)
        return box.held if name == "setdefault" else constant(None)
    if name in {"items", "values", "keys", "copy"}:
        return one(_view(box, name))
    if name == "get":
        return _got(box, arguments)
    if arguments.rest is None and not arguments.named and name not in _DISTURB:
        machine.weigh((one(box), *arguments.positional))
        known = folding.method(box, name, arguments.positional)
        if known is not None:
            return known
    if name in _DISTURB:
        box.blur()
    for argument in arguments.every():
        hand_over(machine, argument, node)
    return few(elements_of(one(box)) | DATA)


def _got(box: Box, arguments: Arguments) -> Values:
    found = [
        box.named[atom.value]
        for atom in arguments.first()
        if isinstance(atom, Constant) and atom.value in box.named
    ]
    if found and len(found) == len(arguments.first()) and not box.open:
        return joined(found)
    return few(box.held | arguments.at(1) | DATA)


def _view(box: Box, name: str) -> Box:
    if name == "copy":
        named = dict(box.named)
        return Box(box.kind, list(box.items), named, box.held, box.open, keys=set(box.keys))
    if name == "keys":
        keys = [constant(key) for key in box.named]
        return Box("list", keys, held=joined(keys) | DATA, open=box.open)
    if name == "values":
        return Box("list", list(box.named.values()), held=box.held, open=box.open)
    pairs = [
        one(Box("tuple", [constant(key), value], held=few(constant(key) | value)))
        for key, value in box.named.items()
    ]
    any_pair = one(Box("tuple", [DATA, box.held or DATA], held=few(box.held | DATA)))
    return Box("list", pairs, held=joined([*pairs, any_pair]), open=box.open)


def _put(machine: Machine, box: Box, name: str, arguments: Arguments) -> None:
    certain = machine.is_own(box) and not box.open
    for place, values in enumerate(arguments.positional):
        if name in {"insert", "setdefault"} and place == 0:
            continue
        inner = elements_of(values) if name in {"extend", "update", "extendleft"} else values
        box.held = few(box.held | inner)
        box.keys |= keys_of(values)
    for key, values in arguments.named.items():
        box.held = few(box.held | values)
        box.keys.add(key)
    if arguments.rest is not None:
        box.put(arguments.rest)
    if certain and name == "append" and len(arguments.positional) == 1:
        box.items.append(arguments.first())
    elif name in {"append", "extend"}:
        # What stood there before still stands first.
        box.open = True
        box.owner = None
    else:
        box.blur()
