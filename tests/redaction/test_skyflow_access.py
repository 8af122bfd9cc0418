"""A service account's tokens: asked for with a signature that the vault checks (below 10 s)."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.http_server import Answer, Server
from tests.support.skyflow import TOKEN_PATH, VAULT, Vault, new_account, refused, running

from vigil.domain.errors import NotRedacted, PortUnavailable
from vigil.domain.tokens import Tokens
from vigil.integrations.redaction import skyflow_asking
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.integrations.redaction.skyflow import SkyflowRedaction
from vigil.integrations.redaction.skyflow_access import MARGIN_S, ServiceAccount

HALF = '{"clientID": "c", "keyID": "k", "tokenURI": "%s", "privateKey": "hunter2"}'
EMBEDDED = EmbeddedRedaction()
CONTRACT = Path(__file__).parents[3] / "shared/contracts/skyflow/detect.derived.openapi.json"


class Clock:
    """The world's, set forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(clock: Clock) -> Vault:
    return Vault({"qwertzy": "name"}, now=clock)


@pytest.fixture
async def server(vault: Vault) -> AsyncIterator[Server]:
    async with running(vault) as serving:
        yield serving


@pytest.fixture
def file(vault: Vault, server: Server, tmp_path: Path) -> Path:
    path = tmp_path / "account.json"
    new_account(vault, server.url(TOKEN_PATH), path)
    return path


@pytest.fixture
def key(file: Path) -> str:
    """A line out of its middle."""
    return str(json.loads(file.read_text())["privateKey"].splitlines()[3])


@pytest.fixture
def redaction(
    server: Server, file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> SkyflowRedaction:
    monkeypatch.setattr(skyflow_asking, "PAUSE_S", 0.01)
    return SkyflowRedaction(server.url(""), VAULT, ServiceAccount(file, clock), EMBEDDED)


async def left_of(redaction: SkyflowRedaction, text: str = "for qwertzy") -> str:
    return (await redaction.redact(text, Tokens())).outbound.text


async def test_one_token_is_asked_for_and_used(redaction: SkyflowRedaction, vault: Vault) -> None:
    texts = ["for qwertzy", "qwertzy again " * 2000]
    await asyncio.gather(*(left_of(redaction, text) for text in texts))
    assert await left_of(redaction) == "for [NAME_1]"
    assert len(vault.asked) > 3
    assert len(vault.given) == 1


async def test_another_is_asked_for_shortly_before_its_end(
    redaction: SkyflowRedaction, vault: Vault, clock: Clock
) -> None:
    vault.life_s = 600
    await left_of(redaction)
    clock.ahead = 600 - MARGIN_S - 30
    await left_of(redaction)
    assert len(vault.given) == 1
    clock.ahead = 600 - MARGIN_S + 1
    await left_of(redaction)
    assert len(vault.given) == 2


async def test_one_that_was_taken_back_is_renewed_once(
    redaction: SkyflowRedaction, vault: Vault
) -> None:
    await left_of(redaction)
    vault.good.clear()
    assert await left_of(redaction) == "for [NAME_1]"
    assert len(vault.given) == 2
    vault.good.clear()
    vault.first = [refused(401, "UNAUTHENTICATED")]
    assert await left_of(redaction) == "for [NAME_1]"


async def test_it_is_not_asked_for_ever(redaction: SkyflowRedaction, vault: Vault) -> None:
    class Never(set[str]):
        def add(self, _: str) -> None: ...

    vault.good = Never()
    with pytest.raises(NotRedacted, match=r"answered 401.*SKYFLOW_CREDENTIALS_FILE"):
        await left_of(redaction)
    assert len(vault.given) == 2


async def test_a_key_that_the_vault_does_not_know_gets_nothing(
    redaction: SkyflowRedaction, vault: Vault, server: Server, file: Path
) -> None:
    new_account(Vault({}), server.url(TOKEN_PATH), file)
    with pytest.raises(NotRedacted, match="answered 401 to the service account"):
        await left_of(redaction)
    assert vault.assertions
    assert not vault.given


async def test_a_key_that_was_changed_counts(
    redaction: SkyflowRedaction, vault: Vault, server: Server, file: Path
) -> None:
    await left_of(redaction)
    new_account(vault, server.url(TOKEN_PATH), file)
    vault.good.clear()
    assert await left_of(redaction) == "for [NAME_1]"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, b"{}"), "no accessToken"),
        (Answer(200, b'{"accessToken": null}'), "no accessToken"),
        (Answer(200, b'{"accessToken": "a\\r\\nx-evil: 1"}'), "no accessToken"),
        (Answer(200, b"["), "no accessToken"),
        (Answer(200, b"x" * 100_000, repeat=200), "too long"),
        (Answer(302, b"", (("location", "https://elsewhere.example.org"),)), "answered 302"),
    ],
    ids=["nothing", "null", "two lines", "no JSON", "endless", "elsewhere"],
)
async def test_an_answer_that_is_no_token_lets_nothing_leave(
    redaction: SkyflowRedaction, vault: Vault, answer: Answer, said: str
) -> None:
    vault.first = [answer]
    with pytest.raises(NotRedacted, match=said):
        await left_of(redaction)
    assert not vault.asked


async def test_it_is_asked_again_where_that_may_help(
    redaction: SkyflowRedaction, vault: Vault
) -> None:
    vault.first = [refused(503, "LATER")] * 2
    assert await left_of(redaction) == "for [NAME_1]"
    vault.good.clear()
    vault.first = [refused(401, "NO"), *[refused(503, "LATER")] * 9]
    with pytest.raises(PortUnavailable, match="answered 503"):
        await left_of(redaction)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("{", "is not a service account's"),
        ('{"clientID": "c", "keyID": "k", "privateKey": "hunter2"}', "tokenURI"),
        ('{"clientID": 1, "keyID": "k"}', "clientID"),
        (HALF % "http://x.example.org/", "tokenURI"),
        (HALF % "https://x.example.org/", "privateKey that cannot be read"),
    ],
    ids=["gone", "no JSON", "half", "no text", "in the clear", "no key"],
)
def test_a_file_that_is_none_is_told_without_its_content(
    tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "account.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NotRedacted, match=said) as told:
        ServiceAccount(file).read()
    assert "hunter2" not in str(told.value)
    assert str(file) in str(told.value)


def test_a_key_of_another_kind_is_none(file: Path) -> None:
    account = json.loads(file.read_text())
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_text(json.dumps({**account, "privateKey": curve.decode()}))
    with pytest.raises(NotRedacted, match="no RSA key"):
        ServiceAccount(file).read()


async def test_nothing_of_the_key_or_of_a_token_is_logged(
    redaction: SkyflowRedaction, vault: Vault, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await left_of(redaction)
    for secret in (key, vault.given[0], vault.assertions[0]):
        assert secret not in caplog.text
        assert secret not in repr(vars(redaction))


async def test_what_is_asked_keeps_the_contract(redaction: SkyflowRedaction, vault: Vault) -> None:
    if not CONTRACT.exists():
        pytest.skip("the contract is not here")
    described = json.loads(CONTRACT.read_text())
    assert TOKEN_PATH in described["paths"]
    await left_of(redaction)
    assert vault.given, "the vault takes what the contract requires, and nothing besides"
