"""Regular expressions that a script looks for: some of them can be tried for ever."""

import ast
import re
from collections.abc import Mapping

from vigil.guard.python.gathering import Special
from vigil.guard.python.libraries import call_library
from vigil.guard.python.machine import Arguments, Machine
from vigil.guard.python.values import Constant, Values

_LONGEST = 2_000
"""Characters of a pattern that is looked through."""
# A repetition of nothing but a repetition can be read in more ways than can ever be tried.
_TWICE = re.compile(
    r"\((?:\?:|\?P<\w+>)?(?:\\?.|\[(?:\\.|[^\]\\])+\])[+*]\)(?:[+*]|\{\d+,\d*\})", re.DOTALL
)


def expression(name: str) -> Special:
    """``re.match`` and others of this name: a pattern that can be tried for ever."""

    def followed(machine: Machine, arguments: Arguments, node: ast.AST) -> Values:
        for atom in arguments.at(0, "pattern"):
            text = str(atom.value) if isinstance(atom, Constant) else ""
            if len(text) > _LONGEST:
                machine.unknown(node, "looks for a pattern that is too long to be judged")
            elif _TWICE.search(text):
                machine.exhaust(node, "looks for a pattern that can be tried in endless ways")
        return call_library(machine, name, arguments, node)

    return followed


EXPRESSIONS: Mapping[str, Special] = {
    f"re.{name}": expression(f"re.{name}")
    for name in ("compile", "findall", "finditer", "fullmatch", "match", "search", "split", "subn")
}
