"""What is signed between a hub and its runners: who said it, and the very bytes that were signed.

Nothing here makes or checks a signature; it says over what one is made, in one spelling. Each kind
of text has words of its own before it, so that a signature over one is none over another.
"""

from typing import Annotated

from pydantic import StringConstraints

from vigil.domain.value import Value

PublicKey = Annotated[str, StringConstraints(pattern=r"^ed25519:[A-Za-z0-9+/]{43}=$")]
"""An Ed25519 public key as people pass it around."""

Signature = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")]
"""Of Ed25519, in base64."""

MAX_TEXT_CHARS = 65_536
"""A text names what is long by its digest, so that what is signed can be kept."""

ORDER = "vigil order 1"
RESULT = "vigil result 1"


class Signed(Value):
    """A text that somebody signed. What it says is read only after the signature was checked."""

    text: Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)]
    key: PublicKey
    signature: Signature


class Attestation(Value):
    """Which runner ran an action, and on whose order: kept with the result for ever.

    ``signature`` is the runner's, over the result and the order (``remote.attested_text``), so that
    whoever has both public keys can check the two long after, with no Vigil running.
    """

    runner: str
    order: Signed
    key: PublicKey
    signature: Signature


def signed_bytes(kind: str, text: str) -> bytes:
    """Over what the signature of a text of this kind is made."""
    return f"{kind}\0{text}".encode()
