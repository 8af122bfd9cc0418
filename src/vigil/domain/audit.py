"""An export of the record, and what an outsider can find wrong with it.

An export is lines of canonical JSON: a header, every checkpoint, every event grouped by incident,
an end. Signatures are checked with a key that the auditor got from elsewhere; what the export says
of itself is believed nowhere.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from pydantic import Field, JsonValue, ValidationError

from vigil.domain.identity import canonical_json
from vigil.domain.timeline import GENESIS, Checkpoint, Event, Head, link_hash, payload_digest
from vigil.domain.value import Value

ERASED = "payloads_erased"
"""The kind of the event that says that the payloads before it are gone."""

MAX_PROBLEMS = 100
"""Problems told one by one; of the rest only the number is."""

PUBLIC_KEY_PREFIX = "ed25519:"
"""Before the base64 of a public key, so that people know what it is."""

MAX_LINE = 64 * 1024 * 1024
"""Bytes. The longest line is a first checkpoint: some 150 bytes for each incident there is."""

SignatureCheck = Callable[[str, str], bool]
"""(digest, signature): was it made with the auditor's key? Never raises."""


class Header(Value):
    """The first line."""

    format: Literal["vigil.audit/1"] = Field(alias="schema")
    public_key: str
    """Says which key to ask for; never used to check anything."""


class End(Value):
    """The last line, without which an export is only a part of one."""

    checkpoints: int
    events: int


class Line(Value):
    """One line: exactly one of these.

    ``checkpoint`` carries only the heads that moved since the one before; its signature is over
    all heads.
    """

    header: Header | None = None
    checkpoint: Checkpoint | None = None
    event: Event | None = None
    end: End | None = None


class AuditReport(Value):
    """What was found. ``head`` is the newest checkpoint's digest, for somebody outside to keep."""

    verified: bool
    events: int
    head: str
    problems: tuple[str, ...]
    erased: int
    incidents: int
    checkpoints: int


def write_line(line: Line) -> str:
    """The one spelling of a line, so that no byte of an export is without meaning."""
    return canonical_json(line.model_dump(mode="json", by_alias=True, exclude_unset=True))


def verify_export(
    lines: Iterable[bytes], check: SignatureCheck, *, public_key: str = "", head: str | None = None
) -> AuditReport:
    """Read an export once, keeping no payload, and report everything that is wrong with it.

    ``public_key`` is the text of the key behind ``check``. ``head`` is a digest kept outside: with
    it, an export is also found out that was cut together with its newest checkpoints.
    """
    audit = _Audit(check, public_key)
    for number, line in enumerate(lines, start=1):
        audit.read(number, line.rstrip(b"\n"))
    return audit.report(head)


class _Audit:
    """Follows an export line by line."""

    def __init__(self, check: SignatureCheck, public_key: str) -> None:
        self._check = check
        self._public_key = public_key
        self._problems: list[str] = []
        self._untold = 0
        self._end: End | None = None
        self._events = 0
        self._erased = 0
        self._checkpoints = _Checkpoints(check)
        self._chain: _Chain | None = None
        self._seen: set[str] = set()

    def read(self, number: int, text: bytes) -> None:
        """Take up one line."""
        try:
            line = Line.model_validate_json(text, strict=True)
            spelled_right = write_line(line).encode() == text
        except ValidationError as error:
            self._problem(f"line {number} cannot be read: {_first(error)}")
            return
        except ValueError as error:
            self._problem(f"line {number} cannot be read: {error}")
            return
        if not spelled_right or sum(part is not None for _, part in line) != 1:
            self._problem(f"line {number} is not spelled as Vigil writes it: it was edited")
        elif self._end is not None:
            self._problem(f"line {number} comes after the end")
        else:
            self._take(number, line)

    def _take(self, number: int, line: Line) -> None:
        if (line.header is None) == (number == 1):
            self._problem(f"line {number}: an export has one header, and it is its first line")
        if line.header is not None and line.header.public_key != self._public_key:
            self._problem("the export names another public key than the one you gave")
        if line.checkpoint is not None:
            if self._events:
                self._problem(f"line {number}: a checkpoint stands among the events; lines moved")
            self._tell(self._checkpoints.add(line.checkpoint))
        if line.event is not None:
            self._add_event(line.event)
        self._end = line.end

    def _add_event(self, event: Event) -> None:
        self._events += 1
        self._erased += event.payload is None
        if self._chain is None or self._chain.incident != event.incident:
            self._close_chain()
            if event.incident in self._seen:
                self._problem(f"incident {event.incident} is there twice, or its events were moved")
            self._seen.add(event.incident)
            self._chain = _Chain(event.incident, self._checkpoints.of(event.incident))
        self._tell(self._chain.add(event))

    def _close_chain(self) -> None:
        if self._chain is not None:
            self._tell(self._chain.close())
        self._chain = None

    def report(self, head: str | None) -> AuditReport:
        """Everything is read: say what is missing, and sum up."""
        self._close_chain()
        for incident in self._checkpoints.incidents() - self._seen:
            self._problem(f"incident {incident} is missing: a checkpoint names it")
        if self._end is None:
            self._problem("the end is missing: the export was cut off")
        elif (self._end.events, self._end.checkpoints) != (self._events, self._checkpoints.count):
            self._problem(
                f"the end counts {self._end.events} events and {self._end.checkpoints} "
                f"checkpoints; there are {self._events} and {self._checkpoints.count}"
            )
        if head is not None and head not in self._checkpoints.digests:
            self._problem(
                f"no checkpoint has the head {head} that you kept: the newest part was cut off, or "
                "this is another history"
            )
        return AuditReport(
            verified=not self._problems,
            events=self._events,
            head=self._checkpoints.newest,
            problems=self._told(),
            erased=self._erased,
            incidents=len(self._seen),
            checkpoints=self._checkpoints.count,
        )

    def _tell(self, problems: Iterable[str]) -> None:
        for problem in problems:
            self._problem(problem)

    def _problem(self, text: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(text)
        else:
            self._untold += 1

    def _told(self) -> tuple[str, ...]:
        rest = (f"... and {self._untold} more",) if self._untold else ()
        return (*self._problems, *rest)


class _Checkpoints:
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
        if not self._check(digest, checkpoint.signature):
            yield f"{name} was not signed with your key, or was edited"
        self._number, self.newest = checkpoint.number, digest
        self.digests.add(digest)

    def of(self, incident: str) -> dict[int, str]:
        """What the checkpoints say of one chain: hashes by sequence number."""
        return self._expected.get(incident, {})

    def incidents(self) -> set[str]:
        """All that they name."""
        return set(self._heads)


class _Chain:
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
        return payload_digest(salt, payload) == digest
    except ValueError:
        return False


def _first(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in details["loc"])
    return f"{place}: {details['msg']}" if place else details["msg"]
