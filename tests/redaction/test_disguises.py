"""A secret is found whatever it is dressed in (below 5 s)."""

import random
import string
import sys
import unicodedata
from collections.abc import Callable
from urllib.parse import quote

import pytest

from vigil.integrations.redaction.embedded import EmbeddedRedaction

EMBEDDED = EmbeddedRedaction()
DRAW = random.Random(11)  # noqa: S311 - the secret of nobody
BODY = "".join(DRAW.choice(string.ascii_letters + string.digits) for _ in range(36))
SECRET = f"ghp_{BODY}"


def each(form: str) -> Callable[[str], str]:
    """Every character in this form."""
    return lambda text: "".join(form % ord(character) for character in text)


def cut(between: str, at: int = 8) -> Callable[[str], str]:
    """Something in its middle."""
    return lambda text: text[:at] + between + text[at:]


DISGUISES: dict[str, Callable[[str], str]] = {
    "nothing": str,
    "percent signs": each("%%%02X"),
    "percent signs, twice": lambda text: quote(each("%%%02X")(text)),
    "entities": each("&#%d;"),
    "\\u": each("\\u%04x"),
    "\\u{}": each("\\u{%x}"),
    "\\U": each("\\U%08x"),
    "\\x": each("\\x%02x"),
    "octal": each("\\%03o"),
    "colours of a terminal": lambda text: f"\x1b[31m{cut(chr(27) + '[1;32m')(text)}\x1b[0m",
    "a zero byte": cut("\x00"),
    "a backspace": cut("\x08"),
    "a space of no width": cut("\u200b"),
    "a soft hyphen": cut("\u00ad"),
    "an accent of its own": cut("\u0301"),
    "a line that goes on": cut("\\\n", 22),
    "a soft break of a mail": cut("=\n", 22),
    "two strings": cut('" + "', 10),
    "three strings": lambda text: cut("'+'", 10)(cut("' +\n  '", 24)(text)),
    "wide letters": lambda text: "".join(chr(ord(character) + 0xFEE0) for character in text),
    "a letter of another alphabet": lambda text: text.replace("p", "\u0440", 1),
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_it_is_found_in(disguise: str) -> None:
    dressed = DISGUISES[disguise](SECRET)
    text = f'said "{dressed}" to the shop'
    redacted = EMBEDDED.at_once(text)
    left = redacted.outbound.text
    assert left.startswith('said "')
    assert left.endswith('" to the shop')
    assert len(left) < len('said "" to the shop') + 30, left
    assert redacted.tokens.restored(left) == text


ZEROS = [
    chr(number)
    for number in range(128, sys.maxunicode + 1)
    if unicodedata.decimal(chr(number), None) == 0
]
WORDS = {
    "Armenian": "passw\u0585rd",
    "Armenian, two": "\u057dser_passw\u0585rd",
    "Greek": "passw\u03c3rd",
    "Cyrillic": "\u0440\u0430\u0455\u0455w\u043erd",
    "Cherokee": "\u13e2\u13aa\u13da\u13daWO\u13a1\u13a0",
    "Coptic": "\u2ca3assw\u2c9frd",
    "small capitals": "\u1d18\u1d00\ua731\ua731\u1d21\u1d0f\u0280\u1d05",
    "raised letters": "\u1d56\u1d43\u02e2\u02e2\u02b7\u1d52\u02b3\u1d48",
    "dots above": "\u1e57\u0227\u1e61\u1e61\u1e87\u022f\u1e59\u1e0b",
    "dots below": "p\u1ea1\u1e63\u1e63w\u1ecdr\u1e0d",
    "a caron": "p\u01cessword",
}


@pytest.mark.parametrize("zero", ZEROS, ids=unicodedata.name)
def test_a_number_is_one_in_the_digits_of(zero: str) -> None:
    card = "".join(chr(ord(zero) + int(c)) if c.isdigit() else c for c in "4111 1111 1111 1111")
    redacted = EMBEDDED.at_once(f"paid with {card} now")
    assert redacted.outbound.text == "paid with [CARD_1] now"
    assert redacted.tokens.restored(redacted.outbound.text) == f"paid with {card} now"


@pytest.mark.parametrize("how", WORDS)
def test_a_word_tells_what_is_beside_it_in(how: str) -> None:
    left = EMBEDDED.at_once(f"{WORDS[how]}=correct-horse-9 now").outbound.text
    assert left == f"{WORDS[how]}=[PASSWORD_1] now"


@pytest.mark.parametrize(
    "text",
    [
        "Kh\u00f4ng th\u1ec3 k\u1ebft n\u1ed1i t\u1edbi m\u00e1y ch\u1ee7 sau 30 gi\u00e2y",
        "فشل الاتصال بعد ٣٠ ثانية",
        "\u03b7 \u03c3\u03cd\u03bd\u03b4\u03b5\u03c3\u03b7 503",
    ],
    ids=["Vietnamese", "Arabic", "Greek"],
)
def test_what_is_only_written_in_another_language_stays(text: str) -> None:
    assert EMBEDDED.at_once(text).outbound.text == text


@pytest.mark.parametrize(
    "address",
    ["anna [at] example [dot] org", "anna(at)example.org", "anna[@]example[.]org"],
)
def test_an_address_that_is_spelled_out_is_one(address: str) -> None:
    assert "anna" not in EMBEDDED.at_once(f"write to {address} soon").outbound.text


def test_what_has_colours_and_no_secret_stays() -> None:
    text = '\x1b[32mINFO\x1b[0m started "a" + "b" at [.] C:\\101\\202 = \n x\x00y'
    assert EMBEDDED.at_once(text).outbound.text == text
