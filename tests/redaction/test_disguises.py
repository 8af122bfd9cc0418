"""A secret is found whatever it is dressed in (below 5 s)."""

import random
import string
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


@pytest.mark.parametrize(
    "address",
    ["anna [at] example [dot] org", "anna(at)example.org", "anna[@]example[.]org"],
)
def test_an_address_that_is_spelled_out_is_one(address: str) -> None:
    assert "anna" not in EMBEDDED.at_once(f"write to {address} soon").outbound.text


def test_what_has_colours_and_no_secret_stays() -> None:
    text = '\x1b[32mINFO\x1b[0m started "a" + "b" at [.] C:\\101\\202 = \n x\x00y'
    assert EMBEDDED.at_once(text).outbound.text == text
