"""The key that an auditor got from elsewhere: no installation is needed to check with it."""

import base64
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vigil.domain.audit import PUBLIC_KEY_PREFIX
from vigil.domain.audit_chain import SignatureCheck
from vigil.domain.errors import SettingsError

_MAX_KEY_FILE = 4096


def read_public_key(key_or_file: str) -> str:
    """The key's line from a command's argument: the line itself, or a file that holds it."""
    if key_or_file.startswith(PUBLIC_KEY_PREFIX):
        return key_or_file
    try:
        with Path(key_or_file).open("rb") as file:
            return file.read(_MAX_KEY_FILE).decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise _no_key(key_or_file) from error


def signature_check(public_key: str) -> SignatureCheck:
    """What tells whether a signature over a digest was made with the private half of this key."""
    try:
        raw = base64.b64decode(public_key.removeprefix(PUBLIC_KEY_PREFIX), validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise _no_key(public_key) from error

    def check(digest: str, signature: str) -> bool:
        try:
            key.verify(bytes.fromhex(signature), bytes.fromhex(digest))
        except (InvalidSignature, ValueError):
            return False
        return True

    return check


def _no_key(text: str) -> SettingsError:
    mistake = (
        f"{text[:80]!r} is neither a public key nor a file with one; give the line that starts "
        f"with {PUBLIC_KEY_PREFIX} or the path of the installation's audit.pub"
    )
    return SettingsError([mistake])
