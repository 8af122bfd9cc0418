"""The workers of one record: who lives, who is dead, and who does what only one may do."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from vigil.domain.value import Instant, Value

BEAT_S = 1.0
"""How often a worker shows that it lives."""
LEASE_S = 30.0
"""How long it may show nothing before others take over what it had."""


class Role(StrEnum):
    """What only one worker does at a time."""

    WATCHING = "watching"
    """Looks at every symptom, and takes back plans whose symptom is gone."""
    AFTERCARE = "aftercare"
    """Looks again at what was proven fixed a short while ago."""
    INTAKE = "intake"
    """Works off the inbox."""
    EXPIRY = "expiry"
    """Answers plans that nobody answered in time."""
    SIGNING = "signing"
    """Signs the heads of all timelines."""
    POST = "post"
    """Tells people outside what they are to be told."""
    RETENTION = "retention"
    """Erases what is older than it may become."""
    TIDYING = "tidying"
    """Begins anew what got stuck, and frees what nobody needs any more."""


class WorkerState(StrEnum):
    """How a worker says that it fares, or is said to."""

    WORKING = "working"
    DRAINING = "draining"
    """It ends what it has begun and begins nothing more."""
    DEAD = "dead"
    """It left, or was given up; what it had is being taken over."""


class Worker(Value):
    """One process that works on the record, from its start to its end."""

    id: str
    """A new one at each start."""
    host: str
    pid: int
    kind: str
    """The command that started it: ``serve`` or ``worker``."""
    version: str
    started_at: Instant
    seen_at: Instant
    """For people; whether it lives is told by its beats alone."""
    state: WorkerState = WorkerState.WORKING
    roles: tuple[Role, ...] = ()


class Standing(Value):
    """What a beat is answered."""

    alive: bool
    """False: others may have taken over; nothing of this worker counts any more."""
    roles: frozenset[Role] = frozenset()


class Workers(Protocol):
    """Who works on this record.

    1. The first ``beat`` of a worker enters it, each further one shows that it lives and how it
       fares. One that left, was given up or is buried stays so: its beat changes nothing and is
       answered that it is not alive.
    2. A worker whose beats stand still for ``LEASE_S`` is given up. The time is that of the asker's
       own clock, which nobody can set, and counts only as far as the asker kept looking: neither a
       clock that jumps nor an asker that was frozen gives up a worker that lives. Where the record
       lets in one process only, all others are dead at once.
    3. ``reap`` names those that left or were given up until ``bury`` forgets them; of several that
       ask at once, one is told.
    4. A role belongs to one living worker that is not draining; a beat takes each one that belongs
       to nobody else. It passes on when its worker drains, leaves or is given up.
    5. A worker whose process has ended is given up at the next ``reap`` of those who can know it
       for certain, which is at most the others on its machine. Nothing less is a proof: one that
       is frozen, or of which nothing can be seen, is given up as in 2.
    """

    async def beat(self, worker: Worker) -> Standing:
        """This worker lives, drains, or (``DEAD``) leaves."""
        ...

    async def reap(self, asker: str) -> tuple[str, ...]:
        """Whose work is to be taken over."""
        ...

    async def bury(self, workers: Sequence[str]) -> None:
        """Nothing of theirs is left; only the dead are forgotten."""
        ...

    async def everyone(self) -> tuple[Worker, ...]:
        """All that are known, the oldest first."""
        ...
