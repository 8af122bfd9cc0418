"""Whether a silence of Alertmanager's concerns a service.

A silence speaks of labels. Vigil knows some of an alert's labels, and asks about services. So: what
is known must fit, something known must be named, and what is not known is left out of account. In
doubt it concerns it, and a person is asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Labels = Mapping[str, frozenset[str]]
"""What is known of each label: the values that it may have here."""

_SIMPLE = re.compile(r"[\w .:/@-]*(?:\.[*+][\w :/@-]*)*")


@dataclass(frozen=True)
class Matcher:
    """One condition of a silence."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool


def concerns(matchers: tuple[Matcher, ...], labels: Labels, names: frozenset[str]) -> bool:
    """``names`` are what the service is called, under whatever label somebody wrote it."""
    known = [matcher for matcher in matchers if matcher.name in labels]
    if not all(_may_hold(matcher, labels[matcher.name]) for matcher in known):
        return False
    return any(
        matcher.is_equal and (matcher in known or not names.isdisjoint(_words(matcher)))
        for matcher in matchers
    )


def _may_hold(matcher: Matcher, values: frozenset[str]) -> bool:
    fits = [_fits(matcher, value) for value in values]
    return any(fits) if matcher.is_equal else not all(fits)


def _fits(matcher: Matcher, value: str) -> bool:
    """Expressions of a stranger are not run: of the usual simple ones the words are compared."""
    if not matcher.is_regex:
        return matcher.value == value
    alternatives = _words(matcher)
    if not all(_SIMPLE.fullmatch(each) for each in alternatives):
        return matcher.is_equal  # Nobody can say: a person is asked.
    return any(_fits_simple(each, value) for each in alternatives)


def _words(matcher: Matcher) -> list[str]:
    """The one value, or the alternatives of an expression."""
    if not matcher.is_regex:
        return [matcher.value]
    return matcher.value.removeprefix("(").removesuffix(")").split("|")


def _fits_simple(expression: str, value: str) -> bool:
    """Words with ``.*`` and ``.+`` between them, in one pass: an expression may be made to hang."""
    pieces = re.split(r"\.[*+]", expression)
    if len(pieces) == 1:
        return expression == value
    first, *between, last = pieces
    place = len(first)
    if not value.startswith(first):
        return False
    for piece in between:
        found = value.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return value.endswith(last) and place + len(last) <= len(value)
