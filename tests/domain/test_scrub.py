"""The first sieve for strangers' text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.domain.scrub import clean, mask_secrets, without_control


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter2", "hunter2"),
        ("PASSWORD = 'two words'", "two words"),
        ('{"password": "hunter2", "user": "ann"}', "hunter2"),
        ("DB_PASSWORD=hunter2 started", "hunter2"),
        ("mypassword=hunter2", "hunter2"),
        ("api_key: abc123def", "abc123def"),
        ("client_secret=xyz&grant=1", "xyz"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ('"authorization": "Basic dXNlcjpwdw=="', "dXNlcjpwdw"),
        ("sent bearer abcdefgh12345678", "abcdefgh12345678"),
        ("Cookie: session=abc", "abc"),
        ("postgresql://shop:hunter2@db/shop", "hunter2"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJzdWIiOiIxIn0"),
        ("key sk-ant-api03-abcdefghijklmnop", "abcdefghijklmnop"),
        ("ghp_abcdefghijklmnop1234", "abcdefghijklmnop1234"),
        ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
        ("id 0123456789abcdef0123456789abcdef!", "0123456789abcdef"),
        ("t=aB3-xY7_aB3-xY7_aB3-xY7_aB3-xY7_aB3-xY7_aB3-xY7_", "aB3-xY7_aB3"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
    ],
)
def test_obvious_secrets_are_masked(text: str, secret: str) -> None:
    assert secret not in mask_secrets(text)
    assert "***" in mask_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "checkout failed for order 12345: relation orders does not exist",
        "released sha256:" + "0123456789abcdef" * 4,
        "request 123e4567-e89b-12d3-a456-426614174000 timed out",
        "in a_rather_long_function_name_of_some_module_v2_that_failed",
        "/opt/shop/releases/gorse-web-7/pricing.py:41 total",
        "could not obtain lock on row in relation stock",
        "http://127.0.0.1:18080/checkout answered 500",
        "the password was wrong",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert mask_secrets(text) == text


def test_so_does_everything_else_that_nobody_sees() -> None:
    hidden = "a\u3164b\u115fc\u2800d\ufe0fe\U000e0101f\u034fg"
    assert without_control(hidden) == "abcdefg"
    assert without_control("one\u2028two\u2029three") == "one two three"


def test_accents_stay_and_piles_of_them_go() -> None:
    assert without_control("Ma\u0308rz, Vie\u0302\u0323t") == "Ma\u0308rz, Vie\u0302\u0323t"
    assert without_control("a" + "\u0308" * 50 + "b") == "a" + "\u0308" * 3 + "b"


def test_control_characters_go_and_lines_become_one() -> None:
    assert without_control("a\x1b[31m\x00b\r\nc\td\u202ee\u200b") == "ab  c de"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1bP1$r\x1b\\b", "ab"),
        ("a\x1bMb", "ab"),
        ("a\x1b]0;no end", "a0;no end"),
        ("pass\x1b]0;t\x07word=hunter2", "password=hunter2"),
    ],
)
def test_terminal_sequences_go_whole(text: str, left: str) -> None:
    assert without_control(text) == left


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    assert "hun" not in clean("x" * 10 + " password=hunter2", 23)


@given(st.text(max_size=500), st.integers(1, 100))
def test_clean_is_bounded_printable_and_never_raises(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert all(character.isprintable() or character.isspace() for character in cleaned)
    cleaned.encode()


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["a", "a1", "A1-", "password", "://", "eyJ", "-----BEGIN ", "' ", "\x1b]", "\x1b]a"]
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    clean(piece * 100_000, 300)
