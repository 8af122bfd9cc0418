"""Lists, tuples, sets and dictionaries: made, gone through and looked into."""

import ast

from vigil.guard.python import folding
from vigil.guard.python.binding import bind, elements_of, keys_of, sequence_of
from vigil.guard.python.machine import Arguments, Frame, Machine
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    Bound,
    Box,
    Constant,
    Data,
    Instance,
    Named,
    Scope,
    Thing,
    Values,
    constant,
    few,
    joined,
    one,
    taints_of,
    text_of,
)

_LONG = 1_000
_BYTES_OF_AN_ITEM = 8
_LISTS_OF_THE_PROCESS = frozenset({"os.environ", "os.environb", "sys.argv", "sys.path"})


def subscript(machine: Machine, node: ast.Subscript) -> Values:
    """``values[index]``, ``values[a:b]``."""
    values = machine.evaluate(node.value)
    if isinstance(node.slice, ast.Slice):
        parts = (node.slice.lower, node.slice.upper, node.slice.step)
        bounds = tuple(machine.evaluate(p) if p is not None else constant(None) for p in parts)
        return joined(_cut(atom, (bounds[0], bounds[1], bounds[2])) for atom in values)
    index = machine.evaluate(node.slice)
    return joined(_item(machine, atom, index, node) for atom in values)


def _cut(atom: object, bounds: tuple[Values, Values, Values]) -> Values:
    if isinstance(atom, Constant | Box):
        known = folding.sliced(atom, bounds)
        if known is not None:
            return known
    if isinstance(atom, Box):
        return one(Box(kind="list", held=elements_of(one(atom)), open=True))
    return one(Data(taints=atom.taints)) if isinstance(atom, Data | Thing) else _opaque(atom)


def _opaque(atom: object) -> Values:
    return DATA if isinstance(atom, Constant | Bound) else ANYTHING


def _item(machine: Machine, atom: object, index: Values, node: ast.AST) -> Values:
    match atom:
        case Constant():
            item = folding.subscript(atom, index) or DATA
        case Box():
            item = _item_of_box(atom, index)
        case Data(taints=taints) | Thing(taints=taints):
            item = one(Data(taints=taints))
        case Named(name="sys.modules"):
            item = frozenset(Named(machine.library.canonical(text_of(a))) for a in index)
        case Named(name="os.environ" | "os.environb") if any(
            not isinstance(a, Constant) for a in index
        ):
            # One after the other, it is all of them.
            every = machine.attribute(one(atom), "items", node)
            item = elements_of(machine.call(every, Arguments(), node))
        case Named(name=name):
            # ``list[int]`` and its like are the class itself.
            item = DATA if name in _LISTS_OF_THE_PROCESS else one(atom)
        case Instance():
            method = machine.attribute(one(atom), "__getitem__", node)
            item = machine.call(method, Arguments((index,)), node)
        case _:
            item = _opaque(atom)
    return item


def _item_of_box(box: Box, index: Values) -> Values:
    found: list[Values] = []
    for atom in index:
        if not isinstance(atom, Constant) or isinstance(atom.value, float):
            return elements_of(one(box)) or DATA
        if box.kind == "dict":
            exact = box.named.get(atom.value)
            found.append(exact if exact is not None else box.held)
        elif isinstance(atom.value, int) and -len(box.items) <= atom.value < len(box.items):
            certain = not box.open or atom.value >= 0
            found.append(box.items[atom.value] if certain else box.held)
        else:
            found.append(box.held)
    return joined(found) or DATA


def make_list(machine: Machine, node: ast.List | ast.Tuple | ast.Set) -> Values:
    kinds = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}
    box = Box(kind="tuple", owner=machine.frame.scope)
    if not isinstance(node, ast.Tuple):
        box = machine.box(kinds[type(node)], node)
    for element in node.elts:
        if isinstance(element, ast.Starred):
            spread = machine.evaluate(element.value)
            known = sequence_of(spread)
            if known is None:
                box.held = few(box.held | elements_of(spread))
                box.open = True
            for values in known or []:
                _put_in(box, values)
        else:
            _put_in(box, machine.evaluate(element))
    return one(box)


def _put_in(box: Box, values: Values) -> None:
    box.held = few(box.held | values)
    if not box.open:
        box.items.append(values)


def make_dict(machine: Machine, node: ast.Dict) -> Values:
    """``{key: value, **others}``."""
    box = machine.box("dict", node)
    for key, value in zip(node.keys, node.values, strict=True):
        held = machine.evaluate(value)
        if key is None:
            box.put(elements_of(held))
            box.keys |= keys_of(held)
            box.named.clear()
            continue
        keys = machine.evaluate(key)
        box.held = few(box.held | held)
        names = [a.value for a in keys if isinstance(a, Constant)]
        box.keys.update(names)
        if told := taints_of(keys):
            box.held = few(box.held | one(Data(taints=told)))
        if len(names) == len(keys) == 1 and not box.open:
            box.named[names[0]] = held
        else:
            box.blur()
    return one(box)


def comprehend(
    machine: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Values:
    box = Box(kind="list", owner=machine.frame.scope)
    frame = Frame(Scope(outer=machine.frame.scope), uncertain=machine.frame.uncertain)
    machine.frames.append(frame)
    try:
        _generate(machine, node, node.generators, box)
    finally:
        machine.frames.pop()
    if isinstance(node, ast.SetComp | ast.DictComp):
        box.kind = "dict" if isinstance(node, ast.DictComp) else "set"
        box.blur()
    return one(box)


def _generate(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    generators: list[ast.comprehension],
    box: Box,
) -> None:
    if not generators:
        if isinstance(node, ast.DictComp):
            machine.evaluate(node.key)
            _put_in(box, machine.evaluate(node.value))
        else:
            _put_in(box, machine.evaluate(node.elt))
        return
    first, *others = generators
    source = machine.evaluate(first.iter)
    known = sequence_of(source)
    if known is not None and not machine.unrolls(len(known)):
        known = None
    if known is None:
        box.open = True
    for element in known if known is not None else [elements_of(source)]:
        machine.spend()
        bind(machine, first.target, element)
        truths = {_truth(machine.evaluate(condition)) for condition in first.ifs}
        box.open |= None in truths
        if False in truths:
            continue
        length = length_of(source)
        if known is None and length > _LONG:
            kept = not isinstance(node, ast.GeneratorExp)
            machine.allocate(length * _BYTES_OF_AN_ITEM if kept else 0, node)
            box.length = length
        turns = machine.perhaps(length)
        with turns if known is None else machine.unrolled(len(known)):
            _generate(machine, node, others, box)


def _truth(values: Values) -> bool | None:
    """Whether a condition holds, where that is known."""
    truths = {bool(a.value) if isinstance(a, Constant) else None for a in values}
    return truths.pop() if len(truths) == 1 else None


def length_of(values: Values) -> float:
    """How often a loop over this goes round, as far as it is known."""
    return max((a.length or len(a.items) or 1 for a in values if isinstance(a, Box)), default=1)
