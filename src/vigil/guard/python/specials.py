"""Calls whose meaning is part of the language: they need more than a line of data."""

import ast
from collections.abc import Mapping

from vigil.guard.findings import Mark
from vigil.guard.program import UNRESOLVED
from vigil.guard.python import folding, gaps
from vigil.guard.python.binding import sequence_of
from vigil.guard.python.counting import GROWING
from vigil.guard.python.gathering import (
    Special,
    arranged,
    chosen,
    collected,
    dictionary,
    endless,
    filtered,
    gone_through,
    mapped,
    named_tuple,
    next_one,
    ranged,
    raw_bytes,
)
from vigil.guard.python.handing import hand_over
from vigil.guard.python.machine import MOST_STARTED, UNKNOWN_ARGUMENTS, Arguments, Machine
from vigil.guard.python.opening import FILE, open_file, open_path, opener
from vigil.guard.python.patterns import EXPRESSIONS
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    NONE,
    Anything,
    Constant,
    Data,
    Instance,
    Named,
    Partial,
    Super,
    Thing,
    Values,
    constant,
    few,
    is_inert,
    joined,
    one,
    taints_of,
    text_of,
    texts_of,
)

_FROM_LIST = 3
"""The place of this argument of ``__import__``."""


def _run_python(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``exec``, ``eval``: known text is followed here, with the names of here."""
    code = arguments.first()
    results: list[Values] = []
    for atom in code:
        text = atom.value if isinstance(atom, Constant) else None
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if isinstance(text, str):
            results.append(machine.run_code(text, node))
        elif isinstance(atom, Thing) and atom.type == "builtins.code":
            results.append(machine.run_code(atom.text, node))
        else:
            fetched = "network" in taints_of(one(atom))
            marks = frozenset({Mark.RUNS_DOWNLOAD}) if fetched else frozenset()
            machine.unknown(node, "runs Python that only a run could tell", marks)
            results.append(ANYTHING)
    return joined(results)


def _timed(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``timeit`` runs texts, or calls what it is given."""
    for values in (arguments.at(0, "stmt"), arguments.at(1, "setup")):
        hand_over(machine, values, node)
        if values != NONE and is_inert(values):
            _run_python(machine, Arguments((values,)), node)
    return DATA


def _compile(_: Machine, arguments: Arguments, __: ast.AST) -> Values:
    return few(
        frozenset(
            Thing("builtins.code", text_of(a))
            if isinstance(a, Constant)
            else Data(taints=taints_of(one(a)))
            for a in arguments.first()
        )
    )


def _import(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    found: list[Values] = []
    for atom in arguments.first():
        name = text_of(atom)
        if not isinstance(atom, Constant) or not isinstance(atom.value, str):
            machine.unknown(node, "imports a module that only a run could tell")
            found.append(ANYTHING)
        else:
            found.append(import_module(machine, name, node))
    return joined(found)


def import_module(machine: Machine, name: str, node: ast.AST) -> Values:
    """What a module is called by the rules; importing one that nobody knows may do anything."""
    full = machine.library.canonical(name)
    if not (machine.library.has(full) or machine.library.is_module(full)):
        machine.unknown(node, f"nobody knows the module '{name[:100]}'")
    return one(Named(full))


def _import_top(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``__import__('os.path')`` is ``os``."""
    _import(machine, arguments, node)
    listed = arguments.at(_FROM_LIST, "fromlist") != NONE
    names = [text_of(a) for a in arguments.first()]
    return joined(
        one(Named(machine.library.canonical(name if listed else name.partition(".")[0])))
        for name in names
    )


def _getattr(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    found: list[Values] = []
    for atom in arguments.at(1):
        if isinstance(atom, Constant) and isinstance(atom.value, str):
            found.append(machine.attribute(arguments.first(), atom.value, node))
        else:
            inert = is_inert(arguments.first())
            found.append(DATA if inert else ANYTHING)
    found.append(arguments.at(2) - NONE)
    return joined(found)


def _setattr(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    for owner in arguments.first():
        if isinstance(owner, Instance):
            for name in texts_of(arguments.at(1)):
                before = owner.of.scope.names.get(name, frozenset())
                owner.of.scope.names[name] = few(before | arguments.at(2))
        elif not isinstance(owner, Data):
            machine.unknown(node, "sets an attribute that cannot be followed")
    hand_over(machine, arguments.at(2), node)
    return constant(None)


def _names(_: Machine, arguments: Arguments, __: ast.AST) -> Values:
    """``globals()`` and its like: everything by its name."""
    return DATA if arguments.positional else one(Named("builtins.namespace"))


def _partial(_: Machine, arguments: Arguments, __: ast.AST) -> Values:
    if arguments.rest is not None:
        return ANYTHING
    function, *given = arguments.positional or (ANYTHING,)
    return one(Partial(function, tuple(given), tuple(arguments.named.items())))


def _super(machine: Machine, arguments: Arguments, _: ast.AST) -> Values:
    del arguments
    of = next((frame.of for frame in reversed(machine.frames) if frame.of is not None), None)
    return one(Super(of)) if of is not None else ANYTHING


def _type(_: Machine, arguments: Arguments, __: ast.AST) -> Values:
    if len(arguments.positional) > 1:
        return ANYTHING
    return few(frozenset(a.of if isinstance(a, Instance) else Data() for a in arguments.first()))


def _same(_: Machine, arguments: Arguments, __: ast.AST) -> Values:
    return arguments.first()


def _path(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    joined_path = _join_path(machine, arguments, node)
    return few(frozenset(Thing("pathlib.Path", text_of(a), taints_of(one(a))) for a in joined_path))


def _home(_: Machine, __: Arguments, ___: ast.AST) -> Values:
    return one(Thing("pathlib.Path", "~"))


def _join_path(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    del machine, node
    texts = tuple(
        frozenset(Data(t) if UNRESOLVED in t else Constant(t) for t in texts_of(values))
        for values in arguments.positional
    )
    if arguments.rest is None:
        known = folding.apply("os.path.join", texts or (constant("."),))
        if known is not None:
            return known
    parts: list[Values] = []
    for text in texts:
        parts += [constant("/"), text]
    return gaps.concatenated(parts[1:]) if arguments.rest is None else DATA


def _print(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    del machine, arguments, node
    return constant(None)


def _thread(name: str) -> Special:
    def begun(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
        function = arguments.named.get("target") or arguments.named.get("function")
        given = arguments.named.get("args")
        place = 0 if name.endswith("Timer") else 1
        if function is None and len(arguments.positional) > 1:
            function = arguments.at(1)
            given = given or arguments.at(3 - (not place))
        if function is not None:
            known = sequence_of(given) if given is not None else []
            passed = Arguments(tuple(known)) if known is not None else UNKNOWN_ARGUMENTS
            with machine.perhaps():
                machine.call(function, passed, node)
        if machine.times > MOST_STARTED:
            machine.exhaust(node, "begins more processes or threads than a remedy needs")
        return one(Thing(name))

    return begun


def _map_elsewhere(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    return mapped(machine, Arguments(arguments.positional[1:]), node)


def _submit(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    _, function, *given = (*arguments.positional, ANYTHING)
    with machine.perhaps():
        machine.call(function, Arguments(tuple(given), arguments.named, arguments.rest), node)
    return one(Data())


def _unpickled(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    fetched = "network" in frozenset(t for v in arguments.every() for t in taints_of(v))
    marks = frozenset({Mark.RUNS_DOWNLOAD}) if fetched else frozenset()
    machine.unknown(node, "unpacks objects; what is packed in them may run anything", marks)
    return one(Anything())


SPECIALS: Mapping[str, Special] = {
    "builtins.open": open_file,
    "pathlib.Path.open": open_path,
    "pathlib.Path.home": _home,
    "gzip.open": opener(FILE, "filename"),
    "gzip.GzipFile": opener(FILE, "filename"),
    "bz2.open": opener(FILE, "filename"),
    "bz2.BZ2File": opener(FILE, "filename"),
    "lzma.open": opener(FILE, "filename"),
    "lzma.LZMAFile": opener(FILE, "filename"),
    "tarfile.open": opener("tarfile.TarFile", "name"),
    "tarfile.TarFile": opener("tarfile.TarFile", "name"),
    "tarfile.TarFile.open": opener("tarfile.TarFile", "name"),
    "zipfile.ZipFile": opener("zipfile.ZipFile", "file"),
    "builtins.exec": _run_python,
    "builtins.eval": _run_python,
    "builtins.compile": _compile,
    "timeit.timeit": _timed,
    "timeit.repeat": _timed,
    "builtins.__import__": _import_top,
    "importlib.import_module": _import,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.globals": _names,
    "builtins.locals": _names,
    "builtins.vars": _names,
    "builtins.map": mapped,
    "builtins.filter": filtered,
    "builtins.range": ranged,
    "builtins.iter": gone_through,
    "builtins.next": next_one,
    "builtins.list": collected,
    "builtins.tuple": collected,
    "builtins.set": collected,
    "builtins.frozenset": collected,
    "builtins.sorted": arranged("builtins.sorted"),
    "builtins.reversed": arranged("builtins.reversed"),
    "builtins.zip": arranged("builtins.zip"),
    "builtins.enumerate": arranged("builtins.enumerate"),
    "builtins.min": chosen,
    "builtins.max": chosen,
    "builtins.bytes": raw_bytes,
    "builtins.bytearray": raw_bytes,
    "builtins.dict": dictionary,
    "builtins.super": _super,
    "builtins.type": _type,
    "builtins.print": _print,
    "functools.partial": _partial,
    "functools.wraps": _same,
    "itertools.count": endless,
    "itertools.cycle": endless,
    "itertools.repeat": endless,
    "collections.deque": collected,
    "collections.namedtuple": named_tuple,
    "collections.defaultdict": dictionary,
    "collections.OrderedDict": dictionary,
    "pathlib.Path": _path,
    "os.path.join": _join_path,
    "os.fspath": _same,
    "threading.Thread": _thread("threading.Thread"),
    "threading.Timer": _thread("threading.Timer"),
    "multiprocessing.Process": _thread("multiprocessing.Process"),
    "concurrent.futures.Executor.submit": _submit,
    "concurrent.futures.Executor.map": _map_elsewhere,
    **GROWING,
    **EXPRESSIONS,
    "pickle.loads": _unpickled,
    "pickle.load": _unpickled,
}
"""What a call of this name means."""
