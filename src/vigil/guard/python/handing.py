"""What a script hands to others: code that may call it, a session that will send it."""

import ast
from collections.abc import Iterable

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding, Mark
from vigil.guard.python.machine import UNKNOWN_ARGUMENTS, Machine
from vigil.guard.python.values import (
    TOLD,
    Function,
    Named,
    Values,
    callables,
    is_inert,
    one,
    taints_of,
)


def hand_over(machine: Machine, values: Values, node: ast.AST) -> None:
    """Give something to code that may call it, at any time and with anything."""
    if is_inert(values):
        return
    for atom in callables(values):
        if not isinstance(atom, Named) or _is_callable(machine, atom.name):
            with machine.perhaps():
                machine.call(one(atom), UNKNOWN_ARGUMENTS, node)


def hand_to(machine: Machine, name: str, values: Iterable[Values], node: ast.AST) -> None:
    """Something of this machine becomes part of what a session or a request will send."""
    told = any(taints_of(some) & TOLD for some in values)
    if told and machine.library.talks(name):
        machine.find(
            Finding(
                kind=EffectKind.DISRUPTIVE,
                resource="network:?",
                rule="guard.told",
                reason="puts what it read from this machine into what is sent to another one",
                span=machine.span(node),
                marks=frozenset({Mark.NETWORK, Mark.SENDS_OUT}),
            )
        )


def called_by_the_language(machine: Machine, name: str, values: Values, node: ast.AST) -> None:
    """Under a name with underscores at both ends the language calls it, whenever that fits.

    Functions of the script are followed in any case.
    """
    if name.startswith("_") and name.endswith("_"):
        hand_over(machine, frozenset(a for a in values if not isinstance(a, Function)), node)


def _is_callable(machine: Machine, name: str) -> bool:
    """Constants, modules and objects of libraries are given around without being called."""
    known = machine.library.call(name)
    if known is not None:
        return not known[0].harmless or known[0].id == "language"
    last = name.rpartition(".")[2]
    return not (machine.library.has(name) or machine.library.only_computes(name) or last.isupper())
