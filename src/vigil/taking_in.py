"""Working off the inbox: a batch of each source in turn, so that no flood keeps others waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from types import MappingProxyType

import structlog

from vigil.domain import mishap
from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import TemporaryError
from vigil.domain.run import Health
from vigil.domain.value import Instant
from vigil.observe.intake import intake
from vigil.ports.clock import Clock
from vigil.ports.inbox import Backlog, Inbox, Letter, TakenIn

log = structlog.get_logger()

POLL_S = 0.2
"""How soon is seen what another process wrote down; what this one did is seen at once."""
SMALLEST, LARGEST = 5, 100
"""Alerts that are taken in together, unless a single delivery has more."""
TAKES_S = 0.05
"""How long that may take, as nobody else writes meanwhile: where it takes longer, as for what is
new, the next batch is smaller."""
RATE, BURST = 200.0, 2000
"""Deliveries of one source taken in per second for long, and at once: far above what a source sends
that is well, and below what would keep Vigil from its work. Of large ones it is fewer."""

STILL_NEWS = timedelta(days=1)
"""What was set aside is tried again for so long when Vigil starts, perhaps a version that can read
it, and told by ``/ready``; after that it is kept for whoever looks into it."""
BEHIND = timedelta(minutes=1)
"""How long a delivery may wait before that is a fault."""

Room = Callable[[str, int, float, int], Awaitable[int]]
"""(source, wanted, rate, burst): how many of those wanted may be taken in now."""
Told = Callable[[Sequence[TakenIn]], None]


class Pause(Enum):
    """What is to come before the next round."""

    NONE = "none"
    """There is more than was taken in at once."""
    A_MOMENT = "a_moment"
    """What comes meanwhile is taken in together, and others write."""
    UNTIL_WRITTEN = "until_written"
    """The inbox is empty."""
    A_WHILE = "a_while"
    """A source is held back, or the record is away: to look again at once would find the same."""


PAUSES_S = MappingProxyType({Pause.NONE: 0.0, Pause.A_MOMENT: 0.05, Pause.A_WHILE: POLL_S})


async def unlimited(_source: str, wanted: int, _rate: float, _burst: int) -> int:
    """Room for whatever is wanted."""
    return wanted


class TakingIn:
    """Takes deliveries out of the inbox, as one worker at a time does.

    ``written`` says that there may be something new; ``told`` hears what became of each batch.
    """

    def __init__(
        self,
        inbox: Inbox,
        catalogue: Catalogue,
        clock: Clock,
        written: asyncio.Event,
        room: Room = unlimited,
    ) -> None:
        self._inbox = inbox
        self._catalogue = catalogue
        self._clock = clock
        self._written = written
        self._room = room
        self._most = SMALLEST
        self.told: Told = lambda _: None

    async def work(self) -> None:
        """Without end; while the record does not answer the inbox stays as it is."""
        await self._inbox.try_again(self._clock.now() - STILL_NEWS)
        while True:
            self._written.clear()
            try:
                pause = await self.round()
            except TemporaryError as error:
                log.warning("inbox left as it is for now", why=str(error))
                pause = Pause.A_WHILE
            if pause is Pause.UNTIL_WRITTEN:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._written.wait(), POLL_S)
            else:
                await asyncio.sleep(PAUSES_S[pause])

    async def round(self) -> Pause:
        """A batch of each source that has something."""
        lines = [line for line in await self._inbox.lines() if line.waiting]
        if not lines:
            return Pause.UNTIL_WRITTEN
        held_back, all_taken = False, True
        for line in lines:
            wanted = min(line.waiting, self._most)
            room = await self._room(line.source, wanted, RATE, BURST)
            held_back |= room < wanted
            all_taken &= wanted == line.waiting
            if room:
                await self._turn_of(line.source, room)
        if held_back:
            return Pause.A_WHILE
        return Pause.A_MOMENT if all_taken else Pause.NONE

    async def _turn_of(self, source: str, most: int) -> None:
        batch = _up_to(await self._inbox.letters(source, most), most)
        for letter in batch:
            if letter.delivery is None:
                await self._set_aside(letter, "what was written down cannot be read")
        readable = [letter for letter in batch if letter.delivery is not None]
        try:
            await self._take_in(readable)
        except TemporaryError:
            raise
        except Exception as error:  # noqa: BLE001 - one of them is odd, or shows a mistake of ours
            log.warning("deliveries are taken in one by one", source=source, why=mishap.told(error))
            await self._one_by_one(readable)

    async def _one_by_one(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            try:
                await self._take_in([letter])
            except TemporaryError:
                raise
            except Exception as error:  # noqa: BLE001 - it must not block those behind it
                await self._set_aside(letter, mishap.told(error))

    async def _take_in(self, letters: Sequence[Letter]) -> None:
        if not letters:
            return
        began = self._clock.elapsed()
        taken = await intake(
            letters, catalogue=self._catalogue, inbox=self._inbox, clock=self._clock
        )
        if self._clock.elapsed() - began > TAKES_S:
            self._most = max(self._most // 2, SMALLEST)
        elif len(letters) >= self._most:
            self._most = min(self._most * 2, LARGEST)
        self.told(taken)

    async def _set_aside(self, letter: Letter, why: str) -> None:
        await self._inbox.set_aside(letter.number, why)
        log.error("delivery set aside", source=letter.source, number=letter.number, why=why)


def inbox_health(lines: Sequence[Backlog], now: Instant) -> Health:
    """Whether all that came is being taken in."""
    waiting, kept = sum(line.waiting for line in lines), sum(line.set_aside for line in lines)
    oldest = min((line.oldest_at for line in lines if line.oldest_at), default=now)
    newest_kept = max((line.set_aside_at for line in lines if line.set_aside_at), default=None)
    waited_s = max((now - oldest).total_seconds(), 0.0)
    text = f"{waiting} deliveries wait"
    text += f", the first for {waited_s:.0f} s" if waiting else ""
    text += f"; {kept} could not be taken in and are kept" if kept else ""
    if waited_s > BEHIND.total_seconds():
        remedy = "see who floods it (vigil_inbox_deliveries of /metrics), and Vigil's log"
        return Health(part="inbox", ok=False, text=text, remedy=remedy)
    if newest_kept is not None and now - newest_kept < STILL_NEWS:
        remedy = "report what Vigil's log says of 'delivery set aside'; look at the source itself"
        # All others are heard, and would not be if a Vigil that is not ready were sent nothing.
        return Health(part="inbox", ok=False, text=text, remedy=remedy, vital=False)
    return Health(part="inbox", ok=True, text=text)


def _up_to(letters: Sequence[Letter], most: int) -> Sequence[Letter]:
    """The first of them that have so many alerts together, and at least one."""
    alerts = 0
    for place, letter in enumerate(letters):
        alerts += len(letter.delivery.alerts) if letter.delivery else 0
        if place > 0 and alerts > most:
            return letters[:place]
    return letters
