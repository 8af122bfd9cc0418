"""Whether a rule fires on a command: each condition holds, does not, or only a run could tell."""

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum

from vigil.guard import places
from vigil.guard.arguments import Arguments, Given, fits_word
from vigil.guard.program import UNRESOLVED, Command, Word
from vigil.guard.rule import Rule
from vigil.guard.rule_text import MOST_WORDS, Test, Verb

MAX_TEXT = 2048
"""Characters of a word that an expression is tried on; what is longer may match anything."""
NOTHING = Word(text="")


class Fit(IntEnum):
    """Whether a condition holds."""

    NO = 0
    MAYBE = 1
    """Only a run could tell."""
    YES = 2


def fit(rule: Rule, arguments: Arguments, command: Command) -> Fit:
    """Whether a rule fires: the worst of its conditions."""
    fits = fit_verb(rule, arguments) if rule.verbs else Fit.YES
    for condition in (_fit_given, _fit_number, _fit_operands, _fit_places):
        if fits is Fit.NO:
            return fits
        fits = min(fits, condition(rule, arguments))
    if rule.environment and not {name for name, _ in command.environment} & set(rule.environment):
        return Fit.NO
    if rule.fed and not _is_fed(command):
        return Fit.NO
    return Fit.NO if rule.certain and fits is Fit.MAYBE else fits


def _is_fed(command: Command) -> bool:
    stdin = command.stdin
    return stdin is not None and not stdin.exact and any(one.tells for one in command.fed_by)


def _fit_given(rule: Rule, arguments: Arguments) -> Fit:
    fits = _fit_options(rule.wanted, arguments) if rule.wanted else Fit.YES
    if fits and rule.besides:
        fits = min(fits, _fit_options(rule.wanted_besides, arguments))
    # What may be given is doubted where the worst is looked for: see ``escapes``.
    if rule.unwanted and _fit_options(rule.unwanted, arguments) is Fit.YES:
        return Fit.NO
    return fits


def _fit_number(rule: Rule, arguments: Arguments) -> Fit:
    if rule.bare and arguments.operands:
        return Fit.NO
    return Fit.YES if rule.count is None else _fit_count(rule.count, arguments.rest)


def _fit_operands(rule: Rule, arguments: Arguments) -> Fit:
    fits = Fit.YES
    if rule.some is not None:
        fits = _fit_some(rule.some, arguments.rest)
    if fits and rule.every is not None:
        fits = min(fits, _fit_every(rule.every, arguments.rest))
    # A rule that is excused only perhaps is one that fires: the worst is taken.
    if fits and rule.excused is not None and _fit_every(rule.excused, arguments.rest) is Fit.YES:
        return Fit.NO
    return fits


def _fit_places(rule: Rule, arguments: Arguments) -> Fit:
    fits, rest = Fit.YES, arguments.rest
    if rule.in_front is not None:
        fits = _fit_some(rule.in_front, _names(rest))
    if fits and rule.at_first is not None:
        # Only as it is written: a script that begins with a slash is no path.
        fits = min(fits, _fit_word(rule.at_first, rest[0])) if rest else Fit.NO
    if fits and rule.at_last is not None:
        fits = min(fits, _fit_some(rule.at_last, rest[-1:]))
    return fits


def escapes(rule: Rule, others: Iterable[Rule], arguments: Arguments) -> bool:
    """Whether a rule that fires might not, and none of the others that may fire would say more.

    That is so where a word may be an option that it wants not to see.
    """
    if _fit_options(rule.unwanted, arguments) is Fit.NO:
        return False
    seen = {name for other in others for name, _ in other.wanted}
    return any(name not in seen for name, _ in rule.unwanted)


def fit_verb(rule: Rule, arguments: Arguments) -> Fit:
    """A verb of fewer words does not fit where a rule has a longer one that does."""
    length, lines = len(arguments.verb), arguments.lines
    wanted = rule.together.get(length)
    if wanted is not None and length <= len(lines) and wanted.fullmatch(lines[length - 1]):
        return Fit.YES
    if len(lines) == min(len(arguments.operands), MOST_WORDS):
        return Fit.NO
    maybe = any(_may_be(verb, arguments.operands) for verb in rule.verbs)
    return Fit.MAYBE if maybe else Fit.NO


def _may_be(verb: Verb, operands: Sequence[Word]) -> bool:
    """Whether the leading operands are this verb where they are known, and some are not."""
    leading = operands[: len(verb)]
    return not all(word.exact for word in leading) and all(
        not word.exact or fits_word(wanted, word)
        for wanted, word in zip(verb, leading, strict=False)
    )


def _fit_options(tests: Iterable[Test], arguments: Arguments) -> Fit:
    fit = Fit.MAYBE if arguments.vague else Fit.NO
    for option in arguments.options:
        for name, pattern in tests:
            if name == option.name:
                here = Fit.YES if pattern is None else _fit_value(pattern, option)
                fit = max(fit, here)
    return fit


def _fit_value(pattern: re.Pattern[str], option: Given) -> Fit:
    return _fit_word(pattern, option.value or NOTHING)


def _fit_word(pattern: re.Pattern[str], word: Word) -> Fit:
    if not word.exact or len(word.text) > MAX_TEXT:
        return Fit.MAYBE
    return Fit.YES if pattern.fullmatch(word.text) else Fit.NO


def _fit_count(count: tuple[int, int | None], operands: Sequence[Word]) -> Fit:
    least, most = count
    number = len(operands)
    if least <= number and (most is None or number <= most):
        return Fit.YES
    # A word that is not known may be several, or none.
    spare = sum(word.text == UNRESOLVED for word in operands)
    if not spare or (most is not None and number - spare > most):
        return Fit.NO
    return Fit.MAYBE


def _fit_some(pattern: re.Pattern[str], operands: Sequence[Word]) -> Fit:
    return max((_either(pattern, word) for word in operands), default=Fit.NO)


def _fit_every(pattern: re.Pattern[str], operands: Sequence[Word]) -> Fit:
    """As it is written and without its detours: ``/tmp/../etc`` is no place in ``/tmp``."""
    return min(
        (min(_fit_word(pattern, form) for form in _forms(word)) for word in operands),
        default=Fit.NO,
    )


def _names(operands: Sequence[Word]) -> Sequence[Word]:
    """What stands in front of ``=``; a word that is not known may be any assignment."""
    parted = [(word, *word.text.partition("=")) for word in operands]
    return [Word(text=name) for word, name, equals, _ in parted if equals or not word.exact]


def _either(pattern: re.Pattern[str], word: Word) -> Fit:
    return max(_fit_word(pattern, form) for form in _forms(word))


def _forms(word: Word) -> tuple[Word, ...]:
    if word.text[:1] not in {"/", "~", "."}:
        return (word,)
    short = places.plain(word.text)
    return (word,) if short == word.text else (word, Word(text=short))
