"""One stop switch for the workers and runners of all machines: a row, mirrored to files.

Worker and runner read the file of their own machine, which costs nothing and needs nobody. What
somebody turns there is brought to the row, and what the row says to every file. Of two who turn it
at the same time the one who stops wins. So whatever may let Vigil act again, in the row or in a
file, takes the place of exactly the word that it follows: a stop that came in between stays, and
the next look brings it to all.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Engine, Row, insert, select, update

from vigil.domain.errors import TemporaryError
from vigil.domain.switch import SwitchState, Unreadable, shortened
from vigil.integrations._clients.database import read, storable, write
from vigil.integrations.switch.embedded import FileSwitch, Reading
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

    here: Reading
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

    def set(self, state: SwitchState) -> SwitchState:
        """Turn it everywhere.

        A stop holds here before anybody else is asked; ``PortUnavailable`` then says that the
        others have not heard of it yet. That Vigil may act again is never said here first.
        """
        if state.stopped:
            self._file.set(state)
            write(self._engine, lambda c: _say(c, state))
        else:
            last = self._look()
            if write(self._engine, lambda c: _say(c, state, last)) is not None:
                self._file.set_after(last.here, state)
        return self.read()

    def read_within(self, connection: Connection) -> SwitchState:
        """What it says to a transaction: nobody turns it for all until that one ends.

        A stop that has only come as far as this machine's file holds as well.
        """
        row = connection.execute(select(switch).with_for_update(read=True)).one_or_none()
        here = self.read()
        return here if here.stopped or row is None else _state(row)

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
        now, before = self._look(), self._seen
        turned_here = before is None or now.here != before.here
        turned_there = before is None or now.there != before.there
        if now.there is None:
            self._tell_all(now)
        elif turned_here and turned_there:
            self._settle(now, now.there)
        elif turned_there:
            self._tell_here(now, now.there)
        elif turned_here and _says_another(now.here.state, now.there):
            self._tell_all(now)
        else:
            self._seen = now

    def _look(self) -> _Seen:
        """The file first: what it says may be older than what the row says, never newer."""
        here = self._file.look()
        return _Seen(here, read(self._engine, _heard))

    def _settle(self, now: _Seen, there: _Word) -> None:
        """Nobody can tell who was first. A file that says nothing has no say."""
        here = now.here.state
        stops_more = (here.stopped, here.kills) > (there.state.stopped, there.state.kills)
        if stops_more and not isinstance(here, Unreadable):
            self._tell_all(now)
        else:
            self._tell_here(now, there)

    def _tell_all(self, now: _Seen) -> None:
        """Unless somebody said something meanwhile, which the next look hears."""
        word = write(self._engine, lambda c: _say(c, now.here.state, now))
        if word is not None:
            log.warning("switch turned for all machines", **_words(now.here.state))
            self._seen = _Seen(now.here, word)

    def _tell_here(self, now: _Seen, there: _Word) -> None:
        """Unless somebody turned it here meanwhile, which the next look sees.

        Also when the file says so already: whoever still has an older word in hand then finds
        another file than the one that it was to replace.
        """
        turned = self._file.set_after(now.here, there.state)
        if turned is None:
            return
        if turned.state != now.here.state:
            log.warning("switch turned on this machine", **_words(there.state))
        self._seen = _Seen(turned, there)


def _says_another(here: SwitchState, there: _Word) -> bool:
    return not isinstance(here, Unreadable) and here != there.state


def _words(state: SwitchState) -> dict[str, bool | str]:
    return {"stopped": state.stopped, "now": state.now, "by": state.by}


def _state(row: Row[Any]) -> SwitchState:
    return SwitchState(stopped=row.stopped, now=row.now, by=row.by, text=row.text)


def _heard(connection: Connection, *, to_answer: bool = False) -> _Word | None:
    """What the row says; ``to_answer`` keeps others from saying anything until we have."""
    query = select(switch).with_for_update() if to_answer else select(switch)
    row = connection.execute(query).one_or_none()
    return None if row is None else _Word(_state(row), row.at)


def _say(connection: Connection, state: SwitchState, after: _Seen | None = None) -> _Word | None:
    """Turn it for all; None when there is another word than the one that this one is to follow."""
    last = _heard(connection, to_answer=True)
    if after is not None and last != after.there:
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
