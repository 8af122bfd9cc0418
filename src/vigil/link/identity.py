"""One side's key: it proves who is at the end of a connection, and signs what is said there."""

import base64
import contextlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vigil.domain.audit import PUBLIC_KEY_PREFIX
from vigil.domain.errors import SettingsError
from vigil.domain.signed import Signed, signed_bytes

HUB_KEY = "hub.key"
RUNNER_KEY = "runner.key"
KEYS = "keys"
"""Their files, and the folder of each side's state that holds them."""
_KEY_BYTES = 32


class Identity:
    """A private key in use; it is never shown."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private = private
        self.public = text_of(private.public_key())
        """As people pass it around."""

    def sign(self, kind: str, text: str) -> str:
        """The signature over a text of this kind, in base64."""
        return base64.b64encode(self.private.sign(signed_bytes(kind, text))).decode()

    def signed(self, kind: str, text: str) -> Signed:
        """The text with its signature."""
        return Signed(text=text, key=self.public, signature=self.sign(kind, text))


def genuine(key: str, kind: str, text: str, signature: str) -> bool:
    """Whether whoever has the private half of this key signed this text as one of this kind."""
    try:
        raw = base64.b64decode(signature, validate=True)
        public_key(key).verify(raw, signed_bytes(kind, text))
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key(text: str) -> Ed25519PublicKey:
    """The key that a text names; ``ValueError`` when it names none."""
    if not text.startswith(PUBLIC_KEY_PREFIX):
        raise ValueError(f"a public key begins with {PUBLIC_KEY_PREFIX}")
    raw = base64.b64decode(text.removeprefix(PUBLIC_KEY_PREFIX), validate=True)
    return Ed25519PublicKey.from_public_bytes(raw)


def text_of(key: Ed25519PublicKey) -> str:
    """A public key as people pass it around."""
    return PUBLIC_KEY_PREFIX + base64.b64encode(key.public_bytes_raw()).decode()


def identity_at(file: Path) -> Identity:
    """The identity in a file, which is made the first time; readable by its owner only.

    :raises SettingsError: it cannot be read or made, others may read it, or it is damaged.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _place(file, base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
        if file.stat().st_mode & 0o077:
            raise SettingsError([f"others may read the key {file}; run: chmod 600 {file}"])
        with file.open("rb") as opened:
            text = opened.read(4 * _KEY_BYTES)
    except OSError as error:
        mistake = f"the key {file} cannot be read or made: {error}; check path and owner"
        raise SettingsError([mistake]) from error
    try:
        raw = base64.b64decode(text.strip(), validate=True)
        return Identity(Ed25519PrivateKey.from_private_bytes(raw))
    except ValueError:
        mistake = (
            f"the key {file} is damaged; restore it from a backup, or remove it and give the new "
            "one to the other side"
        )
        raise SettingsError([mistake]) from None


def _place(file: Path, content: bytes) -> None:
    """Whole or not at all; of two who make it at once both then have the first one's."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
