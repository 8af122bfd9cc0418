"""Files that Python opens: by ``open``, by a path, or as an archive or text that is packed."""

import ast

from vigil.guard.program import UNRESOLVED
from vigil.guard.python.gathering import Special
from vigil.guard.python.machine import ENDLESS, Arguments, Machine
from vigil.guard.python.running import opened, ways_of
from vigil.guard.python.values import Constant, Thing, Values, one, text_of

FILE = "io.File"


def open_file(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``open(file, mode)``."""
    return _opened(machine, arguments.at(0, "file"), arguments.at(1, "mode"), node)


def open_path(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
    """``Path.open(mode)``."""
    return _opened(machine, arguments.at(0, "self"), arguments.at(1, "mode"), node)


def opener(kind: str, parameter: str) -> Special:
    """What opens a file as something else: an archive, or text that is packed."""

    def open_as(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
        path, mode = arguments.at(0, parameter), arguments.at(1, "mode")
        return _opened(machine, path, mode, node, kind) or one(Thing(kind, UNRESOLVED))

    return open_as


def _how(mode: str) -> str:
    """A mode without how the file is packed: ``w`` of ``w:gz``."""
    return mode.partition(":")[0].partition("|")[0]


def _opened(
    machine: Machine, path: Values, mode: Values, node: ast.AST, kind: str = FILE
) -> Values:
    modes = {_how(text_of(a)) if a != Constant(None) else "r" for a in mode}
    whole = "".join(sorted(modes))
    writes = any(letter in whole for letter in f"wax+{UNRESOLVED}")
    appends = all("a" in m or "r" in m for m in modes)
    if machine.times == ENDLESS and writes:
        machine.exhaust(node, "writes files in a loop without end")
    things: set[Thing] = set()
    for text in ways_of(path):
        machine.run(opened(text, writes=writes, appends=appends, machine=machine, node=node))
        if writes and "+" in whole:
            machine.run(opened(text, writes=False, appends=False, machine=machine, node=node))
        things.add(Thing(kind, text, frozenset({"file"})))
    return frozenset(things)
