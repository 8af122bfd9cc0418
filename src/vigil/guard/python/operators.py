"""``left + right`` and its like: computed where it is known, kept apart where it is not."""

import ast

from vigil.guard.python import folding, gaps
from vigil.guard.python.amounts import watch_operation
from vigil.guard.python.binding import elements_of, sequence_of
from vigil.guard.python.machine import Machine
from vigil.guard.python.values import (
    ANYTHING,
    Box,
    Constant,
    Data,
    Instance,
    Thing,
    Values,
    constant,
    few,
    joined,
    one,
    taints_of,
    text_of,
)

_BYTES_OF_A_PLACE = 50
"""What a list takes for each place and a small object in it, about."""


def operation(
    machine: Machine, kind: ast.operator, left: Values, right: Values, node: ast.AST
) -> Values:
    """``left kind right``."""
    if isinstance(kind, ast.Mult):
        _count_memory(machine, left, right, node)
    watch_operation(machine, kind, left, right, node)
    machine.weigh((left, right))
    known = folding.operation(kind, left, right)
    if known is not None:
        machine.weigh((known,))
        return known
    results: list[Values] = []
    both = (*left, *right)
    boxes = [atom for atom in both if isinstance(atom, Box)]
    paths = [atom for atom in left if isinstance(atom, Thing)]
    if isinstance(kind, ast.Add) and any(_is_text(atom) for atom in both):
        results.append(gaps.concatenated((left, right)))
    elif isinstance(kind, ast.Mod):
        results.append(gaps.formatted(left, right))
    elif isinstance(kind, ast.Div) and paths:
        results += [_path(path, right) for path in paths]
    elif not boxes:
        results.append(one(Data(taints=taints_of(left) | taints_of(right))))
    if boxes:
        results.append(_put_together(machine, kind, left, right, node))
    for atom in both:
        if isinstance(atom, Instance):
            # Its class may say what the operator does.
            results.append(ANYTHING)
    return joined(results)


def _is_text(atom: object) -> bool:
    return isinstance(atom, Data) or (
        isinstance(atom, Constant) and isinstance(atom.value, str | bytes)
    )


def _path(path: Thing, right: Values) -> Values:
    parts = gaps.concatenated((constant(path.text), constant("/"), right))
    return frozenset(Thing(path.type, _absolute(text_of(a)), path.taints) for a in parts)


def _absolute(text: str) -> str:
    """An absolute path behind a slash begins anew."""
    _, double, last = text.rpartition("//")
    return f"/{last}" if double else text


def _put_together(
    machine: Machine, kind: ast.operator, left: Values, right: Values, node: ast.AST
) -> Values:
    box = machine.box("list", node)
    sides = (sequence_of(left), sequence_of(right))
    if isinstance(kind, ast.Add) and sides[0] is not None:
        box.items = [*sides[0], *(sides[1] or [])]
        box.open = sides[1] is None
    else:
        box.open = True
    held = (elements_of(one(a)) if isinstance(a, Box) else one(a) for a in (*left, *right))
    box.held = few(box.held | joined(held))
    return one(box)


def _count_memory(machine: Machine, left: Values, right: Values, node: ast.AST) -> None:
    for many, number in ((left, right), (right, left)):
        counts = [a.value for a in number if isinstance(a, Constant) and isinstance(a.value, int)]
        sizes = [size for a in many if (size := _size(a))]
        if counts and sizes:
            machine.allocate(max(counts) * max(sizes), node)
            return


def _size(atom: object) -> int:
    if isinstance(atom, Constant) and isinstance(atom.value, str | bytes):
        return len(atom.value)
    return _BYTES_OF_A_PLACE * len(atom.items) if isinstance(atom, Box) else 0
