"""What a command runs: code in its words and its input, and commands behind it."""

import re
from collections.abc import Iterator

from vigil.guard.arguments import Arguments, front_of
from vigil.guard.program import FILE, UNRESOLVED, Command, Nested, Source, Word
from vigil.guard.rule import Rule, Runs
from vigil.guard.sources import found_by, names_of_files

ANYTHING = Word(text=UNRESOLVED)
_GIVEN = ":::"
"""In front of words that parallel takes instead of its input."""
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def code_of(rule: Rule, command: Command, arguments: Arguments) -> Iterator[Nested]:
    """The code in this command that a rule says it runs."""
    for runs in rule.runs:
        if runs.code is not None:
            dialect = runs.dialect or ""
            for text in _code(command, rule, runs, arguments):
                yield Nested(language=runs.code, code=text, span=command.span, dialect=dialect)


def commands_of(rule: Rule, command: Command, arguments: Arguments) -> Iterator[Command]:
    """The commands behind this one that a rule says it runs."""
    for runs in rule.runs:
        if runs.command is not None:
            for words in _lines(rule, runs, arguments):
                yield _inner(command, words, runs, arguments)


def _code(command: Command, rule: Rule, runs: Runs, arguments: Arguments) -> Iterator[Word]:
    for name in runs.option:
        yield from (option.value or ANYTHING for option in arguments.given(name))
    if runs.operand is not None and runs.operand <= len(arguments.rest):
        yield arguments.rest[runs.operand - 1]
    if runs.operands is not None:
        words = _behind(rule, runs, runs.operands, arguments)
        if words:
            text = " ".join(word.text for word in words)
            yield Word(text=_completed(text, runs, command, arguments) if runs.appends else text)
    if runs.stdin:
        yield command.stdin or ANYTHING


def _completed(text: str, runs: Runs, command: Command, arguments: Arguments) -> str:
    """Code with what the tool takes from its input: in the hole, or behind it."""
    from_file = any(True for name in runs.words_option for _ in arguments.given(name))
    if (command.stdin is None and not from_file) or _GIVEN in text.split():
        return text
    fed = " ".join(names_of_files(command.fed_by)) or UNRESOLVED
    return text.replace(runs.hole, fed) if runs.hole and runs.hole in text else f"{text} {fed}"


def _lines(rule: Rule, runs: Runs, arguments: Arguments) -> Iterator[tuple[Word, ...]]:
    if runs.command == "after":
        if arguments.after:
            yield arguments.after
    elif runs.command == "between":
        for name in runs.option:
            yield from (option.command for option in arguments.given(name))
    elif runs.command is not None:
        words = _behind(rule, runs, runs.command, arguments)
        if words:
            yield words


def _behind(rule: Rule, runs: Runs, first: int, arguments: Arguments) -> tuple[Word, ...]:
    skip = re.compile(runs.skip) if runs.skip else None
    begins = front_of(rule, first, skip, arguments.operands)
    return () if begins is None else tuple(arguments.operands[begins - 1 :])


def _inner(command: Command, words: tuple[Word, ...], runs: Runs, arguments: Arguments) -> Command:
    """A command behind another reads what that one is fed, and gets its environment."""
    named = [option.value for name in runs.hole_option for option in arguments.given(name)]
    holes = {value.text for value in named if value is not None} | {runs.hole or ""}
    from_file = any(True for name in runs.words_option for _ in arguments.given(name))
    fed_by = (FILE,) if from_file else command.fed_by
    listed = names_of_files(fed_by)
    if runs.hole_under:
        listed = found_by([word.text for word in command.words[1:]])
    found = listed[0] if len(listed) == 1 else UNRESOLVED
    filled = tuple(_filled(word, holes - {""}, found) for word in words)
    sources = command.words_from
    if runs.hole_under or filled != words:
        sources = (*sources, *(fed_by or (Source(command.words[0].text),)))
    if runs.appends and not named:
        filled = (*filled, *([Word(text=one) for one in listed] or [ANYTHING]))
        sources = (*sources, *fed_by)
    return command._replace(
        words=filled,
        words_from=sources,
        redirections=(),
        environment=(*command.environment, *_set_here(runs, arguments)),
    )


def _set_here(runs: Runs, arguments: Arguments) -> Iterator[tuple[str, Word]]:
    """The ``NAME=value`` words between a command and the one behind it."""
    for word in arguments.rest:
        match = _ASSIGNMENT.fullmatch(word.text)
        if runs.skip is None or match is None or not re.fullmatch(runs.skip, word.text):
            return
        yield match[1], Word(text=match[2])


def _filled(word: Word, holes: set[str], found: str) -> Word:
    text = word.text
    # Inside code, the name of a file can end a word and begin a command.
    stands_alone = not any(c.isspace() for c in text)
    for hole in holes:
        text = text.replace(hole, found if stands_alone else UNRESOLVED)
    return word if text == word.text else Word(text=text)
