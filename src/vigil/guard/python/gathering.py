"""Lists and their like as the built-in functions make them, and go through them."""

import ast
from collections.abc import Callable

from vigil.guard.python import folding
from vigil.guard.python.binding import elements_of, keys_of, sequence_of
from vigil.guard.python.computing import NotKnown
from vigil.guard.python.handing import hand_over
from vigil.guard.python.machine import ENDLESS, UNROLLED, Arguments, Machine
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    Box,
    Class,
    Constant,
    Data,
    Instance,
    Scope,
    Values,
    constant,
    few,
    joined,
    one,
    taints_of,
    texts_of,
)

_BYTES_OF_AN_ITEM = 8

Special = Callable[[Machine, Arguments, ast.AST], Values]
"""What a call of one name means."""


def mapped(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``map``: the function is called with each element."""
    function, *sources = arguments.positional or (ANYTHING,)
    known = [sequence_of(source) for source in sources]
    box = Box("list")
    if all(k is not None for k in known) and known:
        for elements in zip(*(k or [] for k in known), strict=False):
            box.items.append(machine.call(function, Arguments(tuple(elements)), node))
        box.held = joined(box.items)
        return one(box)
    with machine.perhaps():
        given = Arguments(tuple(elements_of(source) for source in sources))
        box.put(machine.call(function, given, node))
    return one(box)


def filtered(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``filter``: the function is called, and lets through what it likes."""
    held = elements_of(arguments.at(1))
    with machine.perhaps():
        for function in arguments.first() - {Constant(None)}:
            machine.call(one(function), Arguments((held,)), node)
    return one(Box("list", held=held, open=True))


def ranged(machine: Machine, arguments: Arguments, __: ast.AST) -> Values:
    """``range``, turn by turn while it is short."""
    try:
        numbers = [folding.plain(values) for values in arguments.positional]
        if not all(isinstance(n, int) for n in numbers):
            return DATA
        counted = range(*(n for n in numbers if isinstance(n, int)))
        length = len(counted)
    except (NotKnown, TypeError, ValueError, OverflowError):
        return one(Box("list", held=DATA, open=True))
    if length > UNROLLED:
        return one(Box("list", held=DATA, open=True, length=length))
    machine.spend(length // 4)
    items = [constant(n) for n in counted]
    return one(Box("list", items, held=joined(items) or DATA, length=length))


def gone_through(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``iter``; with two arguments it calls the first one without end."""
    if len(arguments.positional) > 1:
        held = machine.call(arguments.first(), Arguments(), node)
        return one(Box("list", held=held, open=True, length=ENDLESS))
    return arguments.first()


def endless(_: Machine, arguments: Arguments, __: ast.AST) -> Values:
    """``itertools.count`` and its like."""
    held = joined(elements_of(values) for values in arguments.every())
    return one(Box("list", held=few(held | DATA), open=True, length=ENDLESS))


def next_one(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``next``: any element, or what is given for none."""
    found = [elements_of(arguments.first()), arguments.at(1)]
    for atom in arguments.first():
        if isinstance(atom, Instance):
            method = machine.attribute(one(atom), "__next__", node)
            found.append(machine.call(method, Arguments(), node))
    return joined(found)


def collected(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``list`` and others that give back what they were given, in the same order."""
    for name in ("key", "default_factory"):
        hand_over(machine, arguments.named.get(name, DATA), node)
    if not arguments.positional and arguments.rest is None:
        return one(machine.box("list", node))
    for atom in arguments.first():
        if isinstance(atom, Box) and (atom.length or 0) > UNROLLED:
            machine.allocate((atom.length or 0) * _BYTES_OF_AN_ITEM, node)
    known = sequence_of(arguments.first())
    if known is not None and len(arguments.positional) == 1:
        return one(Box("list", list(known), held=joined(known)))
    return one(Box("list", held=_held(arguments), open=True))


def _held(arguments: Arguments) -> Values:
    return few(joined(elements_of(values) for values in arguments.every()) | DATA)


def arranged(name: str) -> Special:
    """``sorted``, ``zip`` and others that make a new order of what they are given."""

    def follow(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
        hand_over(machine, arguments.named.get("key", DATA), node)
        if arguments.rest is None and not arguments.named:
            known = folding.apply(name, arguments.positional)
            if known is not None:
                return known
        held = _held(arguments)
        if name in {"builtins.zip", "builtins.enumerate"}:
            held = one(Box("tuple", held=held, open=True))
        return one(Box("list", held=held, open=True))

    return follow


def chosen(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``min``, ``max``: one of what they are given."""
    hand_over(machine, arguments.named.get("key", DATA), node)
    return few(joined(arguments.positional) | _held(arguments))


def dictionary(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``dict`` and its like."""
    box = machine.box("dict", node)
    if arguments.positional or arguments.rest is not None:
        for values in arguments.positional:
            inner = elements_of(values)
            box.put(few(inner | elements_of(inner)))
            box.keys |= keys_of(values)
            if taints := taints_of(values):
                box.put(one(Data(taints=taints)))
        box.put(arguments.rest or DATA)
    for name, values in arguments.named.items():
        box.held = few(box.held | values)
        box.keys.add(name)
        if not box.open:
            box.named[name] = values
    return one(box)


def named_tuple(_: Machine, arguments: Arguments, __: ast.AST) -> Values:
    """A class whose objects hold whatever they are given, under names that nobody follows."""
    return one(Class(texts_of(arguments.first())[0], Scope()))


def raw_bytes(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``bytes``, ``bytearray``: of a number, so much memory."""
    for atom in arguments.first():
        if isinstance(atom, Constant) and isinstance(atom.value, int):
            machine.allocate(atom.value, node)
    known = folding.apply("builtins.bytes", arguments.positional) if not arguments.named else None
    return known if known is not None else one(Data(taints=taints_of(arguments.first())))
