"""What stands left of ``=``, and what one gets by going through something."""

import ast

from vigil.guard.python.handing import called_by_the_language, hand_over, hand_to
from vigil.guard.python.machine import UNKNOWN_ARGUMENTS, UNROLLED, Machine
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    Bound,
    Box,
    Class,
    Constant,
    Data,
    Instance,
    Named,
    Plain,
    Thing,
    Values,
    constant,
    few,
    joined,
    one,
    text_of,
)

_STEERS = frozenset(
    {"PATH", "IFS", "ENV", "BASH_ENV", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "EDITOR"}
    | {"PYTHONSTARTUP", "GIT_SSH", "GIT_SSH_COMMAND", "PAGER", "PERL5LIB", "NODE_OPTIONS"}
)


def sequence_of(values: Values) -> list[Values] | None:
    """The elements in their order, where all of that is known."""
    if len(values) != 1:
        return None
    (atom,) = values
    if isinstance(atom, Constant) and isinstance(atom.value, str | bytes):
        if len(atom.value) <= UNROLLED:
            return [constant(item) for item in atom.value]
        return None
    if not isinstance(atom, Box) or atom.open or atom.kind == "set":
        return None
    if atom.kind == "dict":
        return [constant(key) for key in atom.named] if atom.named else None
    return atom.items if len(atom.items) <= UNROLLED else None


def elements_of(values: Values) -> Values:
    """Whatever one may get by going through this."""
    return joined(_elements(atom) for atom in values) or DATA


def _elements(atom: object) -> Values:
    match atom:
        case Box(kind="dict"):
            return few(atom.held | frozenset(Constant(key) for key in atom.named) | DATA)
        case Box():
            return atom.held or DATA
        case Data(text=text) if text.endswith("/**"):
            # What is below a folder: names of files, and lists of these.
            return one(atom)
        case Data(taints=taints) | Thing(taints=taints):
            return one(Data(taints=taints))
        case Constant() | Bound() | Named():
            return DATA
        case _:
            return ANYTHING


def keys_of(values: Values) -> set[Plain]:
    """The known keys of the dictionaries that this may be."""
    return {key for a in values if isinstance(a, Box) for key in (*a.named, *a.keys)}


def bind(machine: Machine, target: ast.expr, values: Values) -> None:
    """Give values to what stands left of ``=``, after ``for``, ``as`` or in a pattern."""
    match target:
        case ast.Name(id=name):
            machine.assign(name, values)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(machine, targets, values)
        case ast.Starred(value=inner):
            bind(machine, inner, values)
        case ast.Attribute(value=owner, attr=name):
            _set_attribute(machine, machine.evaluate(owner), name, values, target)
        case ast.Subscript(value=owner, slice=place):
            index = machine.evaluate(place) if not isinstance(place, ast.Slice) else DATA
            _set_item(machine, machine.evaluate(owner), index, values, target)
        case _:
            machine.unknown(target, "an assignment that cannot be followed")


def _unpack(machine: Machine, targets: list[ast.expr], values: Values) -> None:
    known = sequence_of(values)
    starred = any(isinstance(target, ast.Starred) for target in targets)
    if known is not None and len(known) == len(targets) and not starred:
        for target, element in zip(targets, known, strict=True):
            bind(machine, target, element)
        return
    element = elements_of(values)
    for target in targets:
        if isinstance(target, ast.Starred):
            bind(machine, target, one(Box(kind="list", held=element, open=True)))
        else:
            bind(machine, target, element)


def _set_attribute(
    machine: Machine, owners: Values, name: str, values: Values, node: ast.AST
) -> None:
    for owner in owners:
        match owner:
            case Instance() | Class():
                names = (owner.of if isinstance(owner, Instance) else owner).scope.names
                names[name] = few(names.get(name, frozenset()) | values)
                called_by_the_language(machine, name, values, node)
            case Named(name=full):
                machine.unknown(node, f"gives '{full}.{name}' another meaning")
            case _:
                hand_over(machine, values, node)


def _set_item(
    machine: Machine, owners: Values, index: Values, values: Values, node: ast.AST
) -> None:
    for owner in owners:
        match owner:
            case Box():
                _set_in_box(machine, owner, index, values)
            case Named(name="os.environ" | "os.environb"):
                if any(text_of(a) in _STEERS or not isinstance(a, Constant) for a in index):
                    machine.unknown(node, "sets a variable that makes programs run other code")
            case Named(name="sys.argv"):
                pass
            case Named(name=full):
                machine.unknown(node, f"changes what '{full}' holds")
            case Instance():
                method = machine.attribute(one(owner), "__setitem__", node)
                machine.call(method, UNKNOWN_ARGUMENTS, node)
            case Thing(type=kind) | Bound(receiver=Thing(type=kind)):
                hand_to(machine, kind, [values], node)
                hand_over(machine, values, node)
            case _:
                hand_over(machine, values, node)


def _set_in_box(machine: Machine, box: Box, index: Values, values: Values) -> None:
    box.held = few(box.held | values)
    box.keys |= {atom.value for atom in index if isinstance(atom, Constant)}
    (key,) = index if len(index) == 1 else (None,)
    exact = isinstance(key, Constant) and machine.is_own(box) and not box.open
    if exact and isinstance(key, Constant) and box.kind == "dict":
        box.named[key.value] = values
    elif (
        exact
        and isinstance(key, Constant)
        and isinstance(key.value, int)
        and -len(box.items) <= key.value < len(box.items)
    ):
        box.items[key.value] = values
    else:
        box.blur()
