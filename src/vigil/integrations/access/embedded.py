"""The access token and the session key, kept as files only the owner can read.

The token itself is never stored: it is printed once, when it is made, and only its hash is kept.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from vigil.domain.errors import SettingsError
from vigil.integrations._clients.files import place_once

_SESSION_KEY = re.compile(rb".{32}", re.DOTALL)
_HASH = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True)
class Credentials:
    """What the web needs to recognise people. ``new_token`` is there only when just made."""

    token_hash: str
    session_key: bytes
    new_token: str | None = None


def load_credentials(directory: Path, given: str | None) -> Credentials:
    """The credentials of this installation; a token from the settings wins over the stored one.

    :raises SettingsError: a kept file is damaged.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    session_key = _kept(directory / "session.key", secrets.token_bytes(32), _SESSION_KEY)
    if given:
        return Credentials(token_hash=hash_of(given), session_key=session_key)
    made = secrets.token_urlsafe(24)
    stored = _kept(directory / "access.sha256", hash_of(made).encode(), _HASH)
    new = made if stored.decode() == hash_of(made) else None
    return Credentials(token_hash=stored.decode(), session_key=session_key, new_token=new)


def hash_of(token: str) -> str:
    """SHA-256, hex. The token has 192 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _kept(path: Path, new: bytes, well_formed: re.Pattern[bytes]) -> bytes:
    """The content of a file that is written once; of two processes at once one writes it.

    :raises SettingsError: it is damaged. An empty session key would let anybody make sessions,
        and an empty hash would let nobody in.
    """
    place_once(path, new, mode=0o600)
    content = path.read_bytes()
    if well_formed.fullmatch(content) is None:
        raise SettingsError([f"{path} is damaged; delete it, and the next start makes it anew"])
    return content
