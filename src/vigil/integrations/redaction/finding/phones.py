"""Telephone numbers of all countries, by how people group them and by the words beside them."""

import re

from vigil.domain.redacted import Kind
from vigil.integrations.redaction.finding.forms import Form
from vigil.integrations.redaction.finding.lexicon import one_of

_FEWEST, _FEWEST_NAMED, _MOST = 7, 6, 15
"""Digits, without an extension; behind a word for it fewer do; the most by E.164."""
_DATE = re.compile(
    r"(?:19|20)\d\d[-./ ][01]?\d[-./ ][0-3]?\d|[0-3]?\d[-./][01]?\d[-./](?:19|20)\d\d"
)
_WORDS = one_of("phones", "words")
_KINDS = one_of("phones", "kinds")
_LIKELY = one_of("phones", "likely")


def _digits(match: re.Match[str]) -> int:
    return sum(map(str.isdigit, re.split(r"[x#e]", match["value"], maxsplit=1)[0]))


def _is_number(match: re.Match[str]) -> bool:
    return _FEWEST <= _digits(match) <= _MOST and not _DATE.match(match["value"])


def _is_named(match: re.Match[str]) -> bool:
    return _FEWEST_NAMED <= _digits(match) <= _MOST and not _DATE.match(match["value"])


_EXTENSION = r"(?:[ ,]{0,2}(?:x|ext\.?|\#)[ .]?\d{1,6})?"
_END = r"(?![\w]|[.:-]\d)"
_BEGIN = r"(?<![\w.:/+=-])"

_GROUPS = r"\+?\(?\d{1,5}\)?(?:[ ./-]{0,2}\(?\d{1,8}\)?){0,6}"

FORMS = (
    # +44 20 7946 0958, +1 (555) 010-9999, 0044 20 ...
    Form(
        Kind.PHONE,
        r"(?:^|[^\w.+])(?:\+\d{1,3}[ ()./\d-]{3}|00[1-9]\d{0,2}[ ./-])",
        re.compile(
            rf"(?<![\w.+])(?P<value>(?:\+|00(?=\d{{1,3}}[ ./-]))\d{{1,3}}"
            rf"(?:[ \u00a0./-]{{0,3}}\(?\d{{1,5}}\)?){{1,7}}{_EXTENSION}){_END}"
        ),
        _is_number,
    ),
    # (555) 010-9999, 555-010-9999, 1-555-010-9999 x12
    Form(
        Kind.PHONE,
        r"\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}",
        re.compile(
            rf"{_BEGIN}(?P<value>(?:1[ .-])?(?:\([2-9]\d{{2}}\)[ .-]?|[2-9]\d{{2}}[ .-])"
            rf"\d{{3}}[ .-]\d{{4}}{_EXTENSION}){_END}"
        ),
        _is_number,
    ),
    # (0)20 7946 0958, 020 7946 0958, 082 173 2759, 01 23 45 67 89, 0171/1234567
    Form(
        Kind.PHONE,
        r"\b\(?0\)?\d{1,5}\)?[ ./-]{1,3}\d{2}|\(\d{2,5}\)[ .-]?\d{3}",
        re.compile(
            rf"{_BEGIN}(?P<value>(?:\(0?\d{{1,5}}\)|\(0\)\d{{1,4}}|0\d{{1,5}})"
            rf"(?:[ ./-]{{1,3}}|(?<=\)))\d{{2,9}}(?:[ .-]\d{{2,5}}){{0,4}}{_EXTENSION}){_END}"
        ),
        _is_number,
    ),
    # 20-32-85-26
    Form(
        Kind.PHONE,
        r"(?:^|[^\w.:/+=-])(?:\d\d(?: \d\d){3}|\d\d(?:-\d\d){3}|\d\d(?:\.\d\d){3})",
        re.compile(
            rf"{_BEGIN}(?P<value>\d\d(?P<by>[ .-])\d\d(?:(?P=by)\d\d){{2,3}}){_END}(?!(?P=by)\d)"
        ),
        _is_number,
    ),
    # whatever stands behind a word for it
    Form(
        Kind.PHONE,
        rf"(?i)(?:{_WORDS})[^\d\n]{{0,24}}(?:\d[ ./()-]{{0,3}}){{6}}",
        re.compile(
            rf"""(?ix)(?<![a-z])(?:[a-z]{{0,12}}_)?(?:{_WORDS})(?:_?(?:no|nr|num|number|s))?\.?["']?
            (?:[ ](?:no|nr|number|at|me|on|is|it's|to|us|him|her|them|back|my|the|number[ ]is)\.?)
            {{0,3}}[ ]?[:=#,]?\s{{0,3}}["'(]?(?P<value>{_GROUPS}{_EXTENSION}){_END}"""
        ),
        _is_named,
        words=rf"(?i){_LIKELY}",
        anchored=True,
    ),
    # 3732695155-Office
    Form(
        Kind.PHONE,
        rf"(?i)\d(?:[ -]|\\?,)?[ ]?-?\(?(?:{_KINDS})",
        re.compile(
            rf"(?i){_BEGIN}(?P<value>\+?\(?\d{{1,5}}\)?(?:[ ./-]?\d{{1,8}}){{0,6}})"
            rf"(?=[ ]?[-(]?[ ]?(?:{_KINDS})\b)"
        ),
        _is_named,
        words=rf"(?i)(?:{_KINDS})\b",
    ),
)
