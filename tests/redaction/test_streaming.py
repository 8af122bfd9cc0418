"""A text in pieces is redacted as if it came whole, however it is cut (below 10 s)."""

import random

import pytest

from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.integrations.redaction.finding.finder import Finder
from vigil.integrations.redaction.streaming import HELD, Stream

EMBEDDED = EmbeddedRedaction()
FIND = Finder()
PORTION = 64 * 1024
QUIET = "2026-11-23T22:14:07Z INFO request finished in 12 ms, order taken from the queue\n"
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "".join(
    f"MIIEpAIBAAKCAQEAx{number:03}4Zc9v3pQb7RkYw2Tn8Lm5Sd1Fg6Hj0Kq\n" for number in range(40)
)
SECRETS = (
    KEY + "-----END RSA PRIVATE KEY-----\n",
    'ERROR {"user": "anna.meier@example.org", "password": "correct-horse-9"}\n',
    "Authorization: Bearer 31d4d96e407aad42a9c1\n",
    "call Giovanni Esposito at +44 20 7946 0958, 17 Kingston Road\n",
)


def long_text(seed: int, *, lines: bool = True) -> str:
    draw = random.Random(seed)  # noqa: S311 - sizes, not secrets
    parts = [QUIET * draw.randrange(1, 900) + secret for secret in SECRETS * 3]
    text = "".join(parts) + QUIET * 10
    return text if lines else text.replace("\n", " ")


def in_pieces(text: str, sizes: list[int], seed: int) -> str:
    stream = Stream(FIND, portion=PORTION)
    draw = random.Random(seed)  # noqa: S311 - sizes, not secrets
    out, at = "", 0
    while at < len(text):
        size = draw.choice(sizes)
        out += stream.feed(text[at : at + size])
        at += size
    return out + stream.close()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("sizes", [[1_000_000], [1, 7, 997, 65_536], [4096]], ids=str)
def test_a_text_in_pieces_reads_as_if_it_came_whole(seed: int, sizes: list[int]) -> None:
    text = long_text(seed)
    assert len(text) > PORTION + HELD
    assert in_pieces(text, sizes, seed) == EMBEDDED.at_once(text).outbound.text


def test_so_does_one_without_lines() -> None:
    text = long_text(3, lines=False)
    assert in_pieces(text, [10_000], 3) == EMBEDDED.at_once(text).outbound.text


def test_a_secret_is_found_wherever_the_text_is_cut() -> None:
    """The end of a portion falls on each character of a secret."""
    secret = "password=correct-horse-9"
    for offset in range(0, len(secret), 3):
        stream = Stream(FIND, portion=PORTION)
        before = (QUIET * 4000)[: PORTION + HELD - offset - 1] + "\n"
        out = stream.feed(before + secret[:offset]) + stream.feed(secret[offset:] + "\n")
        assert "horse" not in out + stream.close()


def test_what_is_restored_is_what_came() -> None:
    text, stream = long_text(4), Stream(FIND, portion=PORTION)
    out = stream.feed(text) + stream.close()
    assert stream.tokens.restored(out) == text


def test_it_keeps_no_more_than_it_needs() -> None:
    stream = Stream(FIND, portion=PORTION)
    for _ in range(40):
        stream.feed(QUIET * 1000)
        assert len(stream._text) <= PORTION + 2 * HELD + len(QUIET) * 1000
