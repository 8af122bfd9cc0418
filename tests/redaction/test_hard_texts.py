"""No text makes the redactor slow, and none makes it fail (about 15 s)."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.integrations.redaction.embedded import EmbeddedRedaction

EMBEDDED = EmbeddedRedaction()
SIZE = 6_000
UNENDING: dict[str, Callable[[int], str]] = {
    "digits": lambda n: "1" * n,
    "digits and blanks": lambda n: "1 " * (n // 2),
    "digits and dashes": lambda n: "12-" * (n // 3),
    "dots": lambda n: "1." * (n // 2),
    "colons": lambda n: "a:" * (n // 2),
    "at signs": lambda n: "a@" * (n // 2),
    "a long local part": lambda n: "a." * (n // 2) + "@",
    "a long host": lambda n: "a@" + "b." * (n // 2),
    "names": lambda n: "Anna " * (n // 5),
    "capitals": lambda n: "A" * n,
    "capital words": lambda n: "Aa " * (n // 3),
    "streets": lambda n: "12 Main " * (n // 8),
    "rues": lambda n: "rue de la " * (n // 10),
    "passwords": lambda n: "password=" * (n // 9),
    "pass pass": lambda n: "pass" * (n // 4),
    "quotes": lambda n: 'password="' + "\\" * n,
    "open keys": lambda n: "-----BEGIN PRIVATE KEY-----\n" * (n // 28),
    "an open key": lambda n: "-----BEGIN PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA1234\n" * (n // 21),
    "web tokens": lambda n: "eyJhbGciOiJIUzI1NiJ9." * (n // 21),
    "addresses": lambda n: "http://a:" * (n // 9),
    "percent signs": lambda n: "%25" * (n // 3),
    "backslashes": lambda n: "\\" * n,
    "escapes": lambda n: "\\u0041" * (n // 6),
    "invisible": lambda n: "\u200b" * n,
    "cyrillic": lambda n: "Анна " * (n // 5),
    "han": lambda n: "田中" * (n // 2),
    "base64": lambda n: "aB3dE5" * (n // 6),
    "brackets": lambda n: "[EMAIL_" * (n // 7),
    "cookies": lambda n: "cookie: " * (n // 8),
    "plus": lambda n: "+1(" * (n // 3),
    "calls": lambda n: "call me at " * (n // 11),
    "address is": lambda n: "address is 1 " * (n // 13),
    "mysql": lambda n: "mysql -u " * (n // 9),
    "names in a row": lambda n: "Anna and " * (n // 9),
    "greetings": lambda n: "Dear Anna " * (n // 10),
    "seeds": lambda n: "seed: abc " + "abc " * (n // 4),
    "strings": lambda n: "'a' + " * (n // 6),
    "colours": lambda n: "\x1b[31m" * (n // 5),
    "spelled out": lambda n: "a [at] " * (n // 7),
    "small names": lambda n: "natasha higuchi " * (n // 16),
    "one case": lambda n: "g1h2j3k4" * (n // 8),
    "hexadecimal": lambda n: "6768705f" * (n // 8),
    "groups": lambda n: "MT84 MALT " * (n // 10),
    "streets with codes": lambda n: "Damrak 70, " * (n // 11),
    "hex and colons": lambda n: "ab:" * (n // 3),
    "iban": lambda n: "DE89 3704 " * (n // 10),
}


def cost(text: str) -> float:
    begun = time.process_time()
    EMBEDDED.at_once(text)
    return time.process_time() - begun


@pytest.mark.parametrize("name", UNENDING)
def test_no_text_takes_more_than_its_length(name: str) -> None:
    """Four times the text takes four times as long, not sixteen times."""
    EMBEDDED.at_once(UNENDING[name](100))
    once = min(cost(UNENDING[name](SIZE)) for _ in range(3))
    longer = min(cost(UNENDING[name](4 * SIZE)) for _ in range(2))
    assert longer < 9 * once + 0.2, f"{once:.3f} s, then {longer:.3f} s"


PIECES = [
    *"=:\"'\\.@ \n+()\u200b\u0430田ß\ud83d\x00\U0001f600",
    *("password", "\\u0041", "%41", "eyJ", "-----BEGIN RSA PRIVATE KEY-----", "-----END", "ghp_"),
    *(
        "AKIA",
        "1234",
        "Anna",
        "Street",
        "12",
        "://",
        "&#64;",
        "[EMAIL_1]",
        "cookie",
        "Bearer",
        "DE89",
    ),
]


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
)
def test_any_text_is_redacted_and_restored(text: str) -> None:
    redacted = EMBEDDED.at_once(text)
    assert redacted.tokens.restored(redacted.outbound.text) == text
