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


def without_control(text: str) -> str:
    """No control, format (bidirectional, zero-width), surrogate or private characters.

    Terminal sequences go whole: what is left of them would stick to the words around them.
    Line ends and tabs become blanks, so that one text stays one line wherever it is printed.
    """
    return "".join(
        character if not unicodedata.category(character).startswith("C") else _blank(character)
        for character in _TERMINAL.sub("", text)
    )


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
    return " " if character in "\t\n\r\v\f\x85" else ""
