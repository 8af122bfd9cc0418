"""An export of the record, and what an outsider can find wrong with it.

An export is lines of canonical JSON: a header, every checkpoint, every event grouped by incident,
an end. Signatures are checked with a key that the auditor got from elsewhere; what the export says
of itself is believed nowhere.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, ValidationError

from vigil.domain.audit_chain import Chain, SignatureCheck, SignedFrame
from vigil.domain.audit_ends import SignedEnds
from vigil.domain.identity import canonical_json
from vigil.domain.timeline import Checkpoint, Event
from vigil.domain.value import Value

MAX_PROBLEMS = 100
"""Problems told one by one; of the rest only the number is."""

PUBLIC_KEY_PREFIX = "ed25519:"
"""Before the base64 of a public key, so that people know what it is."""

MAX_LINE = 64 * 1024 * 1024
"""Bytes. The longest line is a first checkpoint: some 150 bytes for each incident there is."""


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
    ends_checked: int = 0
    """Ends that runners near remote targets signed, and hubs ordered, with keys that you gave."""
    ends_unchecked: int = 0
    """The same, signed with keys that you did not give."""


def write_line(line: Line) -> str:
    """The one spelling of a line, so that no byte of an export is without meaning."""
    return canonical_json(line.model_dump(mode="json", by_alias=True, exclude_unset=True))


def verify_export(
    lines: Iterable[bytes],
    check: SignatureCheck,
    *,
    public_key: str = "",
    head: str | None = None,
    ends: SignedEnds | None = None,
) -> AuditReport:
    """Read an export once, keeping no payload, and report everything that is wrong with it.

    ``public_key`` is the text of the key behind ``check``. ``head`` is a digest kept outside: with
    it, an export is also found out that was cut together with its newest checkpoints. ``ends`` is
    given to look at what remote runners have signed as well.
    """
    audit = _Audit(check, public_key, ends)
    for number, line in enumerate(lines, start=1):
        audit.read(number, line.rstrip(b"\n"))
    return audit.report(head)


class _Audit:
    """Follows an export line by line."""

    def __init__(self, check: SignatureCheck, public_key: str, ends: SignedEnds | None) -> None:
        self._check = check
        self._ends = ends
        self._public_key = public_key
        self._problems: list[str] = []
        self._untold = 0
        self._end: End | None = None
        self._events = 0
        self._erased = 0
        self._checkpoints = SignedFrame(check)
        self._chain: Chain | None = None
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
            self._chain = Chain(event.incident, self._checkpoints.of(event.incident))
        self._tell(self._chain.add(event))
        if self._ends is not None:
            self._tell(self._ends.add(event))

    def _close_chain(self) -> None:
        if self._chain is not None:
            self._tell(self._chain.close())
        self._chain = None

    def report(self, head: str | None) -> AuditReport:
        """Everything is read: say what is missing, and sum up."""
        self._close_chain()
        for incident in self._checkpoints.incidents() - self._seen:
            self._problem(f"incident {incident} is missing: a checkpoint names it")
        if not self._checkpoints.count:
            self._problem("nothing in it is signed: there is no checkpoint")
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
            ends_checked=self._ends.checked if self._ends else 0,
            ends_unchecked=self._ends.unchecked if self._ends else 0,
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


def _first(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in details["loc"])
    return f"{place}: {details['msg']}" if place else details["msg"]
