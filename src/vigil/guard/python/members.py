"""``values.name``: what is behind a dot."""

import ast
from collections.abc import Iterator, Mapping

from vigil.guard.python.machine import Arguments, Machine
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    Anything,
    Bound,
    Box,
    Class,
    Constant,
    Data,
    Function,
    Instance,
    Named,
    Super,
    Thing,
    Values,
    constant,
    joined,
    one,
    taints_of,
)

_NAMES_OF_THINGS = frozenset(
    {"__name__", "__doc__", "__file__", "__qualname__", "__version__", "__module__", "__class__"}
)
_CONSTANTS: Mapping[str, str] = {
    "os.sep": "/",
    "os.path.sep": "/",
    "os.linesep": "\n",
    "os.devnull": "/dev/null",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.name": "posix",
    "sys.executable": "python3",
    "string.ascii_lowercase": "abcdefghijklmnopqrstuvwxyz",
    "string.ascii_uppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.ascii_letters": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "string.digits": "0123456789",
}


def attribute(machine: Machine, values: Values, name: str, node: ast.AST) -> Values:
    """``values.name``."""
    return joined(_behind(machine, atom, name, node) for atom in values)


def _behind(machine: Machine, atom: object, name: str, node: ast.AST) -> Values:
    dunder = name.startswith("__") and name.endswith("__")
    match atom:
        case Instance() | Class() | Super():
            found = _member(machine, atom, name, node)
        case Function() if name in {"setter", "getter", "deleter"}:
            found = one(Named("builtins.property"))
        case Named(name=owner) if dunder and machine.library.has(f"{owner}.{name}"):
            found = named(machine, f"{owner}.{name}")
        case _ if dunder:
            found = DATA if name in _NAMES_OF_THINGS else ANYTHING
        case Named(name=owner):
            found = named(machine, f"{owner}.{name}")
        case Thing(text=text, taints=taints) if name in {"name", "path"} and text.endswith("/**"):
            # Of an entry of a folder.
            found = one(Data(text, taints))
        case Thing(type=owner, text=text, taints=taints):
            longer = f"{owner}.{name}"
            inner = machine.library.call(longer) is None and machine.library.has(longer)
            found = one(Thing(longer, text, taints) if inner else Bound(atom, name))
        case Bound(receiver=receiver):
            found = one(Bound(Data(taints=taints_of(one(receiver))), name))
        case Constant() | Data() | Box() | Anything():
            found = one(Bound(atom, name))
        case _:
            found = ANYTHING
    return found


def named(machine: Machine, name: str) -> Values:
    """Something of a library, by its full name."""
    name = machine.library.canonical(name)
    if name in _CONSTANTS:
        return constant(_CONSTANTS[name])
    if name.startswith("signal.SIG"):
        return constant(name.removeprefix("signal.SIG"))
    return one(Named(name))


def _member(machine: Machine, atom: Instance | Class | Super, name: str, node: ast.AST) -> Values:
    """Of an object of the script: its own, then that of its classes."""
    of = atom if isinstance(atom, Class) else atom.of
    found: list[Values] = []
    for cls in _ancestors(of, skip_first=isinstance(atom, Super)):
        if isinstance(cls, Class):
            here = cls.scope.names.get(name)
            if here is not None:
                found.append(_bound(machine, here, atom, of, node))
                # What was set on an object may have been set in any of the classes.
                break
        elif cls.name != "builtins.object":
            longer = machine.library.canonical(f"{cls.name}.{name}")
            if machine.library.call(longer) or machine.library.has(longer):
                found.append(one(Bound(Thing(cls.name), name)))
    if found:
        return joined(found)
    if name in _NAMES_OF_THINGS:
        return one(of) if name == "__class__" else DATA
    if name == "__init__":
        return one(Named("builtins.object"))
    return ANYTHING


def _ancestors(of: Class, *, skip_first: bool) -> Iterator[Class | Named]:
    pending: list[Class | Named] = [] if skip_first else [of]
    if skip_first:
        pending += _bases(of)
    seen: set[object] = set()
    while pending:
        cls = pending.pop(0)
        if cls in seen:
            continue
        seen.add(cls)
        yield cls
        if isinstance(cls, Class):
            pending += _bases(cls)


def _bases(of: Class) -> list[Class | Named]:
    return [atom for base in of.bases for atom in base if isinstance(atom, Class | Named)]


def _bound(
    machine: Machine, values: Values, atom: Instance | Class | Super, of: Class, node: ast.AST
) -> Values:
    receiver = Instance(of) if not isinstance(atom, Class) else None
    results: list[Values] = []
    for value in values:
        if not isinstance(value, Function) or isinstance(value.node, ast.Lambda):
            results.append(one(value))
            continue
        decorators = {_last_name(d) for d in value.node.decorator_list}
        if "staticmethod" in decorators:
            results.append(one(value))
        elif "classmethod" in decorators:
            results.append(one(Function(value.node, value.scope, of)))
        elif decorators & {"property", "cached_property", "setter"} and receiver is not None:
            results.append(
                machine.call(one(Function(value.node, value.scope, receiver)), Arguments(), node)
            )
        else:
            results.append(one(Function(value.node, value.scope, receiver)))
    return joined(results)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _last_name(function)
        case _:
            return ""
