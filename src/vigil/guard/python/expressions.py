"""What an expression may be."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from vigil.guard.python import folding, gaps
from vigil.guard.python.amounts import watch_format
from vigil.guard.python.binding import bind, elements_of, sequence_of
from vigil.guard.python.calling import call_method
from vigil.guard.python.containers import comprehend, make_dict, make_list, subscript
from vigil.guard.python.machine import Arguments, Machine
from vigil.guard.python.members import named
from vigil.guard.python.operators import operation
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    ENVIRONMENT,
    Box,
    Constant,
    Data,
    Function,
    Named,
    Values,
    constant,
    few,
    joined,
    one,
    taints_of,
    text_of,
)


def evaluate(machine: Machine, node: ast.expr) -> Values:
    """What this may be; what is called on the way is followed."""
    machine.spend()
    machine.enter()
    try:
        follow = _EXPRESSIONS.get(type(node))
        return follow(machine, node) if follow is not None else ANYTHING
    finally:
        machine.leave()


# --- one function for each kind of expression ---------------------------------------------------


def _constant(_: Machine, node: ast.Constant) -> Values:
    value = node.value
    return folding.wrapped(value)


def _name(machine: Machine, node: ast.Name) -> Values:
    found = machine.look_up(node.id)
    if found is not None:
        return found
    if node.id == "__name__":
        return constant("__main__")
    if node.id in {"__file__", "__doc__", "__spec__", "__package__"}:
        return DATA
    if node.id == "__builtins__":
        return one(Named("builtins"))
    starred = [
        named(machine, f"{module}.{node.id}")
        for module in sorted(machine.starred)
        if machine.library.call(machine.library.canonical(f"{module}.{node.id}"))
        or machine.library.only_computes(f"{module}.{node.id}")
    ]
    if machine.library.has(f"builtins.{node.id}"):
        starred.append(named(machine, f"builtins.{node.id}"))
    return joined(starred) or ANYTHING


def _attribute_node(machine: Machine, node: ast.Attribute) -> Values:
    return machine.attribute(machine.evaluate(node.value), node.attr, node)


def _call(machine: Machine, node: ast.Call) -> Values:
    if isinstance(node.func, ast.Attribute):
        receiver = machine.evaluate(node.func.value)
        arguments = arguments_of(machine, node)
        return call_method(machine, receiver, node.func.attr, arguments, node)
    callee = machine.evaluate(node.func)
    return machine.call(callee, arguments_of(machine, node), node)


def arguments_of(machine: Machine, node: ast.Call) -> Arguments:
    """What stands in the brackets, stars unpacked."""
    positional: list[Values] = []
    named: dict[str, Values] = {}
    rest: Values | None = None
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            values = machine.evaluate(argument)
            if rest is None:
                positional.append(values)
            else:
                rest = few(rest | values)
            continue
        spread = machine.evaluate(argument.value)
        known = sequence_of(spread)
        if known is not None and rest is None:
            positional += known
        else:
            rest = few((rest or frozenset()) | elements_of(spread))
    for keyword in node.keywords:
        values = machine.evaluate(keyword.value)
        if keyword.arg is not None:
            named[keyword.arg] = values
            continue
        for atom in values:
            if isinstance(atom, Box) and not atom.open:
                named |= {str(key): value for key, value in atom.named.items()}
            else:
                rest = few((rest or frozenset()) | elements_of(one(atom)))
    return Arguments(tuple(positional), named, rest)


def _operation(machine: Machine, node: ast.BinOp) -> Values:
    left, right = machine.evaluate(node.left), machine.evaluate(node.right)
    return operation(machine, node.op, left, right, node)


def _any_of(machine: Machine, node: ast.BoolOp) -> Values:
    first, *others = node.values
    results = [machine.evaluate(first)]
    with machine.perhaps():
        results += [machine.evaluate(other) for other in others]
    return joined(results)


def _either(machine: Machine, node: ast.IfExp) -> Values:
    machine.evaluate(node.test)
    with machine.perhaps():
        return few(machine.evaluate(node.body) | machine.evaluate(node.orelse))


def _unary(machine: Machine, node: ast.UnaryOp) -> Values:
    values = machine.evaluate(node.operand)
    if len(values) == 1:
        (atom,) = values
        if isinstance(atom, Constant) and isinstance(atom.value, int | float):
            if isinstance(node.op, ast.USub):
                return constant(-atom.value)
            if isinstance(node.op, ast.Not):
                return constant(not atom.value)
    return DATA


def _compare(machine: Machine, node: ast.Compare) -> Values:
    left = machine.evaluate(node.left)
    rights = [machine.evaluate(other) for other in node.comparators]
    if len(rights) == 1:
        return folding.operation(node.ops[0], left, rights[0]) or DATA
    return DATA


def _format(machine: Machine, node: ast.JoinedStr) -> Values:
    return gaps.concatenated([machine.evaluate(part) for part in node.values])


def _formatted(machine: Machine, node: ast.FormattedValue) -> Values:
    values = machine.evaluate(node.value)
    if ENVIRONMENT in taints_of(values):
        machine.call(one(Named("builtins.str")), Arguments((values,)), node)
    if node.format_spec is not None:
        for spec in machine.evaluate(node.format_spec):
            watch_format(machine, text_of(spec), node)
        return one(Data(taints=taints_of(values)))
    if node.conversion not in {-1, ord("s")}:
        return one(Data(taints=taints_of(values)))
    return values


def _lambda(machine: Machine, node: ast.Lambda) -> Values:
    function = Function(node, machine.frame.scope)
    machine.functions.setdefault(id(node), function)
    return one(function)


def _named_expression(machine: Machine, node: ast.NamedExpr) -> Values:
    values = machine.evaluate(node.value)
    bind(machine, node.target, values)
    return values


def _yield(machine: Machine, node: ast.Yield | ast.YieldFrom) -> Values:
    values = machine.evaluate(node.value) if node.value is not None else constant(None)
    if isinstance(node, ast.YieldFrom):
        values = elements_of(values)
    machine.frame.yielded.append(values)
    return ANYTHING


def _await(machine: Machine, node: ast.Await) -> Values:
    return machine.evaluate(node.value)


def _starred(machine: Machine, node: ast.Starred) -> Values:
    return elements_of(machine.evaluate(node.value))


_EXPRESSIONS: Mapping[type[ast.AST], Callable[[Machine, Any], Values]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute_node,
    ast.Call: _call,
    ast.BinOp: _operation,
    ast.BoolOp: _any_of,
    ast.IfExp: _either,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.Subscript: subscript,
    ast.List: make_list,
    ast.Tuple: make_list,
    ast.Set: make_list,
    ast.Dict: make_dict,
    ast.ListComp: comprehend,
    ast.SetComp: comprehend,
    ast.GeneratorExp: comprehend,
    ast.DictComp: comprehend,
    ast.JoinedStr: _format,
    ast.FormattedValue: _formatted,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named_expression,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _await,
    ast.Starred: _starred,
}
