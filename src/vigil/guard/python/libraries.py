"""Calls into libraries: what the data says they do, on the arguments at hand."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import islice, product
from math import prod

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import UNRESOLVED, Command, Nested, Redirection, Word
from vigil.guard.python.library import Does
from vigil.guard.python.machine import ENDLESS, Arguments, Machine
from vigil.guard.python.targets import hand_over, sequence_of
from vigil.guard.python.values import (
    ANYTHING,
    DATA,
    NONE,
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
    text_of,
    texts_of,
)

_WAYS = 8
"""Of so many different texts, each is judged by itself; of more, none is known."""
_FIELD = re.compile(r"\{(\w+)(\.\.\.|:o)?\}")
_MAX_RESOURCE = 200
CALLS = "python-call."
"""In front of the names of rules of ``libraries/python.yaml``."""
_SELF = ""
"""Stands for the object of a method whose rule names no parameters."""
_FETCHED = frozenset({"network"})


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
    return one(Data(taints=taints)) if inert else ANYTHING


Given = dict[str, Values]


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
        _find(machine, rule, given, node)
    for command in _commands(machine, rule, given, node):
        machine.run(command)
    for nested in _code(machine, rule, given, node):
        machine.run(nested)
    if rule.multiplies and machine.times == ENDLESS:
        machine.exhaust(node, "begins processes or threads in a loop without end")
    if rule.allocates is not None:
        _count_memory(machine, rule.allocates, arguments, node)
    _call_back(machine, rule, given, node)
    back = given.get(rule.calls_back) if rule.calls_back else None
    for values in arguments.every():
        if values is not back:
            hand_over(machine, values, node)
    return _result(rule, given)


def _find(machine: Machine, rule: Does, given: Given, node: ast.AST) -> None:
    kind = rule.effect or EffectKind.READ
    sends = rule.sends is not None and given.get(rule.sends, NONE) != NONE
    kind = EffectKind.DISRUPTIVE if sends else kind
    taints = frozenset(t for values in given.values() for t in taints_of(values))
    marks = rule.marks
    if sends or (Mark.NETWORK in marks and "file" in taints):
        marks = marks | {Mark.SENDS_OUT}
    for resource in _filled(rule.resource, given):
        # Whoever is asked learns what he is asked.
        nowhere = kind is EffectKind.READ and resource == f"network:{UNRESOLVED}"
        machine.find(
            Finding(
                kind=EffectKind.UNKNOWN if nowhere else kind,
                resource=resource.replace(UNRESOLVED, "?")[:_MAX_RESOURCE],
                rule=f"{CALLS}{rule.id}",
                reason=f"{rule.reason}; which, only a run could tell" if nowhere else rule.reason,
                span=machine.span(node),
                marks=marks,
            )
        )


def _filled(template: str, given: Given) -> list[str]:
    """A text with the arguments in it, one for each thing that they may be."""
    fields = [(match[1], match[2] == ":o") for match in _FIELD.finditer(template)]
    choices = [_texts(given[n], octal=o) if n in given else (UNRESOLVED,) for n, o in fields]
    if prod(map(len, choices)) > _WAYS:
        choices = [(UNRESOLVED,)] * len(choices)
    results: list[str] = []
    for combination in product(*choices):
        texts = iter(combination)
        results.append(_FIELD.sub(lambda _: next(texts), template))  # noqa: B023 - used at once
    return results


def _texts(values: Values, *, octal: bool) -> tuple[str, ...]:
    # ``("10.0.0.1", 80)`` is an address.
    pairs = [a.items for a in values if isinstance(a, Box) and a.kind == "tuple" and not a.open]
    if len(pairs) == len(values) == 1:
        return (":".join("|".join(texts_of(item)) for item in pairs[0]),)
    texts = texts_of(values)
    return tuple(f"{int(t):o}" if t.isdecimal() else t for t in texts) if octal else texts


# --- commands ------------------------------------------------------------------------------------


def _commands(machine: Machine, rule: Does, given: Given, node: ast.AST) -> Iterator[Command]:
    span = machine.span(node)
    if rule.command:
        for words in _templates(rule.command, given):
            yield Command(words=words, span=span)
    for parameter, writes in ((rule.opens, False), (rule.writes, True)):
        if parameter in given:
            for path in texts_of(given[parameter])[:_WAYS]:
                yield opened(path, writes=writes, appends=False, machine=machine, node=node)
    if rule.words is not None and not _is_shell(rule, given, sure=True):
        for words in _word_lists(given.get(rule.words, ANYTHING)):
            first = texts_of(given[rule.program]) if rule.program in given else ()
            program = (Word(text=first[0]),) if first and first != (UNRESOLVED,) else words[:1]
            yield Command(
                words=(*program, *words[1:]),
                span=span,
                stdin=_stdin(rule, given),
                environment=_environment(rule, given),
            )


def opened(path: str, *, writes: bool, appends: bool, machine: Machine, node: ast.AST) -> Command:
    """A file that is opened, as the redirection that does the same."""
    redirection = Redirection(target=Word(text=path), writes=writes, appends=appends)
    return Command(words=(), span=machine.span(node), redirections=(redirection,))


def _templates(template: tuple[str, ...], given: Given) -> Iterator[tuple[Word, ...]]:
    choices: list[list[tuple[Word, ...]]] = []
    for part in template:
        spread = _FIELD.fullmatch(part)
        if spread is not None and spread[2] == "...":
            choices.append(list(_word_lists(given.get(spread[1], ANYTHING))))
        else:
            choices.append([(Word(text=text),) for text in _filled(part, given)])
    for combination in islice(product(*choices), _WAYS):
        yield tuple(word for words in combination for word in words)


def _word_lists(values: Values) -> Iterator[tuple[Word, ...]]:
    """Each list of words that this may be; a text is a program without arguments."""
    for atom in list(values)[:_WAYS]:
        if isinstance(atom, Box):
            known = sequence_of(one(atom))
            items = known if known is not None else atom.items
            words = [_word(item) for item in items]
            if known is None:
                words.append(Word(text=UNRESOLVED))
            if words:
                yield tuple(words)
        elif atom != Constant(None):
            yield (Word(text=text_of(atom)),)


def _word(values: Values) -> Word:
    texts = texts_of(values)
    return Word(text=texts[0] if len(texts) == 1 else UNRESOLVED)


def _is_shell(rule: Does, given: Given, *, sure: bool) -> bool:
    """Whether ``shell=True``: surely, or perhaps."""
    if rule.shell is None or rule.shell not in given:
        return False
    truths = [bool(a.value) if isinstance(a, Constant) else not sure for a in given[rule.shell]]
    return all(truths) if sure else any(truths)


def _stdin(rule: Does, given: Given) -> Word | None:
    if rule.stdin is None or rule.stdin not in given or given[rule.stdin] == constant(None):
        return None
    return _word(given[rule.stdin])


def _environment(rule: Does, given: Given) -> tuple[tuple[str, Word], ...]:
    if rule.environment is None:
        return ()
    return tuple(
        (str(name), _word(values))
        for atom in given.get(rule.environment, ())
        if isinstance(atom, Box)
        for name, values in atom.named.items()
    )


def _code(machine: Machine, rule: Does, given: Given, node: ast.AST) -> Iterator[Nested]:
    values: Values = frozenset()
    if rule.code is not None:
        values = given.get(rule.code, ANYTHING)
    elif rule.words is not None and _is_shell(rule, given, sure=False):
        words = given.get(rule.words, ANYTHING)
        first = [sequence_of(one(a)) for a in words if isinstance(a, Box)]
        values = joined(
            [s[0] if s else ANYTHING for s in first]
            + [one(a) for a in words if not isinstance(a, Box)]
        )
    values = values - {Constant(None)}
    if not values:
        return
    if taints_of(values) & _FETCHED:
        marks = frozenset({Mark.RUNS_DOWNLOAD})
        machine.unknown(node, "runs what it got from another machine", marks)
    texts = texts_of(values)
    for text in texts if len(texts) <= _WAYS else (UNRESOLVED,):
        yield Nested(
            language=rule.language,
            code=Word(text=text),
            span=machine.span(node),
            dialect=rule.dialect or "",
        )


# --- results -------------------------------------------------------------------------------------


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


def _result(rule: Does, given: Given) -> Values:
    if isinstance(rule.gives, tuple):
        held = joined(_made(rule, kind, given) for kind in rule.gives)
        return one(Box("list", held=held, open=True))
    return _made(rule, rule.gives, given)


def _made(rule: Does, kind: str, given: Given) -> Values:
    taints = frozenset(t for values in given.values() for t in taints_of(values))
    if Mark.NETWORK in rule.marks:
        taints |= _FETCHED
    if rule.opens is not None:
        taints |= {"file"}
    match kind:
        case "data":
            made = one(Data(taints=taints))
        case "nothing":
            made = constant(None)
        case "first":
            made = next(iter(given.values()), ANYTHING)
        case _:
            about = texts_of(given[rule.about]) if rule.about in given else (UNRESOLVED,)
            made = few(frozenset(Thing(kind, text, taints) for text in about[:_WAYS]))
    return made
