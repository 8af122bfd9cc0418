"""The promises of ``ports.redaction``, over each adapter (below 10 s)."""

import json
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.skyflow import BEARER, VAULT, Vault, running

from vigil.domain.errors import NotRedacted
from vigil.domain.redacted import Found, Kind
from vigil.domain.tokens import MOST_TOKENS, Tokens
from vigil.integrations.redaction.embedded import MOST_CHARS, EmbeddedRedaction
from vigil.integrations.redaction.skyflow import SkyflowRedaction
from vigil.integrations.redaction.skyflow_access import Bearer
from vigil.ports.redaction import Redaction

EMBEDDED = EmbeddedRedaction()
PRIVATE_KEY = (
    "-----BEGIN EC PRIVATE KEY-----\n"
    + "\n".join(
        "MIGlAgEBBDEA1yi+kzpV+5nUnRGzTjPPAPoMQlFu2WexPjZ4/uE97iD9024nWmdZ" for _ in range(4)
    )
    + "\n-----END EC PRIVATE KEY-----"
)
KEY = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
VALUES: dict[Kind, str] = {
    Kind.EMAIL: "anna.meier@example.org",
    Kind.PHONE: "+44 20 7946 0958",
    Kind.IP: "203.0.113.7",
    Kind.NAME: "Giovanni Esposito",
    Kind.ADDRESS: "17 Kingston Road",
    Kind.GOVERNMENT_ID: "536-22-8726",
    Kind.CARD: "4111 1111 1111 1111",
    Kind.IBAN: "DE89 3704 0044 0532 0130 00",
    Kind.KEY: KEY,
    Kind.JWT: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    Kind.PRIVATE_KEY: PRIVATE_KEY,
    Kind.SECRET: "gX69YO4CvBsVjzAwYxdGyDd30t5+9ez31gKATtj4",
}
IN_CONTEXT: dict[Kind, tuple[str, str]] = {
    Kind.PASSWORD: ("db_password=%s", "correct-horse-9"),
    Kind.COOKIE: ("Cookie: %s", "sid=31d4d96e407aad42; theme=dark"),
}
KEPT = (
    "pod shop-6d4cf56db6-x2k9p on node-3.eu-west-1.compute.internal",
    "request 3f2504e0-4f89-11d3-9a0c-0305e82c3301 failed",
    "image sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 8b1118b376c313ed420e5133ba91307817ed52c2, release v2.14.1-rc.3",
    "/var/lib/postgresql/15/main/base/16384/2619 and C:\\Windows\\System32\\drivers",
    "GET https://shop.example.org/api/v2/orders/1234567?page=2 503 in 1203 ms at 127.0.0.1:8080",
    "token refresh failed: token expired; password reset requested; max_tokens=4096",
    "2026-11-23T22:14:07.123456Z 1763936047123 ERROR worker-12 queue=payments depth=10423",
)


@pytest.fixture(params=["embedded", "skyflow"])
async def redaction(request: pytest.FixtureRequest) -> AsyncIterator[Redaction]:
    if request.param == "embedded":
        yield EMBEDDED
        return
    async with running(Vault({})) as server:
        yield SkyflowRedaction(server.url(""), VAULT, Bearer(BEARER), EMBEDDED)


# 1. nothing of it is left -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", VALUES, ids=str)
async def test_1_a_token_stands_for_it(redaction: Redaction, kind: Kind) -> None:
    text = f"2026-11-23 ERROR said {VALUES[kind]} to the shop"
    redacted = await redaction.redact(text, Tokens())
    assert redacted.outbound.text == f"2026-11-23 ERROR said [{kind.upper()}_1] to the shop"


@pytest.mark.parametrize("kind", IN_CONTEXT, ids=str)
async def test_1_also_for_what_is_told_by_what_is_beside_it(
    redaction: Redaction, kind: Kind
) -> None:
    around, value = IN_CONTEXT[kind]
    redacted = await redaction.redact(around % value, Tokens())
    assert redacted.outbound.text == around % f"[{kind.upper()}_1]"


async def test_1_a_secret_is_taken_out_wherever_it_stands_again(redaction: Redaction) -> None:
    first = await redaction.redact(
        "password: correct-horse-9\nlogin with correct-horse-9", Tokens()
    )
    assert "horse" not in first.outbound.text
    second = await redaction.redact("who is correct-horse-9?", first.tokens)
    assert second.outbound.text == "who is [PASSWORD_1]?"


HIDDEN: dict[str, Callable[[str], str]] = {
    "address": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "json": lambda value: "".join(f"\\u{ord(c):04x}" for c in value),
    "json in json": lambda value: json.dumps(json.dumps({"m": f"{value}\n"})),
    "zero width": "\u200b".join,
    "wide": lambda value: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value),
    "entities": lambda value: "".join(f"&#{ord(c)};" for c in value),
}


@pytest.mark.parametrize("how", HIDDEN)
@pytest.mark.parametrize("kind", [Kind.EMAIL, Kind.KEY, Kind.CARD], ids=str)
async def test_1_also_where_it_is_hidden(redaction: Redaction, how: str, kind: Kind) -> None:
    hidden = HIDDEN[how](VALUES[kind])
    redacted = await redaction.redact(f"said {hidden} again", Tokens())
    assert [found.kind for found in redacted.found] == [kind]
    assert hidden not in redacted.outbound.text
    assert redacted.tokens.restored(redacted.outbound.text) == f"said {hidden} again"


@pytest.mark.parametrize("line", KEPT)
async def test_1_what_an_investigation_needs_stays(redaction: Redaction, line: str) -> None:
    assert (await redaction.redact(line, Tokens())).outbound.text == line


# 2. one token for one value, and back again -------------------------------------------------------


async def test_2_one_value_has_one_token_in_all_texts_of_an_incident(redaction: Redaction) -> None:
    first = await redaction.redact("anna@example.org wrote to bo@example.org", Tokens())
    assert first.outbound.text == "[EMAIL_1] wrote to [EMAIL_2]"
    second = await redaction.redact("bo@example.org, cy@example.org", first.tokens)
    assert second.outbound.text == "[EMAIL_2], [EMAIL_3]"
    assert second.tokens.restored("ask [EMAIL_1], not [EMAIL_9]") == (
        "ask anna@example.org, not [EMAIL_9]"
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*VALUES.values(), *KEPT, "\n", " ", "ä", "[EMAIL_1]"]), max_size=9)
)
async def test_2_with_the_tokens_a_text_is_as_it_was(parts: list[str]) -> None:
    text = " ".join(parts)
    redacted = await EMBEDDED.redact(text, Tokens())
    assert redacted.tokens.restored(redacted.outbound.text) == text


async def test_2_the_tokens_show_nothing_of_what_they_stand_for(redaction: Redaction) -> None:
    redacted = await redaction.redact("password=hunter2-and-more", Tokens())
    assert "hunter2" not in f"{redacted.tokens!r} {redacted.tokens} {redacted!r}"


# 3. no token can be planted -----------------------------------------------------------------------


async def test_3_what_only_looks_like_a_token_has_one_itself(redaction: Redaction) -> None:
    text = "send [EMAIL_1] to anna@example.org"
    redacted = await redaction.redact(text, Tokens())
    assert redacted.outbound.text == "send [LOOKALIKE_1] to [EMAIL_1]"
    assert redacted.tokens.restored(redacted.outbound.text) == text


# 4. where it was ----------------------------------------------------------------------------------


async def test_4_places_are_code_points_of_the_text_as_given(redaction: Redaction) -> None:
    text = "\U0001f600 ä anna@example.org, \u200b4111 1111 1111 1111"
    redacted = await redaction.redact(text, Tokens())
    assert [(text[start:end], kind) for start, end, kind in redacted.found] == [
        ("anna@example.org", Kind.EMAIL),
        ("4111 1111 1111 1111", Kind.CARD),
    ]


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("aA1 :=@./-+_%\\\"'{}\n\u200bäЖ9,()x"), max_size=300))
def test_4_they_are_in_order_and_do_not_overlap(text: str) -> None:
    found = EMBEDDED.at_once(text).found
    at = 0
    for one in found:
        assert at <= one.start < one.end <= len(text)
        at = one.end


# 5. no answer means no ----------------------------------------------------------------------------


async def test_5_a_text_that_is_too_long_does_not_come_back(redaction: Redaction) -> None:
    with pytest.raises(NotRedacted) as raised:
        await redaction.redact("hunter2 " * (MOST_CHARS // 8 + 1), Tokens())
    assert "hunter2" not in str(raised.value)


async def test_5_neither_does_one_with_too_much_in_it(redaction: Redaction) -> None:
    text = "\n".join(f"user{number}@example.org" for number in range(MOST_TOKENS + 1))
    with pytest.raises(NotRedacted) as raised:
        await redaction.redact(text, Tokens())
    assert "example.org" not in str(raised.value)


# 6. what was found before is found again ----------------------------------------------------------


async def test_6_what_nothing_tells_any_more_stays_hidden(redaction: Redaction) -> None:
    whole = await redaction.redact("Zorvan Quillip <zq@example.org> wrote", Tokens())
    assert whole.outbound.text == "[NAME_1] <[EMAIL_1]> wrote"
    text, held = whole.tokens.read_back("of [NAME_1], not [NAME_2], [NAME_1]")
    assert text == "of Zorvan Quillip, not [NAME_2], Zorvan Quillip"
    assert held == (Found(3, 17, Kind.NAME), Found(33, 47, Kind.NAME))
    again = await redaction.redact(text, whole.tokens, held)
    assert again.outbound.text == "of [NAME_1], not [LOOKALIKE_1], [NAME_1]"
    assert again.tokens.restored(again.outbound.text) == text
