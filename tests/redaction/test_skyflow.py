"""Skyflow Detect, spoken to over HTTP with a vault of the tests' own (below 10 s)."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import re2
from tests.support.http_server import Answer, Server
from tests.support.skyflow import BEARER, VAULT, Vault, refused, running

from vigil.domain.errors import NotRedacted, PortUnavailable
from vigil.domain.redacted import Kind
from vigil.domain.tokens import Tokens
from vigil.integrations.redaction import skyflow_asking
from vigil.integrations.redaction.chunks import MOST, chunks
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.integrations.redaction.retold import told_apart
from vigil.integrations.redaction.skyflow import KEPT, SkyflowRedaction
from vigil.integrations.redaction.skyflow_access import Bearer

EMBEDDED = EmbeddedRedaction()
CONTRACT = Path(__file__).parents[3] / "shared/contracts/skyflow/detect.derived.openapi.json"
FINDS = {"qwertzy": "name", "zorblax": "username", "99 bottles": "healthcare_number"}
TEXT = "qwertzy (zorblax) paid with 4111 1111 1111 1111, said qwertzy"


@pytest.fixture
def vault() -> Vault:
    return Vault(dict(FINDS))


@pytest.fixture
async def server(vault: Vault) -> AsyncIterator[Server]:
    async with running(vault) as serving:
        yield serving


@pytest.fixture
def redaction(server: Server, monkeypatch: pytest.MonkeyPatch) -> SkyflowRedaction:
    monkeypatch.setattr(skyflow_asking, "PAUSE_S", 0.01)
    return SkyflowRedaction(server.url(""), VAULT, Bearer(BEARER), EMBEDDED)


async def test_what_both_find_goes_under_the_incidents_tokens(
    redaction: SkyflowRedaction, vault: Vault
) -> None:
    redacted = await redaction.redact(TEXT, Tokens(values={"[NAME_1]": "Anna"}))
    assert redacted.outbound.text == "[NAME_2] ([PERSONAL_1]) paid with [CARD_1], said [NAME_2]"
    assert redacted.tokens.restored(redacted.outbound.text) == TEXT
    assert [(TEXT[start:end], kind) for start, end, kind in redacted.found] == [
        ("qwertzy", Kind.NAME),
        ("zorblax", Kind.PERSONAL),
        ("4111 1111 1111 1111", Kind.CARD),
        ("qwertzy", Kind.NAME),
    ]


async def test_no_secret_is_given_to_the_vendor(redaction: SkyflowRedaction, vault: Vault) -> None:
    await redaction.redact("password=correct-horse-9, card 4111 1111 1111 1111", Tokens())
    assert [body["text"] for body in vault.asked] == ["password=[PASSWORD_1], card [CARD_1]"]


async def test_a_long_text_is_asked_in_parts_and_has_one_token_for_one_value(
    redaction: SkyflowRedaction, vault: Vault
) -> None:
    text = "".join(f"line {n:05} of zorblax and user-{n % 7} qwertzy\n" for n in range(400))
    vault.finds["user-3"] = "username"
    redacted = await redaction.redact(text, Tokens())
    assert len(vault.asked) > 3
    assert len(redacted.tokens.values) == 3
    assert "zorblax" not in redacted.outbound.text
    assert redacted.tokens.restored(redacted.outbound.text) == text


@pytest.mark.parametrize(
    "answer",
    [
        {"entities": []},
        {"processed_text": None, "entities": []},
        {"processed_text": TEXT.replace("qwertzy", "[NAME_1]"), "entities": []},
        {"processed_text": "[NAME_1]", "entities": [{"token": "[NAME_1]", "value": "other"}]},
        {"processed_text": "", "entities": []},
        {"processed_text": TEXT, "entities": [{"token": None, "value": "qwertzy"}]},
        ["processed_text"],
    ],
)
async def test_an_answer_that_does_not_fit_lets_nothing_leave(
    redaction: SkyflowRedaction, vault: Vault, answer: object
) -> None:
    vault.first = [Answer(200, json.dumps(answer).encode())]
    with pytest.raises(NotRedacted) as raised:
        await redaction.redact(TEXT, Tokens())
    assert "qwertzy" not in str(raised.value)


async def test_an_answer_that_never_ends_is_not_read_whole(
    redaction: SkyflowRedaction, vault: Vault
) -> None:
    vault.first = [Answer(200, b"x" * 100_000, repeat=200)]
    with pytest.raises(NotRedacted, match="too long"):
        await redaction.redact(TEXT, Tokens())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
async def test_a_refusal_is_told_with_what_to_look_at(
    redaction: SkyflowRedaction, vault: Vault, status: int
) -> None:
    vault.first = [refused(status, "NO")] * 3
    with pytest.raises(NotRedacted, match=f"answered {status}.*SKYFLOW_BEARER_TOKEN"):
        await redaction.redact(TEXT, Tokens())
    assert len(vault.first) == 2, "it is not asked again"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_it_is_asked_again_where_that_may_help(
    redaction: SkyflowRedaction, vault: Vault, status: int
) -> None:
    vault.first = [refused(status, "LATER", retry_after="0")] * 2
    assert (await redaction.redact(TEXT, Tokens())).found
    vault.first = [refused(status, "LATER")] * 9
    with pytest.raises(PortUnavailable, match=f"answered {status}"):
        await redaction.redact(TEXT, Tokens())
    assert len(vault.first) == 6


async def test_waiting_ends_at_the_deadline(
    redaction: SkyflowRedaction, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skyflow_asking, "DEADLINE_S", 0.3)
    vault.first = [refused(429, "LATER", retry_after="3600")]
    with pytest.raises(PortUnavailable, match="did not answer within"):
        await redaction.redact(TEXT, Tokens())


async def test_nobody_there_is_no_answer(
    redaction: SkyflowRedaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = SkyflowRedaction("http://127.0.0.1:9/?key=secret", VAULT, Bearer(BEARER), EMBEDDED)
    with pytest.raises(PortUnavailable) as raised:
        await gone.redact(TEXT, Tokens())
    assert "secret" not in str(raised.value)
    assert BEARER not in str(raised.value)


async def test_its_health_is_told(redaction: SkyflowRedaction, vault: Vault) -> None:
    assert (await redaction.health()).ok
    vault.first = [refused(401, "NO")]
    ill = await redaction.health()
    assert not ill.ok
    assert "answered 401" in ill.text
    assert ill.remedy


async def test_its_answers_are_not_logged(
    redaction: SkyflowRedaction, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await redaction.redact(TEXT, Tokens())
    assert "qwertzy" not in caplog.text
    assert BEARER not in caplog.text


async def test_the_vault_of_the_tests_keeps_the_contract(
    redaction: SkyflowRedaction, vault: Vault
) -> None:
    if not CONTRACT.exists():
        pytest.skip("the contract is not here")
    schemas = json.loads(CONTRACT.read_text())["components"]["schemas"]
    await redaction.redact(TEXT, Tokens())
    (asked,), (answered,) = vault.asked, vault.answered
    assert set(schemas["DeidentifyStringRequest"]["required"]) <= set(asked)
    assert set(asked) <= set(schemas["DeidentifyStringRequest"]["properties"])
    assert set(asked["entity_types"]) <= set(schemas["EntityType"]["enum"])
    assert set(answered) <= set(schemas["DeidentifyStringResponse"]["properties"])
    entity = schemas["StringResponseEntities"]["properties"]
    assert all(set(one) <= set(entity) for one in answered["entities"])
    location = schemas["Locations"]["properties"]
    assert all(set(one["location"]) <= set(location) for one in answered["entities"])


PRIVATE = {
    "ssn": ("078051120", "078-05-1120", "078 05 1120", "536.228.726"),
    "phone_number": ("4155552671", "555.010.9999", "20.32.85.26", "+14155552671", "0171/1234567"),
    "credit_card": ("4111111111111111", "4111.1111.1111.1111", "4111-1111-1111-1111"),
    "cvv": ("123",),
    "bank_account": ("000123456789", "12345678901234567890", "12/345/678"),
    "account_number": ("8841002", "10.20.30.40", "a1234567"),
    "passport_number": ("c01234567", "a12345678", "340007237", "C01X00T47"),
    "driver_license": ("d1234567", "f25592150094", "12345678a", "99999999f"),
    "healthcare_number": ("9434765919", "943 476 5919"),
    "dob": ("12.05.1985", "1985.05.12", "12.05.85", "1985-05-12", "12/05/1985", "19850512"),
    "age": ("42",),
    "name": ("john.smith", "anna.meier", "anna", "deed", "facade", "adaface"),
    "username": ("j.r.smith", "anna.b.meier", "john.smith2", "anna-maria.meier", "anna.de", "a.li"),
    "email_address": ("anna@mail.example.org", "anna.meier@10.0.0.1", "anna@db-1.eu.example.com"),
    "ip_address": ("203.0.113.7", "203.0.113.7:443", "2001:db8::7"),
    "location_zip": ("62704", "62704-1234"),
    "location_coordinate": ("52.5200", "52.52.12", "52.5200,13.4050"),
    "vehicle_id": ("1hgcm82633a004352", "1HGCM82633A004352"),
    "password": ("correct.horse", "deadbeef", "1234567"),
}
NEEDED = (
    "[EMAIL_1]",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "8b1118b",
    "8b1118b376c313ed420e5133ba91307817ed52c2",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "12345678901234567890123456789012",
    "shop.example.org",
    "db.shop.svc.cluster.local:5432",
    "node-3.eu-west-1.compute.internal",
    "db.prod:5432",
    "web-1.shop.prod",
    "v2.14.1-rc.3",
    "2.14.1",
    "0.27.12",
    "/var/lib/postgresql/15",
)


@pytest.mark.parametrize("kind", PRIVATE)
async def test_no_form_that_is_kept_fits_what_is_asked_for(
    redaction: SkyflowRedaction, vault: Vault, kind: str
) -> None:
    for value in PRIVATE[kind]:
        assert not [form for form in KEPT if re2.search(form, value)], value
        vault.finds = {value: kind}
        left = (await redaction.redact(f"a row with {value} in it", Tokens())).outbound.text
        assert value not in left
        assert kind in vault.asked[-1]["entity_types"]


@pytest.mark.parametrize("needed", NEEDED)
async def test_what_an_investigation_needs_is_kept(
    redaction: SkyflowRedaction, vault: Vault, needed: str
) -> None:
    assert [form for form in KEPT if re2.search(form, needed)]
    vault.finds = {needed: "name"}
    assert await _seen_by(vault, redaction, f"a row with {needed} in it") == []


async def test_what_only_has_one_of_them_in_it_is_not(
    redaction: SkyflowRedaction, vault: Vault
) -> None:
    vault.finds = {"qwertzy of shop.example.org": "name"}
    seen = await _seen_by(vault, redaction, "said qwertzy of shop.example.org")
    assert seen == ["qwertzy of shop.example.org"]


async def test_addresses_of_machines_stay_where_their_owner_wants_it(
    server: Server, vault: Vault
) -> None:
    vault.finds = {"203.0.113.7": "ip_address"}
    embedded = EmbeddedRedaction(ips=False)
    redaction = SkyflowRedaction(server.url(""), VAULT, Bearer(BEARER), embedded, ips=False)
    assert (await redaction.redact("from 203.0.113.7", Tokens())).found == ()


async def _seen_by(vault: Vault, redaction: SkyflowRedaction, text: str) -> list[str]:
    """What the vault takes for private."""
    await redaction.redact(text, Tokens())
    return [entity["value"] for entity in vault.answered[-1]["entities"]]


def test_parts_are_the_text_and_cut_no_word() -> None:
    text = ("word " * 3000) + "x" * 9000 + "\n" + "line\n" * 2000
    parts = chunks(text)
    assert "".join(part.text for part in parts) == text
    assert [text[part.start : part.start + 3] for part in parts] == [p.text[:3] for p in parts]
    assert max(len(part.text) for part in parts) <= MOST
    assert parts[0].text.endswith(" ")
    assert chunks("") == ()


def test_a_token_that_nobody_explained_stands_for_itself() -> None:
    assert told_apart("a [X_1] b", "a [X_1] b", {}) == ()
    assert told_apart("a c b", "a [X_1] b", {}) is None
    assert told_apart("a c b", "a [X_1] b", {"[X_1]": "c"}) == ((2, 3, "[X_1]"),)
    assert told_apart("a c b", "a [X_1]", {"[X_1]": "c"}) is None
