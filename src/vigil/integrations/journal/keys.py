"""The installation's two keys: one seals payloads, one signs checkpoints."""

import base64
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigil.domain.errors import ChainBroken, SettingsError
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
        _place_once(directory / "audit.pub", keys.public_key, mode=0o644)
    except OSError as error:
        raise SettingsError(
            [f"the keys in {directory} cannot be read or made: {error}; check path and owner"]
        ) from error
    return keys


def _load_or_make(path: Path) -> bytes:
    if not path.exists():
        _place_once(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode(), mode=0o600)
    if path.stat().st_mode & 0o077:
        raise SettingsError([f"others may read the key {path}; run: chmod 600 {path}"])
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise SettingsError([f"the key {path} is damaged; restore it from a backup"])
    return key


def _place_once(path: Path, text: str, *, mode: int) -> None:
    """Make the file with all its content or leave the one that is there.

    The link is what decides between two processes; a file opened with O_EXCL under its own name
    could be read by the loser before the winner has written to it, or stay empty after a crash.
    """
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
