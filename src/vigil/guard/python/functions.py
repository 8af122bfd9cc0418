"""Functions and classes of the script: called with what they are given, as often as they are."""

import ast
from collections.abc import Iterator

from vigil.guard.python.handing import called_by_the_language
from vigil.guard.python.machine import UNKNOWN_ARGUMENTS, Arguments, Frame, Machine, TooMuch
from vigil.guard.python.values import (
    ANYTHING,
    NONE,
    Box,
    Class,
    Function,
    Instance,
    Named,
    Plain,
    Scope,
    Values,
    few,
    joined,
    one,
)

_TWICE = 2
"""A function inside itself is followed so many times; what more it gives back may be anything."""

_HOLDS_STATEMENTS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Of statements and what stands in them; expressions hold none."""


def call_function(machine: Machine, function: Function, arguments: Arguments) -> Values:
    """Follow the body with these arguments."""
    body = function.node
    key = id(body)
    machine.followed.add(key)
    if machine.active.count(key) >= _TWICE:
        return ANYTHING
    scope = Scope(outer=function.scope)
    if key not in machine.shared:
        machine.shared[key] = _shared(body)
    frame = Frame(scope, machine.shared[key], of=_class_of(function))
    machine.frames.append(frame)
    machine.active.append(key)
    try:
        _bind_parameters(machine, function, arguments)
        if isinstance(body, ast.Lambda):
            return machine.evaluate(body.body)
        machine.execute(body.body)
    finally:
        machine.active.pop()
        machine.frames.pop()
    if frame.yielded:
        return one(Box(kind="list", held=joined(frame.yielded), open=True))
    return few(joined(frame.returned) or NONE)


def _class_of(function: Function) -> Class | None:
    receiver = function.receiver
    return receiver.of if isinstance(receiver, Instance) else receiver


def _shared(node: ast.AST) -> frozenset[str]:
    if isinstance(node, ast.Lambda):
        return frozenset()
    names: list[str] = []
    waiting = [node]
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.Global | ast.Nonlocal):
            names += statement.names
        for field in _HOLDS_STATEMENTS:
            waiting += getattr(statement, field, ())
    return frozenset(names)


def _bind_parameters(machine: Machine, function: Function, arguments: Arguments) -> None:
    given = function.node.args
    parameters = [*given.posonlyargs, *given.args]
    positional = list(arguments.positional)
    if function.receiver is not None:
        positional.insert(0, one(function.receiver))
    defaults = [None] * (len(parameters) - len(given.defaults)) + list(given.defaults)
    named = dict(arguments.named)
    for place, (parameter, default) in enumerate(zip(parameters, defaults, strict=True)):
        values = positional[place] if place < len(positional) else named.pop(parameter.arg, None)
        machine.assign(parameter.arg, _or_default(machine, values, default, arguments.rest))
    for parameter, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        values = named.pop(parameter.arg, None)
        machine.assign(parameter.arg, _or_default(machine, values, default, arguments.rest))
    if given.vararg is not None:
        extra = positional[len(parameters) :]
        held = few(joined(extra) | (arguments.rest or frozenset()))
        box = Box("tuple", extra, held=held, open=arguments.rest is not None)
        machine.assign(given.vararg.arg, one(box))
    if given.kwarg is not None:
        held = few(joined(named.values()) | (arguments.rest or frozenset()))
        by_name: dict[Plain, Values] = dict(named.items())
        box = Box("dict", named=by_name, held=held, open=arguments.rest is not None)
        machine.assign(given.kwarg.arg, one(box))


def _or_default(
    machine: Machine, values: Values | None, default: ast.expr | None, rest: Values | None
) -> Values:
    if values is not None:
        return values
    usual = machine.evaluate(default) if default is not None else frozenset()
    if rest is not None or not usual:
        return few(usual | (rest or ANYTHING))
    return usual


def make_instance(machine: Machine, cls: Class, arguments: Arguments, node: ast.AST) -> Values:
    """An object of a class of the script: its ``__init__`` is followed."""
    made = one(Instance(cls))
    for atom in joined(cls.bases):
        if isinstance(atom, Named) and not _is_known(machine, atom.name):
            machine.unknown(node, f"nobody knows what a '{atom.name}' does")
    for hook in ("__new__", "__init__", "__post_init__"):
        if hook == "__init__" or hook in cls.scope.names:
            method = machine.attribute(made, hook, node)
            given = Arguments() if hook == "__post_init__" else arguments
            if hook == "__new__":
                given = Arguments(
                    (one(cls), *arguments.positional), arguments.named, arguments.rest
                )
                method = cls.scope.names[hook]
            machine.call(method, given, node)
    if "__init__" not in cls.scope.names:
        _hold(cls, arguments)
    return made


def _is_known(machine: Machine, name: str) -> bool:
    return machine.library.call(name) is not None or machine.library.only_computes(name)


def _hold(cls: Class, arguments: Arguments) -> None:
    """Fields of a dataclass or a named tuple: any of them may hold any of what it is given."""
    for name, values in arguments.named.items():
        cls.scope.names[name] = few(cls.scope.names.get(name, frozenset()) | values)


def follow_the_rest(machine: Machine) -> None:
    """Functions that the script itself never calls: somebody else may, with anything."""
    for _ in range(3):
        waiting = [f for key, f in machine.functions.items() if key not in machine.followed]
        if not waiting:
            return
        for function in waiting:
            with machine.perhaps():
                call_function(machine, function, UNKNOWN_ARGUMENTS)
    raise TooMuch


def define_function(
    machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, of: Class | None
) -> None:
    """A ``def``: its decorators are followed, its body when it is called."""
    function = Function(node, machine.frame.scope if of is None else _around(machine))
    receiver = None if of is None or _is_static(node) else Instance(of)
    machine.functions[id(node)] = Function(node, function.scope, receiver)
    for annotation in _annotations(node):
        evaluate_annotation(machine, annotation)
    values = one(function)
    for decorator in reversed(node.decorator_list):
        values = _decorated(machine, values, decorator)
    machine.assign(node.name, values)


def evaluate_annotation(machine: Machine, annotation: ast.expr | None) -> None:
    """Annotations are evaluated too; those that call nothing say nothing."""
    if annotation is not None and any(isinstance(n, ast.Call) for n in ast.walk(annotation)):
        machine.evaluate(annotation)


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr | None]:
    given = node.args
    for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if argument is not None:
            yield argument.annotation
    yield node.returns


_KEEP = frozenset({"builtins.staticmethod", "builtins.classmethod", "builtins.property"})


def _decorated(machine: Machine, values: Values, decorator: ast.expr) -> Values:
    """What a decorator makes of a function or class; those of pure modules leave it as it is."""
    factory = decorator.func if isinstance(decorator, ast.Call) else decorator
    meaning = machine.evaluate(factory)
    if meaning and all(
        isinstance(a, Named) and (a.name in _KEEP or machine.library.only_computes(a.name))
        for a in meaning
    ):
        return values
    if factory is not decorator:
        meaning = machine.evaluate(decorator)
    return few(values | machine.call(meaning, Arguments((values,)), decorator))


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)


def _around(machine: Machine) -> Scope:
    """Methods do not see the names of their class."""
    return machine.frame.scope.outer or machine.module


def define_class(machine: Machine, node: ast.ClassDef) -> None:
    """A ``class``: its body is followed now."""
    bases = tuple(machine.evaluate(base) for base in node.bases)
    for keyword in node.keywords:
        machine.evaluate(keyword.value)
    scope = Scope(outer=machine.frame.scope)
    cls = Class(node.name, scope, bases)
    machine.frames.append(Frame(scope, of=cls, uncertain=machine.frame.uncertain))
    try:
        machine.execute(node.body)
    finally:
        machine.frames.pop()
    for name, held in tuple(scope.names.items()):
        called_by_the_language(machine, name, held, node)
    values = one(cls)
    for decorator in reversed(node.decorator_list):
        values = _decorated(machine, values, decorator)
    machine.assign(node.name, values)
