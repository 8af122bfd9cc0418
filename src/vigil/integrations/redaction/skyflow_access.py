"""By what Skyflow knows who asks: a token that was given, or tokens for a service account's key.

The key signs an assertion that is good for an hour; for it Skyflow gives a token, which is used
until shortly before its end, or until it is refused.
"""

import asyncio
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import httpx2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vigil.domain.errors import NotRedacted
from vigil.integrations._clients.http import shown
from vigil.integrations.redaction.skyflow_asking import not_understood, post

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_S = 3600
LIFE_S = 3300.0
"""Of a token that does not say when it ends; Skyflow's last for about an hour."""
MARGIN_S = 60.0
"""So long before its end a token is not used any more."""
MAX_FILE_BYTES = 64 * 1024
_LEAST_BITS = 2048


class Access(Protocol):
    """Gives the bearer of a question."""

    async def bearer(self, client: httpx2.AsyncClient, refused: str | None = None) -> str | None:
        """One to ask with, another than the one that was refused; None where there is no other.

        :raises NotRedacted: the key is none, or is not taken.
        :raises PortUnavailable: whoever gives tokens does not answer.
        """
        ...


class Bearer:
    """A token, or API key, that was given."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def bearer(self, _: httpx2.AsyncClient, refused: str | None = None) -> str | None:
        """There is no other."""
        return self._token if refused is None else None


class Account(BaseModel):
    """The file that Skyflow gives for a service account."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    client: str = Field(validation_alias="clientID", min_length=1, max_length=256)
    key: str = Field(validation_alias="keyID", min_length=1, max_length=256)
    token_address: str = Field(
        validation_alias="tokenURI", pattern=r"^(?:https://|http://127\.0\.0\.1:)\S{1,512}$"
    )
    private_key: str = Field(validation_alias="privateKey", repr=False, max_length=MAX_FILE_BYTES)


class _Granted(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    access_token: str = Field(
        validation_alias="accessToken", pattern=r"^[!-~]{1,16384}$", repr=False
    )

    @model_validator(mode="before")
    @classmethod
    def _by_either_name(cls, said: object) -> object:
        """The wire has the first; the contract, made of Skyflow's own library, has the second."""
        if isinstance(said, dict) and "accessToken" not in said:
            return {"accessToken": said.get("access_token")}
        return said


class ServiceAccount:
    """Tokens for the key in a file, which is read anew for each: a key that was changed counts."""

    def __init__(self, file: Path, now: Callable[[], float] = time.time) -> None:
        self._file = file
        self._now = now
        self._token, self._until = "", 0.0
        self._turn = asyncio.Lock()

    def read(self) -> tuple[Account, rsa.RSAPrivateKey]:
        """What the file says, and its key.

        :raises NotRedacted: it cannot be read, or is not a service account's; nothing of its
            content is said.
        """
        try:
            with self._file.open("rb") as opened:
                account = Account.model_validate_json(opened.read(MAX_FILE_BYTES))
            key = serialization.load_pem_private_key(account.private_key.encode(), None)
        except OSError as error:
            raise self._no_key(f"cannot be read ({error.strerror})") from None
        except ValidationError as error:
            wrong = ", ".join(
                sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]})
            )
            raise self._no_key(f"is not a service account's ({wrong or 'no JSON'})") from None
        except (ValueError, TypeError):
            raise self._no_key("has a privateKey that cannot be read") from None
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _LEAST_BITS:
            raise self._no_key(f"has no RSA key of {_LEAST_BITS} bits or more")
        return account, key

    async def bearer(self, client: httpx2.AsyncClient, refused: str | None = None) -> str | None:
        """The one that is known while it is good; questions that come together wait for one."""
        async with self._turn:
            if not self._token or self._token == refused or self._now() >= self._until:
                self._token = ""
                self._token = await self._granted(client)
                self._until = self._end_of(self._token) - MARGIN_S
            return self._token

    async def _granted(self, client: httpx2.AsyncClient) -> str:
        account, key = await asyncio.to_thread(self.read)
        assertion = signed(account, key, self._now())
        asked = json.dumps({"grant_type": GRANT_TYPE, "assertion": assertion}).encode()
        answered = await post(client, account.token_address, asked)
        if answered.status != httpx2.codes.OK:
            raise NotRedacted(
                f"Skyflow at {shown(account.token_address)} answered {answered.status} to the "
                "service account, so no text leaves; look at SKYFLOW_CREDENTIALS_FILE and at the "
                "clock of this machine"
            )
        try:
            return _Granted.model_validate_json(answered.content).access_token
        except (ValidationError, RecursionError):
            raise not_understood(account.token_address, "it has no accessToken") from None

    def _end_of(self, token: str) -> float:
        """When it says that it ends, and an hour from now at the latest."""
        latest = self._now() + ASSERTION_S
        try:
            body = token.split(".")[1]
            said = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"]
            return min(float(said), latest)
        except (Error, ValueError, IndexError, KeyError, TypeError, RecursionError):
            return self._now() + LIFE_S

    def _no_key(self, why: str) -> NotRedacted:
        return NotRedacted(
            f"SKYFLOW_CREDENTIALS_FILE ({self._file}) {why}, so no text leaves; give the file that "
            "Skyflow made for the service account"
        )


def signed(account: Account, key: rsa.RSAPrivateKey, now: float) -> str:
    """The assertion that it is this account who asks (RFC 7523), signed with RS256."""
    header = {"alg": "RS256", "typ": "JWT"}
    says = {
        "iss": account.client,
        "sub": account.client,
        "key": account.key,
        "aud": account.token_address,
        "exp": int(now) + ASSERTION_S,
    }
    body = f"{_part(header)}.{_part(says)}"
    signature = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{body}.{_plain(signature)}"


def _part(value: Mapping[str, object]) -> str:
    return _plain(json.dumps(value, separators=(",", ":")).encode())


def _plain(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
