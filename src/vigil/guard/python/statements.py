"""Statements: followed in order, each branch taken."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from vigil.guard import places
from vigil.guard.python.binding import bind, elements_of, sequence_of
from vigil.guard.python.containers import length_of
from vigil.guard.python.counting import MOST_TURNS
from vigil.guard.python.functions import define_class, define_function, evaluate_annotation
from vigil.guard.python.machine import ENDLESS, Arguments, Machine
from vigil.guard.python.operators import operation
from vigil.guard.python.specials import import_module
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    Box,
    Constant,
    Instance,
    Named,
    Thing,
    Values,
    few,
    is_inert,
    loosened,
    one,
    shape,
)

_PASSES = 4
"""Times that a loop is followed until what its names may be no longer changes."""
_LEAVES = ast.Break | ast.Continue | ast.Return | ast.Yield | ast.YieldFrom


def execute(machine: Machine, statements: Sequence[ast.stmt]) -> None:
    """Follow statements in order."""
    for statement in statements:
        machine.spend()
        follow = _STATEMENTS.get(type(statement))
        if follow is not None:
            machine.enter()
            try:
                follow(machine, statement)
            finally:
                machine.leave()


def _expression(machine: Machine, node: ast.Expr) -> None:
    machine.evaluate(node.value)


def _assign(machine: Machine, node: ast.Assign) -> None:
    values = machine.evaluate(node.value)
    for target in node.targets:
        bind(machine, target, values)


def _annotated(machine: Machine, node: ast.AnnAssign) -> None:
    evaluate_annotation(machine, node.annotation)
    if node.value is not None:
        bind(machine, node.target, machine.evaluate(node.value))


def _augmented(machine: Machine, node: ast.AugAssign) -> None:
    before = machine.evaluate(_as_read(node.target))
    values = operation(machine, node.op, before, machine.evaluate(node.value), node)
    if machine.times == ENDLESS and not is_inert(values, depth=0):
        machine.exhaust(node, "fills memory in a loop without end")
    for atom in before:
        if isinstance(atom, Box):
            # The list itself grows, under whatever name it is known.
            atom.put(elements_of(values))
            atom.blur()
    bind(machine, node.target, values)


def _as_read(node: ast.expr) -> ast.expr:
    match node:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        case _:
            return node


def _delete(machine: Machine, node: ast.Delete) -> None:
    for target in node.targets:
        match target:
            case ast.Name(id=name) if machine.library.has(f"builtins.{name}"):
                known = machine.look_up(name) or frozenset()
                machine.assign(name, few(known | one(Named(f"builtins.{name}"))))
            case ast.Subscript(value=owner):
                for atom in machine.evaluate(owner):
                    if isinstance(atom, Box):
                        atom.blur()
            case _:
                pass


def _return(machine: Machine, node: ast.Return) -> None:
    if node.value is not None:
        machine.frame.returned.append(machine.evaluate(node.value))


def _raise(machine: Machine, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            machine.evaluate(part)


def _assert(machine: Machine, node: ast.Assert) -> None:
    machine.evaluate(node.test)


def _if(machine: Machine, node: ast.If) -> None:
    machine.evaluate(node.test)
    with machine.perhaps():
        machine.execute(node.body)
        machine.execute(node.orelse)


def _for(machine: Machine, node: ast.For | ast.AsyncFor) -> None:
    source = machine.evaluate(node.iter)
    for atom in source:
        if isinstance(atom, Instance):
            for hook in ("__iter__", "__next__"):
                machine.call(machine.attribute(one(atom), hook, node), Arguments(), node)
    known = sequence_of(source)
    if known is not None and not any(_leaving(node.body)) and machine.unrolls(len(known)):
        with machine.unrolled(len(known)):
            for element in known:
                machine.spend()
                bind(machine, node.target, element)
                machine.execute(node.body)
    else:
        element = elements_of(source)

        def once() -> None:
            bind(machine, node.target, element)
            machine.execute(node.body)

        length = length_of(source)
        leaves = any(_ending(node.body)) or any(_waiting(node.body))
        if any(isinstance(a, Thing) and places.endless(a.text) for a in source) and not leaves:
            machine.exhaust(node, "reads what never ends")
        if MOST_TURNS < length < ENDLESS or (length == ENDLESS and not leaves):
            machine.exhaust(node, "goes round more often than a remedy needs")
        _repeat(machine, once, length)
    with machine.perhaps():
        machine.execute(node.orelse)


def _while(machine: Machine, node: ast.While) -> None:
    verdict = machine.evaluate(node.test)
    always = all(isinstance(a, Constant) and a.value for a in verdict)
    endless = always and not any(_ending(node.body))
    constant = not any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(node.test))
    if endless and constant and not any(_waiting(node.body)):
        machine.exhaust(node, "goes round without an end, and never waits")

    def once() -> None:
        machine.evaluate(node.test)
        machine.execute(node.body)

    _repeat(machine, once, ENDLESS if endless else 1)
    with machine.perhaps():
        machine.execute(node.orelse)


def _repeat(machine: Machine, once: Callable[[], None], times: float) -> None:
    """Follow a body until nothing new can come of it; what still changes may be anything."""
    names = machine.frame.scope.names
    with machine.perhaps(times):
        for turn in range(_PASSES):
            allocated = machine.allocated
            before = {name: shape(values) for name, values in names.items()}
            machine.spend(1 + len(before) // 2)
            once()
            if turn:
                machine.allocated = allocated
            changed = [n for n, values in names.items() if before.get(n) != shape(values)]
            if turn and not changed:
                return
            for name in changed if turn else ():
                names[name] = few(loosened(names[name])) if turn == 1 else ANYTHING
        once()


def _leaving(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """What may end one turn of a loop early."""
    return (n for statement in body for n in ast.walk(statement) if isinstance(n, _LEAVES))


def _ending(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """What may end a loop."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Break() | ast.Return() | ast.Raise():
                    yield node
                case ast.Name(id="exit" | "quit") | ast.Attribute(attr="exit" | "_exit" | "abort"):
                    yield node
                case _:
                    pass


_WAITS = frozenset(
    {"accept", "call", "check_call", "check_output", "communicate", "get", "input", "join", "next"}
    | {"pause", "poll", "read", "readline", "receive", "recv", "recvfrom", "request", "run"}
    | {"select", "sleep", "system", "urlopen", "wait"}
)
"""Calls that take their time, by the last part of their names."""


def _waiting(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """What keeps a loop from taking all of a processor."""
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Await() | ast.Yield() | ast.YieldFrom():
                    yield node
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _WAITS:
                    yield node
                case _:
                    pass


def _try(machine: Machine, node: ast.Try | ast.TryStar) -> None:
    with machine.perhaps():
        machine.execute(node.body)
        for handler in node.handlers:
            if handler.type is not None:
                machine.evaluate(handler.type)
            if handler.name is not None:
                machine.assign(handler.name, DATA)
            machine.execute(handler.body)
        machine.execute(node.orelse)
    machine.execute(node.finalbody)


def _with(machine: Machine, node: ast.With | ast.AsyncWith) -> None:
    for item in node.items:
        values = machine.evaluate(item.context_expr)
        entered: list[Values] = []
        for atom in values:
            if isinstance(atom, Instance):
                for hook in ("__enter__", "__exit__", "__aenter__", "__aexit__"):
                    if machine.attribute(one(atom), hook, node) != ANYTHING:
                        method = machine.attribute(one(atom), hook, node)
                        entered.append(
                            machine.call(
                                method, Arguments((DATA,) * 3 if "exit" in hook else ()), node
                            )
                        )
            elif isinstance(atom, Box):
                # A generator that became a context: what it yields is what one gets.
                entered.append(elements_of(one(atom)))
            else:
                entered.append(one(atom))
        if item.optional_vars is not None:
            bind(machine, item.optional_vars, few(frozenset(a for e in entered for a in e)) or DATA)
    machine.execute(node.body)


def _match(machine: Machine, node: ast.Match) -> None:
    subject = machine.evaluate(node.subject)
    parts = few(subject | elements_of(subject))
    with machine.perhaps():
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchAs | ast.MatchStar) and pattern.name is not None:
                    machine.assign(pattern.name, parts)
                elif isinstance(pattern, ast.MatchMapping) and pattern.rest is not None:
                    machine.assign(pattern.rest, parts)
            if case.guard is not None:
                machine.evaluate(case.guard)
            machine.execute(case.body)


def _import(machine: Machine, node: ast.Import) -> None:
    for alias in node.names:
        module = import_module(machine, alias.name, node)
        if alias.asname is not None:
            machine.assign(alias.asname, module)
        else:
            top = alias.name.partition(".")[0]
            machine.assign(top, one(Named(machine.library.canonical(top))))


def _import_from(machine: Machine, node: ast.ImportFrom) -> None:
    if node.level or node.module is None:
        machine.unknown(node, "imports a module of its own folder")
    module = node.module or "."
    if not node.level:
        import_module(machine, module, node)
    for alias in node.names:
        if alias.name == "*":
            machine.starred.add(machine.library.canonical(module))
            continue
        name = machine.library.canonical(f"{module}.{alias.name}")
        found = (
            machine.attribute(one(Named(module)), alias.name, node) if not node.level else ANYTHING
        )
        machine.assign(alias.asname or alias.name, found or one(Named(name)))


def _function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    frame = machine.frame
    of = frame.of if frame.of is not None and frame.scope is frame.of.scope else None
    define_function(machine, node, of)


def _class(machine: Machine, node: ast.ClassDef) -> None:
    define_class(machine, node)


_STATEMENTS: Mapping[type[ast.AST], Callable[[Machine, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Match: _match,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
}
