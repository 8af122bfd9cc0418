"""Calls: of functions and classes of the script, of methods, and of what libraries offer."""

import ast
from dataclasses import replace
from itertools import islice

from vigil.guard import places
from vigil.guard.python import folding
from vigil.guard.python.amounts import watch_format, watch_padding
from vigil.guard.python.boxes import PUT_IN, call_box
from vigil.guard.python.computing import FUNCTIONS
from vigil.guard.python.counting import watch_whole
from vigil.guard.python.functions import call_function, make_instance
from vigil.guard.python.handing import hand_over
from vigil.guard.python.libraries import call_library
from vigil.guard.python.machine import ENDLESS, Arguments, Machine
from vigil.guard.python.specials import SPECIALS
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    ENVIRONMENT,
    Anything,
    Atom,
    Bound,
    Box,
    Class,
    Constant,
    Data,
    Function,
    Instance,
    Named,
    Partial,
    Thing,
    Values,
    joined,
    one,
    taints_of,
)

_SHORT = 50
"""Parts of an expression."""
_GIVE_DATA = frozenset(
    {"capitalize", "casefold", "count", "decode", "encode", "endswith", "expandtabs", "find"}
    | {"format", "groupdict", "hex", "index", "isalnum", "isalpha", "isdigit", "islower", "isupper"}
    | {"isspace", "isnumeric", "isdecimal", "isidentifier", "join", "keys", "ljust", "lower"}
    | {"lstrip", "partition", "removeprefix", "removesuffix", "rfind", "rjust", "rpartition"}
    | {"rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title"}
    | {"translate", "upper", "zfill", "isoformat", "strftime", "timestamp", "hexdigest", "digest"}
    | {"total_seconds", "as_integer_ratio", "bit_length", "is_integer", "center", "format_map"}
)
"""Methods of text and numbers that no object with an effect has under the same name."""
_GIVE_WHAT_IS_HELD = frozenset(
    {"get", "pop", "popitem", "popleft", "items", "values", "setdefault", "copy", "most_common"}
    | {"group", "groups"}
)
_OF_DATA = _GIVE_DATA | _GIVE_WHAT_IS_HELD | PUT_IN
_OF_DATA |= {"remove", "clear", "sort", "reverse", "discard", "replace", "rotate", "subtract"}
_OF_DATA |= {"union", "difference", "intersection", "issubset", "issuperset", "elements"}
_TAKES_NAMES = frozenset(
    {"builtins.dict", "builtins.iter", "builtins.len", "builtins.list", "builtins.sorted"}
)
"""They take the names of its variables, or hand it on as the environment of a process."""
_SHOWS = frozenset(
    {"builtins.print", "builtins.repr", "builtins.str", "json.dump", "json.dumps", "pprint.pprint"}
)
_READ_ALL = frozenset({"read", "readall", "readlines", "readline"})
_GROW = frozenset({"append", "add", "insert", "extend", "update", "appendleft", "setdefault"})


def call(machine: Machine, callee: Values, arguments: Arguments, node: ast.AST) -> Values:
    """Whatever this may be, called."""
    machine.spend()
    if not callee:
        return call_atom(machine, Anything(), arguments, node)
    machine.enter()
    try:
        return joined(call_atom(machine, atom, arguments, node) for atom in callee)
    finally:
        machine.leave()


def call_atom(machine: Machine, atom: Atom, arguments: Arguments, node: ast.AST) -> Values:
    """One thing, called."""
    match atom:
        case Named(name=name):
            given = _call_named(machine, name, arguments, node)
        case Bound(receiver=receiver, name=name):
            given = _call_bound(machine, receiver, name, arguments, node)
        case Function():
            given = call_function(machine, atom, arguments)
        case Class():
            given = make_instance(machine, atom, arguments, node)
        case Instance():
            method = machine.attribute(one(atom), "__call__", node)
            given = machine.call(method, arguments, node)
        case Partial(function=function):
            given = machine.call(function, _completed(atom, arguments), node)
        case Constant() | Box():
            # Calling it is an error, so nothing that comes after it is run.
            given = ANYTHING
        case Thing(type=name):
            given = _call_named(machine, f"{name}.__call__", arguments, node)
        case _:
            for argument in arguments.every():
                hand_over(machine, argument, node)
            machine.unknown(node, f"nobody can say what is called: {_source(node)}")
            given = ANYTHING
    return given


def _is_environment(values: Values) -> bool:
    """Whether this is the whole environment, as text or to be gone through."""
    return any(isinstance(a, Named) and a.name in {"os.environ", "os.environb"} for a in values)


def _completed(partial: Partial, arguments: Arguments) -> Arguments:
    return Arguments(
        (*partial.positional, *arguments.positional),
        {**dict(partial.named), **arguments.named},
        arguments.rest,
    )


def call_method(
    machine: Machine, receiver: Values, name: str, arguments: Arguments, node: ast.Call
) -> Values:
    """``receiver.name(...)``."""
    callee = machine.attribute(receiver, name, node.func)
    return machine.call(callee, arguments, node)


def _call_named(machine: Machine, name: str, arguments: Arguments, node: ast.AST) -> Values:
    whole = any(map(_is_environment, arguments.positional)) and name not in _TAKES_NAMES
    told = any(ENVIRONMENT in taints_of(values) for values in arguments.positional)
    if whole or (told and name in _SHOWS):
        call_library(machine, "os.environ.items", Arguments(), node)
    watch_whole(machine, name, arguments, node)
    special = SPECIALS.get(name)
    if special is not None:
        return special(machine, arguments, node)
    if name in FUNCTIONS and arguments.rest is None and not arguments.named:
        machine.weigh(arguments.positional)
        known = folding.apply(name, arguments.positional)
        if known is not None:
            return known
    owner, _, method = name.rpartition(".")
    if owner in {"builtins.str", "builtins.bytes"} and arguments.positional:
        first, *others = arguments.positional
        return (
            joined(
                _call_bound(machine, atom, method, Arguments(tuple(others)), node)
                for atom in first
                if isinstance(atom, Constant | Data | Box)
            )
            or DATA
        )
    return call_library(machine, name, arguments, node)


def _call_bound(
    machine: Machine, receiver: object, name: str, arguments: Arguments, node: ast.AST
) -> Values:
    if machine.times == ENDLESS and name in _GROW and isinstance(receiver, Box | Data):
        machine.exhaust(node, "fills memory in a loop without end")
    watch_whole(machine, name, arguments, node)
    if name == "extend" and any(receiver in values for values in arguments.positional):
        machine.exhaust(node, "fills memory with a list that is put behind itself")
    match receiver:
        case Thing(type=owner):
            if name in _READ_ALL and places.endless(receiver.text):
                _watch_reading(machine, arguments, node)
            longer = machine.library.canonical(f"{owner}.{name}")
            special = SPECIALS.get(longer)
            if special is not None:
                given = (one(receiver), *arguments.positional)
                return special(machine, replace(arguments, positional=given), node)
            return call_library(machine, longer, arguments, node, one(receiver))
        case Constant():
            return _call_constant(machine, receiver, name, arguments, node)
        case Box():
            return call_box(machine, receiver, name, arguments, node)
        case Data(taints=taints):
            return _call_data(machine, taints, name, arguments, node)
        case _:
            return _call_anything(machine, name, arguments, node)


def _watch_reading(machine: Machine, arguments: Arguments, node: ast.AST) -> None:
    """``read()`` of what never ends, and ``read(10**12)`` of it."""
    sizes = [a.value for a in arguments.first() if isinstance(a, Constant)]
    if not arguments.positional:
        machine.exhaust(node, "reads into memory what never ends")
    for size in sizes:
        machine.allocate(size if isinstance(size, int) else 0, node)


def _call_constant(
    machine: Machine, receiver: Constant, name: str, arguments: Arguments, node: ast.AST
) -> Values:
    if receiver.value is None:
        return ANYTHING
    watch_padding(machine, name, arguments, node)
    if name == "format" and isinstance(receiver.value, str):
        watch_format(machine, receiver.value, node)
    if arguments.rest is None and not arguments.named:
        machine.weigh((one(receiver), *arguments.positional))
        known = folding.method(receiver, name, arguments.positional)
        if known is not None:
            return known
    taints = frozenset(t for values in arguments.every() for t in taints_of(values))
    return _call_data(machine, taints, name, arguments, node)


def _call_data(
    machine: Machine, taints: frozenset[str], name: str, arguments: Arguments, node: ast.AST
) -> Values:
    for argument in arguments.every():
        hand_over(machine, argument, node)
    if name not in _OF_DATA and machine.library.harmful(name):
        machine.unknown(node, f"nobody can say what '.{name}()' belongs to: {_source(node)}")
        return ANYTHING
    return one(Data(taints=taints))


def _call_anything(machine: Machine, name: str, arguments: Arguments, node: ast.AST) -> Values:
    if name in _GIVE_DATA:
        return DATA
    if name in _OF_DATA and not machine.library.harmful(name):
        return ANYTHING
    for argument in arguments.every():
        hand_over(machine, argument, node)
    machine.unknown(node, f"nobody can say what '.{name}()' belongs to: {_source(node)}")
    return ANYTHING


def _source(node: ast.AST) -> str:
    """The beginning of it, to show; of long expressions nothing, which cost too much to print."""
    short = sum(1 for _ in islice(ast.walk(node), _SHORT)) < _SHORT
    return ast.unparse(node)[:60] if short and isinstance(node, ast.expr) else "..."
