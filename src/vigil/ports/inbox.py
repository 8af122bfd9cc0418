"""The way in: deliveries lie on disk as letters until their alerts have opened or joined incidents.

It is a port beside the journal's, as who writes down and takes in needs nothing else of the record.
The same package keeps both: a letter leaves in the transaction that writes its incidents.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from vigil.domain.alert import Alert, Delivery, Doing
from vigil.domain.incident import Incident
from vigil.domain.value import Instant, Value

SETTLE = timedelta(seconds=60)
"""How long after a cure the same firing alert is still a repetition: a source looks at a window of
time, which lags behind the cure, and what it repeats out of that window must page nobody."""

REMEMBERED = timedelta(days=14)
"""How long the identifiers of deliveries are kept: a body that somebody recorded and sends again
is known for as long, and none of the sources repeats a delivery by itself for more than days."""

MOST_TOLD = 100
"""Alerts that the timeline of one incident tells of, and as many doings. A source may flap for as
long as an incident is open: what joins after these is counted, and still heard for what it says. As
many more of each kind are told if they decide something, whatever noise came before."""


class Full(Value):
    """There is no room in the inbox for a delivery of this source: it was not written down."""

    retry_after_s: int
    """When there should be some again."""


class Letter(Value):
    """One delivery that lies in the inbox."""

    number: int
    """Its place: later ones have higher numbers, and none is given twice."""
    source: str
    at: Instant
    """When it came."""
    delivery: Delivery | None
    """None when what lies there cannot be read (any more)."""


class Backlog(Value):
    """How much of one source lies in the inbox."""

    source: str
    waiting: int
    oldest_at: Instant | None
    """When the first of those that wait came."""
    set_aside: int
    set_aside_at: Instant | None
    """When the newest of those that were set aside came."""
    size: int
    """Bytes of all."""


class MappedAlert(Value):
    """An alert, and what it means here."""

    alert: Alert
    service: str
    symptom: str
    title: str
    new_id: str
    """Of the incident, if it opens one."""


class Arrival(Value):
    """A letter that is to be taken in."""

    number: int
    source: str
    at: Instant
    alerts: tuple[MappedAlert, ...] = ()
    doings: tuple[Doing, ...] = ()
    traces: tuple[str, ...] = ()
    """Why some of it opens or joins nothing."""
    ids: tuple[str, ...] = ()
    """What its source calls it."""


class Joined(Value):
    """What became of a received alert."""

    incident: Incident | None
    """None when it resolved something that is not open, or repeated such a message."""
    opened: bool
    repeated: bool


class TakenIn(Value):
    """What became of an arrival, alert by alert."""

    arrival: Arrival
    joined: tuple[Joined, ...]
    replayed: bool = False
    """It came before, and changed nothing now."""


class Inbox(Protocol):
    """What came, and what is still to be taken in.

    1. What ``write_down`` gave a number is on disk, and the numbers grow. The inbox is bounded in
       rows and bytes, as a whole and by source; a source that has little in it always finds room,
       whatever others sent.
    2. ``letters`` come in the order of their numbers and stay until they are received; what was
       ``set_aside`` is none of them until it is to be tried again.
    3. ``receive`` takes letters out of the inbox and hears their alerts, all in one transaction; of
       several that receive the same letter one does. The same delivery key again is a repetition
       and changes nothing but a count, unless its source repeats it and it fires more than
       ``SETTLE`` after its incident was RESOLVED: then it is heard like a new alert, and its key
       belongs to the incident that it opens or joins; a firing alert opens an incident or joins the
       open one of its (service, symptom), never two, also when two arrive at once; one that was
       escalated is joined too, until the trouble is said to be over; a new incident comes with its
       first event and its first segment. The timeline tells of the first ``MOST_TOLD`` alerts, and
       after those of who ended it, and of each trouble that is followed when it joins first.
    4. An arrival of which any identifier was received before is a replay: nothing of it is heard,
       nor are its other identifiers remembered. They are known for ``REMEMBERED`` at least, across
       restarts, and each belongs to its source.
    5. Of a spell of trouble whose end was received nothing that fires is heard, however late it
       comes.
    6. What is done at a source is told on the timeline of the incident that its alert opened or
       joined last, while that is open or in somebody's hand; what was merged is told on both
       incidents, and follows what nobody here has heard of. The end of what is followed is heard by
       that incident, whatever its service and symptom are called by then. Of more than
       ``MOST_TOLD`` only what decides who has it in hand is told; once that is not told either, the
       timeline says so.
    """

    async def write_down(
        self, deliveries: Sequence[Delivery], now: Instant
    ) -> tuple[int | Full, ...]:
        """Put deliveries into the inbox, in this order; for each its number, or no room."""
        ...

    async def lines(self) -> tuple[Backlog, ...]:
        """How much lies there, by source; whose letter has waited longest comes first."""
        ...

    async def letters(self, source: str, limit: int) -> tuple[Letter, ...]:
        """The first of those of a source that wait; fewer than ``limit`` where they are large."""
        ...

    async def receive(self, arrivals: Sequence[Arrival]) -> tuple[TakenIn, ...]:
        """Take letters in; for each that was still there, what became of it."""
        ...

    async def set_aside(self, number: int, why: str) -> None:
        """This letter cannot be taken in: it waits no more, and is kept for a person."""
        ...

    async def try_again(self, since: Instant) -> None:
        """What was set aside and came after this moment waits again."""
        ...
