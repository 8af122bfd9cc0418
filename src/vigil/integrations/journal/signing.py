"""Ed25519 over checkpoints; an auditor checks it with the public key alone."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vigil.domain.audit import PUBLIC_KEY_PREFIX


def public_key_text(key: Ed25519PrivateKey) -> str:
    """The public half as the one line that people pass around."""
    return PUBLIC_KEY_PREFIX + base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(key: Ed25519PrivateKey, digest: str) -> str:
    """Signature over a checkpoint's digest; hex in, hex out."""
    return key.sign(bytes.fromhex(digest)).hex()
