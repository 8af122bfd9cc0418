"""What a call of a library runs: commands, code and files, filled in with its arguments."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from math import prod

from vigil.guard.findings import Mark
from vigil.guard.program import FILE, UNRESOLVED, Command, Nested, Redirection, Source, Word
from vigil.guard.python.binding import sequence_of
from vigil.guard.python.library import Does
from vigil.guard.python.machine import Machine
from vigil.guard.python.values import (
    ANYTHING,
    FEW,
    NONE,
    TOLD,
    Box,
    Constant,
    Values,
    constant,
    joined,
    one,
    taints_of,
    text_of,
    texts_of,
)

Given = dict[str, Values]
"""Arguments by the names that the rule gives them."""
_Words = tuple[Word, ...]
FETCHED = frozenset({"network"})
"""The taint of what another machine sent."""
_FIELD = re.compile(r"\{(\w+)(\.\.\.|:o)?\}")


def ways_of(values: Values) -> tuple[str, ...]:
    """Every text that this may be; of more than can be judged, one that only a run could tell."""
    texts = texts_of(values)
    return texts if len(texts) <= FEW else (UNRESOLVED,)


def filled(template: str, given: Given) -> list[str]:
    """A text with the arguments in it, one for each thing that they may be."""
    fields = [(match[1], match[2] == ":o") for match in _FIELD.finditer(template)]
    choices = [_texts(given[n], octal=o) if n in given else (UNRESOLVED,) for n, o in fields]
    if prod(map(len, choices)) > FEW:
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


def commands_of(machine: Machine, rule: Does, given: Given, node: ast.AST) -> Iterator[Command]:
    """Every command that a rule says the call stands for, and every file that it opens."""
    span = machine.span(node)
    if rule.command:
        for words in _templates(rule.command, given):
            yield Command(words=words, span=span, words_from=_told(given))
    for parameter, writes in ((rule.opens, False), (rule.writes, True)):
        if parameter in given:
            for path in ways_of(given[parameter]):
                yield opened(path, writes=writes, appends=False, machine=machine, node=node)
    if rule.words is not None and not _is_shell(rule, given, sure=True):
        for words in _word_lists(given.get(rule.words, ANYTHING)):
            yield Command(
                words=(_program(rule, given) or words[0], *words[1:]),
                span=span,
                words_from=_told(given),
                stdin=_stdin(rule, given),
                environment=_environment(rule, given),
            )


def _program(rule: Does, given: Given) -> Word | None:
    """The program that is run whatever the first word says, if one is named."""
    values = given.get(rule.program, NONE) if rule.program is not None else NONE
    if values == NONE:
        return None
    return _word(values) if Constant(None) not in values else Word(text=UNRESOLVED)


def _told(given: Given) -> tuple[Source, ...]:
    """Whose text the words of a command hold, as far as it says something of this machine."""
    taints = frozenset(t for values in given.values() for t in taints_of(values))
    return (FILE,) if taints & TOLD else ()


def opened(path: str, *, writes: bool, appends: bool, machine: Machine, node: ast.AST) -> Command:
    """A file that is opened, as the redirection that does the same."""
    redirection = Redirection(target=Word(text=path), writes=writes, appends=appends)
    return Command(words=(), span=machine.span(node), redirections=(redirection,))


def _templates(template: tuple[str, ...], given: Given) -> Iterator[tuple[Word, ...]]:
    choices: list[list[_Words]] = []
    for part in template:
        spread = _FIELD.fullmatch(part)
        if spread is not None and spread[2] == "...":
            choices.append(list(_word_lists(given.get(spread[1], ANYTHING))))
        else:
            choices.append([(Word(text=text),) for text in filled(part, given)])
    for combination in _combinations(choices):
        yield tuple(word for words in combination for word in words)


def _combinations(choices: list[list[_Words]]) -> Iterator[tuple[_Words, ...]]:
    """Every way with every other; where these are too many, each beside what is not known."""
    if prod(map(len, choices)) <= FEW:
        yield from product(*choices)
        return
    beside = [ways[0] if len(ways) == 1 else (Word(text=UNRESOLVED),) for ways in choices]
    for place, ways in enumerate(choices):
        for way in ways if len(ways) > 1 else ():
            yield (*beside[:place], way, *beside[place + 1 :])


def _word_lists(values: Values) -> Iterator[tuple[Word, ...]]:
    """Each list of words that this may be; a text is a program without arguments."""
    if len(values) > FEW:
        yield (Word(text=UNRESOLVED),)
        return
    for atom in values:
        if isinstance(atom, Box):
            known = sequence_of(one(atom))
            items = known if known is not None else atom.items
            words = [texts_of(item) for item in items]
            if known is None:
                words.append((UNRESOLVED,))
            if prod(map(len, words)) > FEW:
                words = [ways if len(ways) == 1 else (UNRESOLVED,) for ways in words]
            for chosen in product(*words) if words else ():
                yield tuple(Word(text=text) for text in chosen)
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
        (str(name), _word(atom.named.get(name, ANYTHING)))
        for atom in given.get(rule.environment, ())
        if isinstance(atom, Box)
        for name in dict.fromkeys((*atom.named, *sorted(atom.keys, key=str)))
    )


def code_of(machine: Machine, rule: Does, given: Given, node: ast.AST) -> Iterator[Nested]:
    """The code that a rule says the call runs."""
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
    if taints_of(values) & FETCHED:
        marks = frozenset({Mark.RUNS_DOWNLOAD})
        machine.unknown(node, "runs what it got from another machine", marks)
    for text in ways_of(values):
        yield Nested(
            language=rule.language,
            code=Word(text=text),
            span=machine.span(node),
            dialect=rule.dialect or "",
        )
