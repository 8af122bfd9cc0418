"""Credentials in what a script prints, line by line, as it is passed on and kept."""

import asyncio
import base64
import json
import time
from pathlib import Path

import pytest

from vigil.domain.raw_grant import RawGrant
from vigil.runner.credentials import MAX_BYTES, Credential, Hidden, NoCredential, credentials_of
from vigil.runner.forms import MOST_WORDS, forms_of
from vigil.runner.limits import Limits
from vigil.runner.output import pump

LIMITS = Limits()
PASSWORD = "S3cretPassphraseX9"


class Printed:
    """What a script prints, all at once."""

    def __init__(self, raw: bytes) -> None:
        self._left = raw

    async def read(self, most: int, /) -> bytes:
        now, self._left = self._left[:most], self._left[most:]
        return now


def shown(credential: bytes, printed: bytes) -> str:
    """A printed line as it is passed on; the tail keeps the same."""
    hide = Hidden((Credential(name="x", content=credential),))
    lines: list[str] = []
    tail = asyncio.run(pump(Printed(printed), LIMITS, lines.append, hide))
    (line,) = lines
    assert tail.text == line
    return line


@pytest.mark.parametrize("seen", range(6, len(PASSWORD)))
def test_at_the_end_of_a_line_that_was_cut_off(seen: int) -> None:
    before = b"y " * 1000
    line = before[: LIMITS.line_chars - 1 - seen] + PASSWORD.encode() + b" and more" * 5
    told = shown(PASSWORD.encode(), line)
    assert PASSWORD[:6] not in told
    assert len(told) <= LIMITS.line_chars + len("[credential]")


def test_at_the_end_of_what_is_read_of_a_line() -> None:
    most = LIMITS.line_chars * 4
    # Colours are taken out of a line, and what lies behind them moves to the front.
    line = (b"\x1b[0m" * most)[: most - 8] + PASSWORD.encode() * 2
    assert shown(PASSWORD.encode(), line) == "[credential]"


def test_with_a_character_that_was_cut_in_half() -> None:
    most = LIMITS.line_chars * 4
    secret = "päßwörd-ünd-mehr"
    line = (b"\x1b[0m" * most)[: most - 9] + secret.encode() * 2
    assert "päß" not in shown(secret.encode(), line)


def test_that_would_be_masked_in_part() -> None:
    secret = b"password=abc,defghijkl;mnopqrs"
    assert shown(secret + b"\n", b"it is " + secret) == "it is [credential]"


def test_with_control_characters_between() -> None:
    assert shown(PASSWORD.encode(), b"is S3cret\x1b[31mPassphrase\x00X9") == "is [credential]"


@pytest.mark.parametrize(
    ("credential", "printed"),
    [
        ("db.internal:5432:app:app:S3cretPassphraseX9\n", "S3cretPassphraseX9"),
        ("[client]\nuser = app\npassword = 'S3cretPassphraseX9'\n", "S3cretPassphraseX9"),
        ("postgres://app:S3cretPassphraseX9@db/shop", "S3cretPassphraseX9"),
        ('{"user": "app", "password": "hunter2 two;x"}', "hunter2 two;x"),
        ('{"keys": [{"k": "first\\nsecond-line"}]}', "second-line"),
        ('{"pin": 1234567890}', "1234567890"),
        ('se"cr\\et/pass+word', json.dumps('se"cr\\et/pass+word')[1:-1]),
        ("gehörtmir!", json.dumps("gehörtmir!")[1:-1]),
        ("a+b/c d&e=f;g", "a%2bb%2fc%20d%26e%3df%3bg"),
        ("a+b/c d&e=f;g", "a%2Bb%2Fc+d%26e%3Df%3Bg"),
        (PASSWORD, PASSWORD.encode().hex().upper()),
    ],
)
def test_in_other_forms_and_of_several_fields(credential: str, printed: str) -> None:
    assert shown(credential.encode(), f"is {printed} ok".encode()) == "is [credential] ok"


def test_in_base64_for_urls() -> None:
    secret = "pa??ss>>word~~ÿÿ12".encode()
    encoded = base64.urlsafe_b64encode(secret).decode()
    assert set("-_") & set(encoded)
    told = shown(secret, f"is {encoded}".encode())
    assert told.startswith("is [credential]")
    assert encoded[:8] not in told


def test_what_everybody_may_read_stays() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PRIVATE KEY-----\n"
    hide = Hidden((Credential(name="x", content=pem.encode()),))
    assert hide("-----BEGIN of the end") == "-----BEGIN of the end"
    hide = Hidden((Credential(name="x", content=b'{"password": "hunter2 two;x"}'),))
    assert hide("password authentication failed") == "password authentication failed"


def test_taken_out_twice_reads_as_once() -> None:
    hide = Hidden((Credential(name="x", content=b"credential:S3cretPassphraseX9"),))
    assert hide(hide(f"is {PASSWORD}")) == "is [credential]"


def test_of_too_many_lines_begins_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    grant = RawGrant(host="api.example.com", port=443, credential_file=str(kept))
    lines = [f"line-{number:04}" for number in range(MOST_WORDS + 1)]
    kept.write_text("\n".join(lines[:-1]))
    assert len(credentials_of({"admin": grant})) == 1
    kept.write_text("\n".join(lines))
    with pytest.raises(NoCredential, match=f"more than {MOST_WORDS} lines") as refused:
        credentials_of({"admin": grant})
    assert lines[0] not in str(refused.value)


def test_json_without_end_is_read_as_text() -> None:
    content = b"[" * MAX_BYTES
    assert content.decode() in forms_of(content)


@pytest.mark.parametrize(
    "content",
    [
        b"".join(b"ABCDEF%058d\n" % number for number in range(120)),
        b"".join(b"ABCDEF+/%056d\n" % number for number in range(120)),
        b"abcdef" * (MAX_BYTES // 6),
        bytes(range(33, 127)) * (MAX_BYTES // 94),
    ],
    ids=["lines alike", "lines that URLs spell in another way", "repeats itself", "long"],
)
def test_in_a_little_time_whatever_is_printed(content: bytes) -> None:
    """So little that a runner that is told thousands of lines still answers others."""
    hide = Hidden((Credential(name="x", content=content),))
    begin = content[:6].decode()
    for line in ((begin * 400)[: LIMITS.line_chars - 1], "abcdefg " * (LIMITS.line_chars // 8)):
        began = time.thread_time()
        for _ in range(20):
            hide(line)
        assert (time.thread_time() - began) / 20 < 0.010
