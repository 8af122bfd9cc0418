"""Credentials that are written into a script: found by their form, their name or their disorder.

A script is shown to people, recorded and compared, so a secret in it is a secret given away. What
is found is reported by kind and place; the text itself never leaves this module. It may be called
too careful: what only looks like a key costs a question, a key that is missed is in the record.
"""

import binascii
import math
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from vigil.domain.effects import EffectKind
from vigil.guard.credential_forms import (
    FORMS,
    LOGIN,
    LOGIN_HINTS,
    LOGIN_OPTIONS,
    STAND_IN,
    VARIABLE,
    Form,
)
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import Span

MOST_READ = 262_144
"""Characters; what is longer is not looked at, and the finding says so."""
MOST_FOUND = 50
"""More than one is reason enough; a file of keys need not be listed whole."""

_RULE = "guard.credential"
_SHORTEST = 8
"""Of a text that has room for a name and a secret."""


_AS_WRITTEN, _IN_ANY_CASE = (
    tuple(
        (hint, number)
        for number, form in enumerate(FORMS)
        if form.any_case is any_case
        for hint in form.hints
    )
    for any_case in (False, True)
)

_Place = tuple[int, int, str]
"""Where a credential begins and ends, and what kind it is."""

_TOKEN = re.compile(r"(?<![\w+/.-])[\w+/-]{24,128}={0,2}(?![\w+/=])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BITS = 4.2
"""Shannon's measure per character: words of a language stay below 3.8, random base64 of 32
characters and more lies above 4.3."""
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{4,}")


# Survey and gate ask about the same script, one after the other.
@lru_cache(maxsize=4)
def credentials_in(code: str) -> tuple[Finding, ...]:
    """Each credential in this text, in order of place; one that was seen in two ways counts once.

    The findings are ``read``: to stand there does nothing. Their mark breaks an invariant. A text
    that is too long to look through is ``unknown``.
    """
    if len(code) < _SHORTEST:
        return ()
    if len(code) > MOST_READ:
        return (_too_long(code),)
    found: list[Finding] = []
    covered = -1
    for start, end, kind in sorted(_all(code)):
        if start < covered:
            continue
        covered = end
        found.append(_finding(code, start, end, kind))
        if len(found) == MOST_FOUND:
            break
    return tuple(found)


def _all(text: str) -> Iterator[_Place]:
    small = text.lower()
    hinted = {number for hint, number in _AS_WRITTEN if hint in text}
    hinted |= {number for hint, number in _IN_ANY_CASE if hint in small}
    for number in hinted:
        yield from _of_form(FORMS[number], text)
    if any(hint in small for hint in LOGIN_HINTS):
        yield from _logins(text)
    for hit in _TOKEN.finditer(text):
        if _disordered(hit.group()):
            yield *hit.span(), "text in which no order can be seen, as in a key"


def _of_form(form: Form, text: str) -> Iterator[_Place]:
    named = "value" in form.pattern.groupindex
    for hit in form.pattern.finditer(text):
        if not named:
            yield *hit.span(), form.kind
        elif not _stands_in(hit["value"]):
            yield *hit.span("value"), form.kind


def _logins(text: str) -> Iterator[_Place]:
    # In one pass: to look back for the program from each option would be slow on a long line.
    options: tuple[str, ...] = ()
    for hit in LOGIN.finditer(text):
        if hit["value"] is None:
            options = LOGIN_OPTIONS.get(str(hit.lastgroup), ())
        elif any(hit[option] for option in options) and not _stands_in(hit["value"]):
            yield *hit.span("value"), "a login on a command line"


def _stands_in(value: str) -> bool:
    bare = value.strip("\"'")
    filled = VARIABLE.match(bare) if value[0] == "'" else VARIABLE.search(bare)
    return filled is not None or STAND_IN.fullmatch(bare) is not None


def _disordered(token: str) -> bool:
    """Whether chance drew it: letters and digits of all kinds, and no path, name or message."""
    body = token.rstrip("=")
    # Most names that are long enough hold no digit.
    kinds = (str.isdigit, str.isupper, str.islower)
    if not all(any(map(kind, body)) for kind in kinds) or _UUID.search(body):
        return False
    if body.count("/") > len(body) // 12 or _is_words(body) or _is_message(token):
        return False
    return _bits(body) >= _BITS


def _is_words(body: str) -> bool:
    """Whether it falls into words and numbers, as names of hosts, images and releases do."""
    parts = [part for part in re.split(r"[-_/+]", body) if part]
    return len(parts) > 1 and all(
        re.fullmatch(r"[A-Z]?[a-z]*|[A-Z]*|v?\d*|[a-z]+\d{1,3}", part) for part in parts
    )


def _is_message(token: str) -> bool:
    """Whether it is the base64 of plain text: encoded code is judged as code."""
    try:
        decoded = b64decode(token + "=" * (-len(token) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _PRINTABLE.fullmatch(decoded) is not None


def _bits(text: str) -> float:
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


def _finding(text: str, start: int, end: int, kind: str) -> Finding:
    return Finding(
        kind=EffectKind.READ,
        resource="-",
        rule=_RULE,
        reason=f"{kind} is written into the script; read it from a file that ends with the run",
        span=Span(line=text.count("\n", 0, start) + 1, start=start, end=end),
        marks=frozenset({Mark.HOLDS_CREDENTIAL}),
    )


def _too_long(code: str) -> Finding:
    return Finding(
        kind=EffectKind.UNKNOWN,
        resource="?",
        rule=_RULE,
        reason=f"longer than {MOST_READ} characters, so it was not looked through for credentials",
        span=Span(line=1, start=0, end=len(code)),
    )
