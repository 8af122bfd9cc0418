"""Keys and tokens that are known by their form, wherever they stand."""

import re

from vigil.domain.redacted import Kind
from vigil.guard.credential_forms import BY_FORM
from vigil.integrations.redaction.finding.forms import Form, any_of
from vigil.integrations.redaction.finding.lexicon import one_of

_LONGEST_KEY = 40_000
"""Characters of a private key's block; RSA of 16,384 bits needs 13,000."""
_LINES = r"(?:(?:\\+[nrt]|[\s>|\"',])*(?:[A-Za-z-]{1,30}:[^\n\\]{1,120}|[A-Za-z0-9+/=]{16,4096}))"
_HEAD = r"-{4,5} ?BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_TAIL = r"-{4,5} ?END [A-Z0-9 ]{0,60}-{4,5}"
_COUNTED = re.compile(
    r"0x[0-9a-fA-F]+|\d{1,19}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_SESSIONS = one_of("passwords", "sessions")


def _is_cookie(match: re.Match[str]) -> bool:
    value = match["value"]
    return "=" in value or (len(value) >= 12 and " " not in value.strip())  # noqa: PLR2004 - a token


def _is_session(match: re.Match[str]) -> bool:
    """One of a browser: the sessions of a cluster are counted, and tell much of its trouble."""
    return _COUNTED.fullmatch(match["value"]) is None


def _no_words(match: re.Match[str]) -> bool:
    """A placeholder of a document has no body."""
    return re.search(r"[A-Za-z0-9+/]{20}", match[0][30:]) is not None


_TELLING = 3
"""Characters of a word that is rare enough to be looked for first."""


def _without_borders(pattern: str) -> str:
    """As RE2 takes it for a hint: without looking around, and without the most of a repetition."""
    return re.sub(r"\{(\d+),\d+\}", r"{\1,}", re.sub(r"\(\?<?[!=][^)]*\)", "", pattern))


_BY_GUARD = tuple(
    Form(
        Kind.KEY,
        _without_borders(form.pattern.pattern),
        form.pattern,
        words=any_of(form.hints) if min(map(len, form.hints)) >= _TELLING else "",
        anchored=True,
    )
    for form in BY_FORM
    if form.kind not in {"private key", "web token", "signed address"}
)
"""The table that scripts are judged by has the providers' own forms."""

FORMS = (
    *_BY_GUARD,
    Form(
        Kind.PRIVATE_KEY,
        "PRIVATE KEY",
        re.compile(
            rf"{_HEAD}(?:(?:(?!-----BEGIN)[\s\S]){{0,{_LONGEST_KEY}}}?{_TAIL}|{_LINES}{{0,800}})"
        ),
        _no_words,
    ),
    Form(
        Kind.PRIVATE_KEY,
        "Private-Lines:",
        re.compile(
            r"Private-Lines: ?\d{1,3}\s{1,4}(?P<value>(?:[A-Za-z0-9+/=]{4,80}\s{0,4}){1,200})"
        ),
    ),
    Form(
        Kind.JWT,
        "eyJ",
        re.compile(r"eyJ[\w-]{8,8192}\.[\w-]{2,16384}(?:\.[\w-]{0,8192}){0,3}"),
    ),
    Form(
        Kind.PASSWORD,
        r"(?i)[?&;](?:amp;)?(?:sig|x-amz-signature|x-goog-signature|signature|hmac|code)=",
        re.compile(
            r"(?i)[?&;](?:amp;)?(?:sig|x-amz-signature|x-goog-signature|signature|hmac|code)="
            r"(?P<value>[\w%+/.~=-]{16,2048})"
        ),
    ),
    Form(
        Kind.COOKIE,
        "(?i)cookie",
        re.compile(
            r"""(?i)\b(?:set-)?cookie["']?\s{0,4}[:=]\s{0,4}["']?(?P<value>[^\r\n"'\\]{3,4096})"""
        ),
        _is_cookie,
        anchored=True,
    ),
    Form(
        Kind.COOKIE,
        rf"(?i)(?:{_SESSIONS})[\"']?\s{{0,2}}[=:]",
        re.compile(
            rf"""(?i)(?<![\w-])(?:{_SESSIONS})["']?\s{{0,2}}[=:]\s{{0,2}}["']?"""
            r"""(?P<value>(?=[\w%.:/+~-]{0,40}\d)[\w%.:/+~-]{10,4096})"""
        ),
        _is_session,
        anchored=True,
    ),
)
