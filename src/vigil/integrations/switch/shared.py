"""One stop switch for the workers and runners of all machines: a row, mirrored to files.

Worker and runner read the file of their own machine, which costs nothing and needs nobody. What
somebody turns there is brought to the row, and what the row says to every file. Of two who turn it
at the same time the one who stops wins; to resume is a later word.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, Engine, insert, select, update

from vigil.domain.errors import TemporaryError
from vigil.domain.switch import SwitchState, Unreadable, shortened
from vigil.integrations._clients.database import read, storable, write
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.tables import switch

log = structlog.get_logger()

MIRROR_S = 0.4
"""How often the two are compared: a stop reaches every machine within a second."""
_TICK = timedelta(microseconds=1)


class _Word(NamedTuple):
    """What the row says; to say the same again is another word."""

    state: SwitchState
    at: datetime


class _Seen(NamedTuple):
    """What file and row said at a look."""

    here: SwitchState
    there: _Word | None


class SharedSwitch:
    """Fulfils ``ports.switch.Switch`` for one machine of several."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._file = FileSwitch(path)
        self._engine = engine
        self._seen: _Seen | None = None

    def read(self) -> SwitchState:
        """What this machine's file says; anything that cannot be read is 'stopped'."""
        return self._file.read()

    def set(self, state: SwitchState) -> None:
        """Turn it everywhere.

        A stop holds here before anybody else is asked; ``PortUnavailable`` then says that the
        others have not heard of it yet. That Vigil may act again is never said here first.
        """
        if state.stopped:
            self._file.set(state)
        write(self._engine, lambda c: _say(c, state))
        if not state.stopped:
            self._file.set(state)

    async def mirror(self) -> None:
        """Keep file and row the same, without end."""
        answered = True
        while True:
            try:
                await asyncio.to_thread(self.compare)
                answered = True
            except (TemporaryError, OSError) as error:
                if answered:
                    log.warning("the switch of all machines is not mirrored here", why=str(error))
                answered = False
            await asyncio.sleep(MIRROR_S)

    def compare(self) -> None:
        """Bring what was turned in one of the two since the last look to the other."""
        now = _Seen(self._file.read(), read(self._engine, _heard))
        before = self._seen
        turned_here = before is None or now.here != before.here
        turned_there = before is None or now.there != before.there
        if now.there is None:
            self._tell_all(now)
        elif turned_here and turned_there:
            self._settle(now, now.there)
        elif turned_there:
            self._tell_here(now, now.there)
        elif turned_here and not isinstance(now.here, Unreadable):
            self._tell_all(now)
        else:
            self._seen = now

    def _settle(self, now: _Seen, there: _Word) -> None:
        """Nobody can tell who was first. A file that says nothing has no say."""
        stops_more = (now.here.stopped, now.here.kills) > (there.state.stopped, there.state.kills)
        if stops_more and not isinstance(now.here, Unreadable):
            self._tell_all(now)
        else:
            self._tell_here(now, there)

    def _tell_all(self, now: _Seen) -> None:
        """Unless somebody said something meanwhile, which the next look hears."""
        word = write(self._engine, lambda c: _say(c, now.here, only_after=now))
        if word is not None:
            log.warning("switch turned for all machines", **_words(now.here))
            self._seen = _Seen(now.here, word)

    def _tell_here(self, now: _Seen, there: _Word) -> None:
        """Unless somebody turned it here meanwhile, which the next look sees."""
        if now.here == there.state:
            self._seen = now
        elif self._file.read() == now.here:
            log.warning("switch turned on this machine", **_words(there.state))
            self._file.set(there.state)
            self._seen = _Seen(self._file.read(), there)


def _words(state: SwitchState) -> dict[str, bool | str]:
    return {"stopped": state.stopped, "now": state.now, "by": state.by}


def _heard(connection: Connection, *, to_answer: bool = False) -> _Word | None:
    """What the row says; ``to_answer`` keeps others from saying anything until we have."""
    query = select(switch).with_for_update() if to_answer else select(switch)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    state = SwitchState(stopped=row.stopped, now=row.now, by=row.by, text=row.text)
    return _Word(state, row.at)


def _say(
    connection: Connection, state: SwitchState, *, only_after: _Seen | None = None
) -> _Word | None:
    """Turn it for all; None when there is another word than the one that this one is to follow."""
    last = _heard(connection, to_answer=True)
    if only_after is not None and last != only_after.there:
        return None
    said = shortened(state)
    values = {
        "stopped": said.stopped,
        "now": said.now,
        "by": storable(said.by),
        "text": storable(said.text),
        # A clock that was set back must not make a new word look like the last one.
        "at": max(datetime.now(UTC), last.at + _TICK) if last else datetime.now(UTC),
    }
    connection.execute(
        update(switch).values(values) if last else insert(switch).values(one=1, **values)
    )
    return _heard(connection)
