"""The installation's two keys: one seals payloads, one signs checkpoints."""

import base64
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigil.domain.errors import ChainBroken, SettingsError
from vigil.integrations._clients.files import place_once
from vigil.integrations.journal.signing import public_key_text

_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Keys:
    """Seals and signs. Whoever has the files can read every payload and sign any history."""

    payload: AESGCM = field(repr=False)
    audit: Ed25519PrivateKey = field(repr=False)

    @property
    def public_key(self) -> str:
        """What an auditor must have got from somewhere else than the export."""
        return public_key_text(self.audit)

    def seal(self, text: str, place: str) -> bytes:
        """Encrypt; ``place`` is bound in, so that a payload cannot be moved to another event."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self.payload.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """Decrypt; ``ChainBroken`` when it was changed, moved, or sealed under another key."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self.payload.decrypt(nonce, body, place.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise ChainBroken(
                f"the payload of {place} cannot be opened: it was changed, or keys/payload.key is "
                "not the key that sealed it; restore the key and the database of the same backup"
            ) from error


def load_keys(directory: Path) -> Keys:
    """The keys in ``directory``; made there the first time, also by two processes at once."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        payload = _load_or_make(directory / "payload.key")
        audit = Ed25519PrivateKey.from_private_bytes(_load_or_make(directory / "audit.key"))
        keys = Keys(payload=AESGCM(payload), audit=audit)
        place_once(directory / "audit.pub", f"{keys.public_key}\n".encode(), mode=0o644)
    except OSError as error:
        raise SettingsError(
            [f"the keys in {directory} cannot be read or made: {error}; check path and owner"]
        ) from error
    return keys


def _load_or_make(path: Path) -> bytes:
    if not path.exists():
        place_once(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n", mode=0o600)
    if path.stat().st_mode & 0o077:
        raise SettingsError([f"others may read the key {path}; run: chmod 600 {path}"])
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise SettingsError([f"the key {path} is damaged; restore it from a backup"])
    return key
