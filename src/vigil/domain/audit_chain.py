"""What must hold of one chain of events, and of the signed checkpoints over all of them.

Each finding is a sentence for the auditor.
"""

from collections.abc import Callable, Iterator

from pydantic import JsonValue

from vigil.domain.timeline import GENESIS, Checkpoint, Event, Head, link_hash, payload_digest

ERASED = "payloads_erased"
"""The kind of the event that says that the payloads before it are gone."""

SignatureCheck = Callable[[str, str], bool]
"""(digest, signature): was it made with the auditor's key? Never raises."""

_HEX_DIGITS = "0123456789abcdef"


class SignedFrame:
    """The signed frame: which link each checkpoint saw at the head of each chain."""

    def __init__(self, check: SignatureCheck) -> None:
        self._check = check
        self._heads: dict[str, Head] = {}
        self._expected: dict[str, dict[int, str]] = {}
        self.newest = GENESIS
        self.digests: set[str] = set()
        self.count = 0
        self._number = 0

    def add(self, checkpoint: Checkpoint) -> Iterator[str]:
        """Put the next checkpoint behind those before it."""
        name = f"checkpoint {checkpoint.number}"
        self.count += 1
        if checkpoint.number != self._number + 1:
            yield f"{name} follows checkpoint {self._number}: some are missing or were moved"
        if checkpoint.previous != self.newest:
            yield f"{name} is not chained to the one before it"
        for moved in checkpoint.heads:
            before = self._heads.get(moved.incident)
            if before is not None and moved.seq <= before.seq:
                yield f"{name} sets the head of incident {moved.incident} back"
            self._heads[moved.incident] = moved
            self._expected.setdefault(moved.incident, {})[moved.seq] = moved.hash
        every = tuple(self._heads[incident] for incident in sorted(self._heads))
        digest = checkpoint.model_copy(update={"heads": every}).digest
        if not (_one_hex(checkpoint.signature) and self._check(digest, checkpoint.signature)):
            yield f"{name} was not signed with your key, or was edited"
        self._number, self.newest = checkpoint.number, digest
        self.digests.add(digest)

    def of(self, incident: str) -> dict[int, str]:
        """What the checkpoints say of one chain: hashes by sequence number."""
        return self._expected.get(incident, {})

    def incidents(self) -> set[str]:
        """All that they name."""
        return set(self._heads)


class Chain:
    """One incident's events."""

    def __init__(self, incident: str, signed: dict[int, str]) -> None:
        self.incident = incident
        self._signed = signed
        self._seq = 0
        self._previous = GENESIS
        self._erased_unsaid: int | None = None

    def add(self, event: Event) -> Iterator[str]:
        """The next link."""
        name = f"incident {self.incident}, event {event.seq}"
        if event.seq != self._seq + 1:
            yield f"{name} follows event {self._seq}: some were deleted or moved"
        if event.previous != self._previous:
            yield f"{name} is not chained to the event before it"
        if event.hash != _recomputed(event):
            yield f"{name} was edited: its hash is not that of its fields"
        if self._signed.get(event.seq, event.hash) != event.hash:
            yield f"{name} is not the one that was signed: the chain was made anew"
        yield from self._payload(name, event)
        self._seq, self._previous = event.seq, event.hash

    def _payload(self, name: str, event: Event) -> Iterator[str]:
        if event.kind == ERASED:
            self._erased_unsaid = None
        if event.salt is None and event.payload is None:
            self._erased_unsaid = event.seq
        elif event.salt is None or event.payload is None:
            yield f"{name} has lost a part of its payload"
        elif not _payload_is_right(event.salt, event.payload, event.payload_digest):
            yield f"{name} has another payload than the one that was recorded"

    def close(self) -> Iterator[str]:
        """No more events of this incident."""
        signed = max(self._signed, default=0)
        if self._seq < signed:
            yield (
                f"incident {self.incident} ends at event {self._seq}, but event {signed} was "
                "signed: its tail was cut off"
            )
        if self._seq > signed:
            yield f"incident {self.incident}: events after {signed} are covered by no signature"
        if self._erased_unsaid is not None:
            yield (
                f"incident {self.incident}, event {self._erased_unsaid}: its payload is missing, "
                "and nothing says that it was erased"
            )


def _recomputed(event: Event) -> str:
    return link_hash(
        incident=event.incident,
        seq=event.seq,
        at=event.at,
        kind=event.kind,
        payload_digest=event.payload_digest,
        previous=event.previous,
    )


def _payload_is_right(salt: str, payload: dict[str, JsonValue], digest: str) -> bool:
    try:
        return _one_hex(salt) and payload_digest(salt, payload) == digest
    except ValueError:
        return False


def _one_hex(text: str) -> bool:
    """The one spelling of these bytes; ``fromhex`` also takes capitals and blanks."""
    return text.strip(_HEX_DIGITS) == ""
