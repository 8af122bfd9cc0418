"""The timeline: a hash chain per incident over salted digests of what happened.

The chain holds only digests, so a payload can be erased (its salt goes with it) and the chain
still verifies. A signed checkpoint names the head of every chain, so that a tail cannot be cut off
and a chain cannot be made anew without the private key.
"""

from pydantic import JsonValue

from vigil.domain.identity import canonical_json, content_digest, sha256_hex
from vigil.domain.value import Instant, Value

GENESIS = "0" * 64


def payload_digest(salt: str, payload: dict[str, JsonValue]) -> str:
    """Digest of a payload under its salt (hex); without the salt it cannot be guessed at."""
    return sha256_hex(bytes.fromhex(salt), canonical_json(payload).encode())


class Event(Value):
    """One link. ``payload`` and ``salt`` are None once they were erased."""

    incident: str
    seq: int
    at: Instant
    kind: str
    payload_digest: str
    previous: str
    hash: str
    salt: str | None = None
    payload: dict[str, JsonValue] | None = None


def link_hash(
    *, incident: str, seq: int, at: Instant, kind: str, payload_digest: str, previous: str
) -> str:
    """The hash of a link over everything in it but the erasable payload."""
    return sha256_hex(
        previous.encode(),
        canonical_json([incident, seq, at.isoformat(), kind, payload_digest]).encode(),
    )


class Head(Value):
    """The newest link of one incident's chain."""

    incident: str
    seq: int
    hash: str


class Checkpoint(Value):
    """All heads at one moment, chained to the checkpoint before and signed.

    ``signature`` is Ed25519 over ``digest`` (hex of both).
    """

    number: int
    at: Instant
    heads: tuple[Head, ...]
    previous: str
    signature: str

    @property
    def digest(self) -> str:
        """What is signed."""
        return content_digest(
            [
                self.number,
                self.at.isoformat(),
                [[h.incident, h.seq, h.hash] for h in self.heads],
                self.previous,
            ]
        ).removeprefix("sha256:")
