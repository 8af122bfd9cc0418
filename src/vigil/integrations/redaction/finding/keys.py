"""Keys and tokens that are known by their form, wherever they stand."""

import re

from vigil.domain.redacted import Kind
from vigil.guard.credential_forms import BY_FORM
from vigil.integrations.redaction.finding.disorder import drawn
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
_ENDS_OF_SESSIONS = re.sub(r"(?:_\?)?\[a-z\]\{\d+,\d+\}", "", _SESSIONS)
"""Without what may stand before them, which makes a hint of many states."""


def _is_cookie(match: re.Match[str]) -> bool:
    value = match["value"]
    return "=" in value or (len(value) >= 12 and " " not in value.strip())  # noqa: PLR2004 - a token


def _is_session(match: re.Match[str]) -> bool:
    """One of a browser: the sessions of a cluster are counted, and tell much of its trouble."""
    return _COUNTED.fullmatch(match["value"]) is None


def _no_words(match: re.Match[str]) -> bool:
    """A placeholder of a document has no body."""
    return re.search(r"[A-Za-z0-9+/]{20}", match[0][30:]) is not None


_TELLING = {
    "GitLab token": "gl[a-z]{2,5}-",
    "mail service key": r"SG\.|key-[0-9a-f]|-us\d|(?:SK|AC)[0-9a-f]|sib-",
    "bot token": r"\d:AA|\.[\w-]{6}\.[\w-]{27}",
}
"""A part of each that is rare enough to be looked for first, where the guard's words are not."""


def _without_borders(pattern: str) -> str:
    """As RE2 takes it for a hint: without looking around, and without the most of a repetition."""
    return re.sub(r"\{(\d+),\d+\}", r"{\1,}", re.sub(r"\(\?<?[!=][^)]*\)", "", pattern))


_BY_GUARD = tuple(
    Form(
        Kind.KEY,
        _without_borders(form.pattern.pattern),
        form.pattern,
        words=_TELLING.get(form.kind) or ("(?i)" * form.any_case + any_of(form.hints)),
        anchored=True,
    )
    for form in BY_FORM
    if form.kind not in {"private key", "web token", "signed address"}
)
"""The table that scripts are judged by has the providers' own forms."""

_TAIL_OF_KEY = r"[A-Za-z0-9]{20,256}"
_SAYS_KEY = "sk|pk|rk|ak|key|pat|tok|token|secret|live|test|prod|sbox|sandbox|apikey|oauth|api|auth"


def _is_drawn(match: re.Match[str]) -> bool:
    return drawn(match["tail"])


FORMS = (
    *_BY_GUARD,
    # acme_live_..., acme-pat-...: of whoever will be there next year
    Form(
        Kind.KEY,
        rf"(?:{_SAYS_KEY})[_-]{_TAIL_OF_KEY}",
        re.compile(
            rf"(?<![A-Za-z0-9])(?:[a-z][a-z0-9]{{0,11}}[_-]){{0,3}}(?:{_SAYS_KEY})[_-]"
            rf"(?P<tail>{_TAIL_OF_KEY})(?![A-Za-z0-9])"
        ),
        _is_drawn,
        words=rf"(?:^|[^A-Za-z0-9])(?:{_SAYS_KEY})[_-][A-Za-z0-9]{{6}}",
    ),
    Form(
        Kind.KEY,
        r"[12]/\d{12}|[0-9a-f]{4}-[0-9a-f]{8}-[0-9a-f]{8}|st\.[0-9a-f]{24}\.",
        re.compile(
            r"(?<![\w/.-])(?:[12]/\d{12,20}(?:/\d{12,20})?:[0-9a-f]{32}"
            r"|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}|st\.[0-9a-f]{24}(?:\.[0-9a-f]{32}){2})(?![\w-])"
        ),
        words=r"[12]/\d{12}|-[0-9a-f]{8}-[0-9a-f]{8}|st\.[0-9a-f]{24}\.",
    ),
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
        words=rf"(?i)(?:{_ENDS_OF_SESSIONS})[\"']?\s{{0,2}}[=:]",
        anchored=True,
    ),
)
