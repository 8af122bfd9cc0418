"""Calls into libraries: what the data says they do, on the arguments at hand."""

import ast
import re
from collections.abc import Sequence
from math import prod

from vigil.domain.effects import EffectKind
from vigil.guard import places
from vigil.guard.findings import Finding, Mark, named
from vigil.guard.program import UNRESOLVED
from vigil.guard.python.binding import sequence_of
from vigil.guard.python.handing import hand_over, hand_to
from vigil.guard.python.library import Does
from vigil.guard.python.machine import MOST_STARTED, Arguments, Machine
from vigil.guard.python.running import FETCHED, Given, code_of, commands_of, filled, ways_of
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    NONE,
    TOLD,
    Box,
    Constant,
    Data,
    Thing,
    Values,
    constant,
    few,
    is_inert,
    joined,
    one,
    taints_of,
    texts_of,
)

CALLS = "python-call."
"""In front of the names of rules of ``libraries/python.yaml``."""
_SELF = ""
"""Stands for the object of a method whose rule names no parameters."""
_URL = "url"
_HERE = re.compile(r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?:[:/?]|$)")


def call_library(
    machine: Machine,
    name: str,
    arguments: Arguments,
    node: ast.AST,
    receiver: Values | None = None,
) -> Values:
    """Follow a call of something that a library offers, by its full name."""
    known = machine.library.call(name)
    if known is None:
        return _without_a_rule(machine, name, arguments, node)
    rule, parameters = known
    given = _by_name(parameters, arguments, receiver)
    if Mark.NETWORK not in rule.marks:
        hand_to(machine, name, arguments.every(), node)
    return apply_rule(machine, rule, given, arguments, node)


def _without_a_rule(machine: Machine, name: str, arguments: Arguments, node: ast.AST) -> Values:
    for values in arguments.every():
        hand_over(machine, values, node)
    if not machine.library.only_computes(name):
        machine.unknown(node, f"nobody knows what '{name[:100]}' does")
        return ANYTHING
    inert = True
    for values in arguments.every():
        inert = inert and is_inert(values)
        for atom in values:
            # A function may fill a list that it is given.
            if isinstance(atom, Box) and atom.kind != "tuple":
                atom.put(few(joined(arguments.every()) | DATA))
                atom.blur()
    taints = frozenset(t for values in arguments.every() for t in taints_of(values))
    made = one(Data(taints=taints))
    return made if inert else few(ANYTHING | made) if taints else ANYTHING


def _by_name(parameters: Sequence[str], arguments: Arguments, receiver: Values | None) -> Given:
    """Arguments by the names that the rule gives them."""
    positional = list(arguments.positional)
    if receiver is not None:
        positional.insert(0, receiver)
    given: Given = dict(arguments.named)
    if receiver is not None and not parameters:
        given[_SELF] = receiver
    for place, parameter in enumerate(parameters):
        if parameter.startswith("*"):
            box = Box("tuple", positional[place:], open=arguments.rest is not None)
            box.held = few(joined(positional[place:]) | (arguments.rest or frozenset()))
            given[parameter.lstrip("*")] = one(box)
            break
        if place < len(positional):
            given[parameter] = positional[place]
        elif arguments.rest is not None:
            given.setdefault(parameter, arguments.rest)
    return given


def apply_rule(
    machine: Machine, rule: Does, given: Given, arguments: Arguments, node: ast.AST
) -> Values:
    """Everything that a rule says of a call."""
    if rule.effect is not None and (rule.effect is not EffectKind.READ or rule.marks):
        _find(machine, rule, given, arguments, node)
    for command in commands_of(machine, rule, given, node):
        machine.run(command)
    for nested in code_of(machine, rule, given, node):
        machine.run(nested)
    if rule.multiplies and machine.times > MOST_STARTED:
        machine.exhaust(node, "begins more processes or threads than a remedy needs")
    if rule.allocates is not None:
        _count_memory(machine, rule.allocates, arguments, node)
    _call_back(machine, rule, given, node)
    back = given.get(rule.calls_back) if rule.calls_back else None
    for values in arguments.every():
        if values is not back:
            hand_over(machine, values, node)
    return _result(rule, given, _taints(given, arguments))


def _find(machine: Machine, rule: Does, given: Given, arguments: Arguments, node: ast.AST) -> None:
    kind = rule.effect or EffectKind.READ
    sends = any(given.get(name, NONE) != NONE for name in rule.sends)
    marks = rule.marks
    told = Mark.NETWORK in marks and bool(_taints(given, arguments) & TOLD)
    if sends or (told and not _stays_here(given.get(_URL, NONE))):
        marks = marks | {Mark.SENDS_OUT}
        kind = EffectKind.DISRUPTIVE if kind is EffectKind.READ else kind
    if any(map(places.sensitive, texts_of(given.get(_URL, frozenset())))):
        marks = marks | {Mark.READS_SENSITIVE}
    for resource in filled(rule.resource, given):
        # Whoever is asked learns what he is asked.
        nowhere = kind is EffectKind.READ and resource == f"network:{UNRESOLVED}"
        machine.find(
            Finding(
                kind=EffectKind.UNKNOWN if nowhere else kind,
                resource=named(resource),
                rule=f"{CALLS}{rule.id}",
                reason=f"{rule.reason}; which, only a run could tell" if nowhere else rule.reason,
                span=machine.span(node),
                marks=marks,
            )
        )


def _taints(given: Given, arguments: Arguments) -> frozenset[str]:
    return frozenset(t for v in (*given.values(), *arguments.every()) for t in taints_of(v))


def _stays_here(address: Values) -> bool:
    """Whether it is an address of this machine for certain."""
    return address != NONE and all(_HERE.match(text) for text in texts_of(address))


def _count_memory(machine: Machine, each: int, arguments: Arguments, node: ast.AST) -> None:
    sizes = [_number(values) for values in arguments.positional]
    for values in (*arguments.positional, *arguments.named.values()):
        for atom in values:
            if isinstance(atom, Box):
                sizes += [_number(item) for item in atom.items]
    machine.allocate(each * prod(size for size in sizes if size), node)


def _number(values: Values) -> int:
    return max(
        (a.value for a in values if isinstance(a, Constant) and isinstance(a.value, int)), default=0
    )


def _call_back(machine: Machine, rule: Does, given: Given, node: ast.AST) -> None:
    if rule.calls_back is None:
        return
    function = given.get(rule.calls_back, NONE) - NONE
    if not function:
        return
    with_these = given.get(rule.given) if rule.given is not None else None
    known = sequence_of(with_these) if with_these else []
    arguments = Arguments(rest=ANYTHING) if known is None else Arguments(tuple(known))
    with machine.perhaps():
        machine.call(function, arguments, node)


def _result(rule: Does, given: Given, taints: frozenset[str]) -> Values:
    if isinstance(rule.gives, tuple):
        held = joined(_made(rule, kind, given, taints) for kind in rule.gives)
        return one(Box("list", held=held, open=True))
    return _made(rule, rule.gives, given, taints)


def _made(rule: Does, kind: str, given: Given, taints: frozenset[str]) -> Values:
    if Mark.NETWORK in rule.marks:
        taints |= FETCHED
    if rule.opens is not None:
        taints |= {"file"}
    if rule.tells or rule.words is not None or rule.code is not None:
        taints |= {"machine"}
    about = ways_of(given[rule.about]) if rule.about in given else (UNRESOLVED,)
    if rule.below:
        about = tuple(f"{text.rstrip('/')}/**" if text else "**" for text in about)
    match kind:
        case "data":
            made = frozenset(Data(text, taints) for text in about if rule.below) or one(
                Data(taints=taints)
            )
        case "nothing":
            made = constant(None)
        case "first":
            made = next(iter(given.values()), ANYTHING)
        case _:
            made = few(frozenset(Thing(kind, text, taints) for text in about))
    return made
