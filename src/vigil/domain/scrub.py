"""Make a stranger's text fit to keep and show: no control characters, no obvious secret, bounded.

This is the first sieve, for text that stays here. Text that may leave goes through the redaction
port, which knows more.
"""

import re
import unicodedata

MASK = "***"
MOST_READ = 16_384
"""Characters of one text that are looked at; what lies behind them is dropped unseen."""

_TERMINAL = re.compile(
    # CSI: colours and movements of the cursor
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"
    # OSC and its like (titles, links, the clipboard), up to BEL or ESC \
    r"|\x1b[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"
    # The short ones, and the head of a long one that has no end
    r"|\x1b[@-Z\\-_]"
)

_NAMES = (
    r"pass(?:word|wd|phrase)|\bpass|pwd|secret|(?:access|auth|refresh|session|id|csrf)?[_-]?token"
    r"|(?:api|access|private|secret|signing)[_-]?key|client[_-]?secret|credentials?"
    r"|(?:set-)?cookie|session[_-]?id"
)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z_-])"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # PEM blocks, also when the end was cut off.
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END|\Z)", re.DOTALL), MASK),
    # scheme://user:password@host
    (re.compile(r"(://[^\s/@:]{0,256}):[^\s/@]{1,256}@"), rf"\1:{MASK}@"),
    # Authorization: Bearer x, "authorization": "Basic x", and a bare Bearer x
    (
        re.compile(
            r"""(?i)((?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?:(?:bearer|basic|digest|token)\s{1,4})?[^\s"',;]{1,4096}"""
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer\s{1,4})[\w.~+/=-]{8,4096}"), rf"\1{MASK}"),
    # password=x, "api_key": "x", DB_PASSWORD='x y'
    (
        re.compile(
            rf"""(?i)((?:{_NAMES})["']?\s{{0,4}}[:=]\s{{0,4}})(?:"[^"]{{1,4096}}"?|'[^']{{1,4096}}'?|[^\s"'&,;}})\]]{{1,4096}})"""
        ),
        rf"\1{MASK}",
    ),
    # JSON web tokens, and tokens that say what they are by their first letters
    (re.compile(r"\beyJ[\w-]{8,4096}\.[\w-]{2,4096}(?:\.[\w-]{0,4096})?"), MASK),
    (
        re.compile(
            r"\b(?:sk|pk|rk)[-_][\w-]{16,512}|\bgh[opsur]_\w{16,255}|\bxox[a-z]-[\w-]{8,512}"
            r"|\bglpat-[\w-]{16,255}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
        ),
        MASK,
    ),
    # Long and mixed: a token more likely than a word. Digests (sha256:...) and UUIDs say nothing
    # secret and tell releases and requests apart, so they stay.
    (
        re.compile(
            rf"(?<![\w:-])(?!{_UUID})(?=[\w-]{{0,512}}[0-9])(?=[\w-]{{0,512}}[A-Za-z])"
            r"(?:[A-Za-z0-9+]{32,4096}|(?=[\w-]{0,512}[A-Z])(?=(?:[\w-]*?[0-9]){4})[\w-]{40,4096})={0,2}(?![\w-])"
        ),
        MASK,
    ),
)


_UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_UNSEEN = frozenset(
    # Fillers and selectors, which are letters and marks by their category, and an empty pattern of
    # dots: nobody sees them either.
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_ACCENTS = r"\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED_UP = re.compile(rf"([{_ACCENTS}]{{3}})[{_ACCENTS}]+")
"""More accents on one letter than any language has: they cover the lines above and below."""


def without_control(text: str) -> str:
    """No control, format (bidirectional, zero-width), surrogate or private characters, nor others
    that nobody sees or that are written over their neighbours.

    Terminal sequences go whole: what is left of them would stick to the words around them.
    Line ends and tabs become blanks, so that one text stays one line wherever it is printed.
    """
    if text.isascii() and text.isprintable():
        return text
    seen = "".join(
        _blank(character) if is_unseen(character) else character
        for character in _TERMINAL.sub("", text)
    )
    return _PILED_UP.sub(r"\1", seen)


def is_unseen(character: str) -> bool:
    """Whether nobody sees it: a line end or a tab is seen by what stands after it, and is one."""
    return unicodedata.category(character) in _UNSEEN_KINDS or character in _UNSEEN


def mask_secrets(text: str) -> str:
    """The text with what obviously is a secret replaced by ``***``."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def clean(text: str, limit: int) -> str:
    """The text without control characters and obvious secrets, at most ``limit`` characters.

    Secrets are masked before the text is cut: a secret that was cut in half would no longer look
    like one.
    """
    masked = mask_secrets(without_control(text[:MOST_READ])).strip()
    return masked if len(masked) <= limit else masked[: max(limit - 1, 0)] + "…"


def _blank(character: str) -> str:
    return " " if character in "\t\n\r\v\f\x85\u2028\u2029" else ""
