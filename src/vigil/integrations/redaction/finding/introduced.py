"""Names of people that are told by what stands beside them: a title, a greeting, a field."""

import re

from vigil.domain.redacted import Kind
from vigil.integrations.redaction.finding.forms import Form
from vigil.integrations.redaction.finding.lexicon import one_of, set_of
from vigil.integrations.redaction.finding.name_lists import NOBODY, folded, known, plain

_TITLE = one_of("people", "titles")
_FIELDS = rf"(?:(?:{one_of('people', 'fields')})[_ -]?name|surname|cardholder)"
_NAME_WORD = r"[^\W\d_a-z][^\W\d_]*(?:['\u2019-][^\W\d_]+)*\.?"
_WHOSE = one_of("people", "whose")
_NAMED = (
    rf"(?:(?i:\b(?:{_WHOSE})[ ]name(?:'s|[ ]is|[ ]was)|\bi[ ]am[ ]called|\bsurname[ ]is)|\bName:)"
)
_GREETED = set_of("people", "greeted")
_PREFIXED = r"Mc[A-Z][a-z]{2,20}|O['\u2019][A-Z][a-z]{2,20}"
_GREETINGS = one_of("people", "greetings")
_FAREWELLS = one_of("people", "farewells")
_SPOKEN = one_of("people", "spoken")


def _is_greeted(match: re.Match[str]) -> bool:
    """Somebody, and not everybody."""
    words = {folded(word.strip(".")) for word in match["value"].split()}
    return not words & (NOBODY | _GREETED)


FORMS = (
    # Dr. Anna van Meier
    Form(
        Kind.NAME,
        rf"\b(?:{_TITLE})\.? ",
        re.compile(
            rf"\b(?:{_TITLE})\.? "
            rf"(?P<value>{_NAME_WORD}"
            rf"(?: (?:(?:de|van|von|der|da|di|bin|al|el) )?{_NAME_WORD}){{0,3}})"
        ),
    ),
    # "customer_name": "Anna Meier"
    Form(
        Kind.NAME,
        rf"(?i){_FIELDS}[\"'\\]{{0,3}}\s{{0,3}}[:=]",
        re.compile(
            rf"""(?ix)(?<![a-z])(?:[a-z]{{1,20}}[_-])?{_FIELDS}(?:\\?["'])?\s{{0,3}}[:=]\s{{0,3}}
            \\?["'](?P<value>[^\W\d_][^"'\\\n\d:/@_]{{1,60}})\\?["']"""
        ),
    ),
    Form(
        Kind.NAME,
        rf"(?i)(?:{_WHOSE}|sur) ?name(?:'s| is| was)|i am called|\bname:\s",
        re.compile(
            rf"{_NAMED}\s{{1,8}}(?P<value>{_NAME_WORD}(?: {_NAME_WORD}){{0,3}})(?![\w/:@-])"
        ),
    ),
    # Dear Anna,
    Form(
        Kind.NAME,
        rf"(?:{_GREETINGS}) ",
        re.compile(
            rf"(?<!\w)(?:{_GREETINGS}) (?P<value>{_NAME_WORD}"
            rf"(?: {_NAME_WORD}){{0,2}})(?=[,!]|\s*\n)"
        ),
        _is_greeted,
    ),
    # Best regards,\nAnna Meier
    Form(
        Kind.NAME,
        rf"(?i)(?:{_FAREWELLS})[,.!]?\s*\n",
        re.compile(
            rf"(?i:\b(?:{_FAREWELLS}))[,.!]?[ ]{{0,2}}\r?\n[-\s>]{{0,6}}"
            rf"(?P<value>{_NAME_WORD}(?: {_NAME_WORD}){{0,2}})(?=[ ]{{0,2}}(?:\r?\n|,|\Z))"
        ),
        _is_greeted,
    ),
    # Anna Meier <anna@example.org>
    Form(
        Kind.NAME,
        r"<[\w.+-]+@",
        re.compile(rf"(?P<value>{_NAME_WORD}(?: {_NAME_WORD}){{0,3}})[\"']? ?<[\w.+-]{{1,64}}@"),
        _is_greeted,
    ),
    # said Mark
    Form(
        Kind.NAME,
        rf"(?i)\b(?:{_SPOKEN}) ",
        re.compile(rf"(?i:\b(?:{_SPOKEN})) (?P<value>{_NAME_WORD})(?![\w/@=:(]|[.-]\w)"),
        lambda match: _is_greeted(match) and plain(match["value"].rstrip(".")) in known(),
    ),
    # dr. hurst
    Form(
        Kind.NAME,
        r"\b(?:mr|mrs|ms|dr|prof)\. [a-z\x80-\xff]{3}",
        re.compile(r"(?<![\w.])(?:mr|mrs|ms|dr|prof)\. (?P<value>[^\W\d_]{3,30})(?![\w/@-]|\.\w)"),
    ),
    # McKenzie, O'Neil
    Form(
        Kind.NAME,
        _PREFIXED.replace("\\u2019", "\u2019"),
        re.compile(
            rf"(?<![\w.@/-])(?P<value>(?:[A-Z][a-z]{{2,20}} )?(?:{_PREFIXED}))(?![\w@/]|[.-]\w)"
        ),
        _is_greeted,
    ),
)
