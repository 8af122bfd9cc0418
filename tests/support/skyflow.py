"""A vault of Skyflow's whose Detect finds words that a test names; its answers keep the contract.

It asks who is asking, by a token of the test or by one that it gave for the signed assertion of a
service account, counts its tokens anew in each answer, as the real one does, and keeps what
it was asked. What a pattern of ``allow_regex`` fits it leaves in its place; the patterns have to be
ones that RE2 reads, too, as nobody says what reads them there. A test may have it answer something
else first: a status, or a body of its own.
"""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import re2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.support.http_server import Answer, Request, Server, serving

TOKEN_PATH = "/v1/auth/sa/oauth/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
VAULT, BEARER = "vault-1", "bearer-of-the-test"
JSON = (("content-type", "application/json"),)


@dataclass(frozen=True)
class ServiceAccountKey:
    """What a vault knows of an account: not its private key."""

    client: str
    key: str
    address: str
    public: rsa.RSAPublicKey


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


@dataclass
class Vault:
    """What it finds, what it answers first, and what it was asked."""

    finds: dict[str, str]
    """Entity type by the text that is one."""
    first: list[Answer] = field(default_factory=list)
    accounts: dict[str, ServiceAccountKey] = field(default_factory=dict)
    """By client id."""
    good: set[str] = field(default_factory=set)
    """The tokens that it gave and has not taken back."""
    given: list[str] = field(default_factory=list)
    assertions: list[str] = field(default_factory=list)
    life_s: int = 3600
    now: Callable[[], float] = time.time
    asked: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        if self.first:
            return self.first.pop(0)
        if request.path == TOKEN_PATH:
            return self.exchanged(json.loads(request.body))
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer != BEARER and bearer not in self.good:
            return refused(401, "UNAUTHENTICATED")
        body = json.loads(request.body)
        if request.path != "/v1/detect/deidentify/string" or body["vault_id"] != VAULT:
            return refused(404, "NOT_FOUND")
        self.asked.append(body)
        kept = [re2.compile(form) for form in body.get("allow_regex", ())]
        self.answered.append(self.deidentified(body["text"], set(body["entity_types"]), kept))
        return Answer(200, json.dumps(self.answered[-1]).encode(), JSON)

    def exchanged(self, body: dict[str, Any]) -> Answer:
        """One for an assertion that one of its accounts has signed just now, and for it."""
        if body.keys() != {"grant_type", "assertion"} or body["grant_type"] != JWT_BEARER:
            return refused(400, "INVALID_ARGUMENT")
        self.assertions.append(body["assertion"])
        head, says, signature = body["assertion"].split(".")
        claims = json.loads(decoded(says))
        account = self.accounts.get(claims["iss"])
        if account is None or json.loads(decoded(head))["alg"] != "RS256":
            return refused(401, "UNAUTHENTICATED")
        try:
            account.public.verify(
                decoded(signature), f"{head}.{says}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return refused(401, "UNAUTHENTICATED")
        expected = {"iss": account.client, "sub": account.client, "key": account.key}
        left = claims["exp"] - self.now()
        if {**claims, **expected, "aud": account.address} != claims or not 0 < left <= 3600:
            return refused(400, "INVALID_ARGUMENT")
        ends = {"exp": int(self.now()) + self.life_s, "n": len(self.given)}
        made = f"{encoded({'alg': 'none'})}.{encoded(ends)}.made-up"
        self.given.append(made)
        self.good.add(made)
        return Answer(200, json.dumps({"accessToken": made, "tokenType": "Bearer"}).encode(), JSON)

    def deidentified(self, text: str, types: set[str], kept: Sequence[Any]) -> dict[str, Any]:
        counts: dict[str, int] = {}
        tokens: dict[str, str] = {}
        entities: list[dict[str, Any]] = []
        processed, at = "", 0
        for start, value in self._places(text, types):
            if any(form.search(value) for form in kept):
                continue
            kind = self.finds[value]
            if value not in tokens:
                counts[kind] = counts.get(kind, 0) + 1
                tokens[value] = f"[{kind.upper()}_{counts[kind]}]"
            processed += text[at:start]
            location = {
                "start_index": start,
                "end_index": start + len(value),
                "start_index_processed": len(processed),
                "end_index_processed": len(processed) + len(tokens[value]),
            }
            processed += tokens[value]
            at = start + len(value)
            entities.append(
                {
                    "token": tokens[value],
                    "value": value,
                    "location": location,
                    "entity_type": kind,
                    "entity_scores": {kind: 0.98},
                }
            )
        return {
            "processed_text": processed + text[at:],
            "entities": entities,
            "word_count": len(text.split()),
            "character_count": len(text),
        }

    def _places(self, text: str, types: set[str]) -> Iterator[tuple[int, str]]:
        at = 0
        while at < len(text):
            value = next(
                (v for v, kind in self.finds.items() if kind in types and text.startswith(v, at)),
                None,
            )
            if value is not None:
                yield at, value
            at += len(value) if value else 1


def new_account(vault: Vault, address: str, file: Path) -> None:
    """One more account of a vault, and the file that its owner is given."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    client, key = f"client-{len(vault.accounts)}", "key-1"
    vault.accounts[client] = ServiceAccountKey(client, key, address, made.public_key())
    pem = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    content = {
        "clientID": client,
        "clientName": "vigil",
        "keyID": key,
        "tokenURI": address,
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "privateKey": pem.decode(),
    }
    file.write_text(json.dumps(content))


def refused(status: int, name: str, *, retry_after: str = "") -> Answer:
    error = {"grpc_code": 13, "http_code": status, "http_status": name, "message": name}
    waits = (("retry-after", retry_after),) if retry_after else ()
    return Answer(status, json.dumps({"error": error}).encode(), (*JSON, *waits))


@asynccontextmanager
async def running(vault: Vault) -> AsyncIterator[Server]:
    async with serving(vault) as server:
        yield server
