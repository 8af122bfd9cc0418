"""Who may come in: the access token, and browser sessions made from it.

A session is not stored. Its cookie carries its own end and a signature, so a session lives on over
a restart, and all sessions end when the token or the session key is changed. A session that was
ended before its time is remembered by this process until then.
"""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from vigil.domain.identity import sha256_hex
from vigil.domain.value import Instant

COOKIE = "vigil_session"
SESSION_LIFETIME = timedelta(hours=12)
"""A working day: long enough for an incident, short enough for a forgotten browser."""
MOST_COOKIE = 200
"""Characters; ours are shorter."""
MOST_ENDED = 10_000
"""Sessions ended by hand that are remembered; beyond it the first of them is forgotten."""


class Session(NamedTuple):
    """One browser that has shown the token: its cookie, and what it must send with each change."""

    cookie: str
    csrf: str

    def proves(self, given: str) -> bool:
        """Whether this is the session's CSRF token, in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.csrf.encode())


@dataclass(frozen=True)
class Access:
    """What the web needs to recognise people and to know its own names.

    ``token_hash`` is the SHA-256 of the token (hex), ``session_key`` at least 32 random bytes, and
    ``allowed_hosts`` what the Host header may say, each with its port unless it is the scheme's.
    """

    token_hash: str
    session_key: bytes = field(repr=False)
    allowed_hosts: tuple[str, ...]
    _ended: OrderedDict[str, None] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if len(self.session_key) < hashlib.sha256().digest_size:
            raise ValueError("the session key is shorter than 32 bytes")

    def knows_host(self, host: str) -> bool:
        """Whether this is one of Vigil's names; a name rebound to this address is not."""
        return host.lower() in {known.lower() for known in self.allowed_hosts}

    def is_token(self, given: str) -> bool:
        """Compares digests in constant time, so that neither time nor length tells anything."""
        digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
        return hmac.compare_digest(digest, self.token_hash)

    def open_session(self, now: Instant) -> Session:
        """A new session that ends by itself."""
        ends = int((now + SESSION_LIFETIME).timestamp())
        name = f"{secrets.token_urlsafe(16)}.{ends}"
        return Session(cookie=f"{name}.{self._sign('session', name)}", csrf=self._csrf(name))

    def session(self, cookie: str, now: Instant) -> Session | None:
        """The session of a cookie, or None when it was changed, has ended or is not one of ours."""
        # What is not ASCII cannot be compared in constant time, and was not made here.
        if len(cookie) > MOST_COOKIE or not cookie.isascii():
            return None
        name, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature, self._sign("session", name)):
            return None
        _, _, ends = name.rpartition(".")
        if name in self._ended or now.timestamp() >= int(ends):
            return None
        return Session(cookie, self._csrf(name))

    def end_session(self, session: Session) -> None:
        """From here on its cookie opens nothing, wherever a copy of it may be."""
        name, _, _ = session.cookie.rpartition(".")
        self._ended[name] = None
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def _csrf(self, name: str) -> str:
        return self._sign("csrf", name)

    def _sign(self, purpose: str, name: str) -> str:
        message = sha256_hex(purpose.encode(), self.token_hash.encode(), name.encode())
        mac = hmac.digest(self.session_key, message.encode(), "sha256")
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")
