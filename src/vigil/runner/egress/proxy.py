"""Serves the connections of one run, as long as it lasts and the stop switch is off.

Each one is an effect in the ledger, begun before anybody is called up: a run that was cut off
behind one is never run again, as nobody can say what it had done there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import structlog

from vigil.domain.effects import Call
from vigil.domain.errors import LockHeld, PortUnavailable
from vigil.domain.raw_grant import CONNECT
from vigil.runner.call_log import CallLog
from vigil.runner.egress.admission import Admission, Way
from vigil.runner.egress.request import ESTABLISHED, MAX_HEAD_BYTES, Stream, asked_for, refuse
from vigil.runner.egress.tunnel import Allowance, TooMuch, Tunnel
from vigil.runner.ledger import Ledger, Outcome, TooOften
from vigil.runner.orders import CheckedOrder
from vigil.runner.sockets import listening, peer_uid
from vigil.runner.switch import Switch
from vigil.runner.verbs.base import NotDone, Refusal

SOCKET = "proxy.sock"
MAX_OPEN = 8
"""Connections at the same time."""
MAX_ATTEMPTS = 64
"""How often one script may knock, refused knocks included."""
DIAL_S = 5.0
_LOOK_EVERY_S = 0.25
_UNREAD = Call(verb=CONNECT, grant="?", arguments=())
_log = structlog.get_logger("vigil.runner.egress")


class Egress:
    """The proxy of one run; every attempt is on record with what became of it."""

    def __init__(self, checked: CheckedOrder, ledger: Ledger, switch: Switch, log: CallLog) -> None:
        self._admission = Admission(checked, ledger, switch, log)
        self._ledger = ledger
        self._log = log
        self._allowance = Allowance()
        self._serving: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[object]] = set()
        """What goes on record, which nothing cuts off."""
        self._attempts = 0
        self._shut = False

    @property
    def stopped(self) -> bool:
        """The stop switch refused a connection, or cut one off."""
        return self._admission.stopped

    @property
    def out_of_time(self) -> bool:
        """A connection was refused, or cut off, because of the end of the worker's lease."""
        return self._admission.out_of_time

    def serve(self, stream: Stream) -> None:
        """Take a connection of the sandbox on; it is answered from here on."""
        if self._shut:
            stream.writer.close()
            return
        serving = asyncio.create_task(self._served(stream))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _served(self, stream: Stream) -> None:
        self._attempts += 1
        try:
            await self._answer(stream, self._attempts)
        except OSError:
            pass  # the script went away
        except PortUnavailable as unrecorded:
            self._log.unrecorded = str(unrecorded)
            _log.warning("ledger", error=str(unrecorded))
        finally:
            stream.writer.close()

    async def _answer(self, stream: Stream, number: int) -> None:
        call = _UNREAD
        try:
            self._check_room(number)
            place = await asked_for(stream)
            call = Call(verb=CONNECT, grant="?", arguments=(str(place),))
            name = self._admission.grant_for(place)
            call = call.model_copy(update={"grant": name})
            way = await self._admission.begin(name, place, number)
        except (Refusal, TooOften, LockHeld) as refusal:
            # Logged as one: the log must not grow at a script's pleasure.
            if number <= MAX_ATTEMPTS + 1:
                await self._written(partial(self._log.refuse, call, f"refused: {refusal}"))
            await refuse(stream, "403 Forbidden", str(refusal))
            return
        await self._carried(stream, way)

    def _check_room(self, number: int) -> None:
        if number > MAX_ATTEMPTS:
            raise Refusal(f"more than {MAX_ATTEMPTS} connections in one run; no more are logged")
        if len(self._serving) > MAX_OPEN:
            raise Refusal(f"more than {MAX_OPEN} connections at the same time")

    async def _carried(self, stream: Stream, way: Way) -> None:
        """Call up and carry to and fro; however it ends, its end is on record."""
        tunnel = Tunnel(self._allowance, self._admission.may_go_on)
        told = Outcome(ok=False, text="cut off before anybody answered")
        try:
            outer, address = await _called_up(way, self._admission.may_go_on)
            try:
                told = Outcome(ok=True, text=f"connected to {address}")
                done = partial(self._log.record, "done", way.call, told.text, allowed=True)
                await self._written(done)
                self._admission.may_go_on()
                stream.writer.write(ESTABLISHED)
                await tunnel.carry(stream, outer)
            finally:
                # Closing it would go on sending what waits.
                outer.writer.transport.abort()
        except NotDone as silent:
            told = Outcome(ok=False, text=str(silent))
            text = f"not done: {silent}"
            not_done = partial(self._log.record, "temporary", way.call, text, allowed=False)
            await self._written(not_done)
            await refuse(stream, "502 Bad Gateway", str(silent))
        except (TooMuch, Refusal) as cut:
            await self._written(partial(self._log.refuse, way.call, f"cut off: {cut}"))
        finally:
            text = f"{told.text}; {tunnel.told}"
            _log.info("connection ended", key=way.key, text=text)
            ended = told.model_copy(update={"text": text})
            await self._written(partial(self._end, way.key, ended))

    def _end(self, key: str, outcome: Outcome) -> None:
        self._ledger.end_effect(key, outcome)
        self._log.open_ended.discard(key)

    async def _written(self, work: Callable[[], object]) -> None:
        """Put something on record, to the end, even if this connection is cut off meanwhile."""
        writing = asyncio.create_task(asyncio.to_thread(work))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        await asyncio.shield(writing)

    async def watch(self) -> None:
        """Cut everything off whenever nothing may go on, also what carries nothing just then."""
        while True:
            if self._serving:
                try:
                    self._admission.may_go_on()
                except Refusal:
                    await self._end_all()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def shut(self) -> None:
        """Take no more, and end what there is; then the end of each is on record."""
        self._shut = True
        await self._end_all()

    async def _end_all(self) -> None:
        serving = tuple(self._serving)
        for each in serving:
            each.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for written in await asyncio.gather(*self._writing, return_exceptions=True):
            if isinstance(written, PortUnavailable):
                self._log.unrecorded = str(written)


async def _called_up(way: Way, may_go_on: Callable[[], None]) -> tuple[Stream, str]:
    """The first of its addresses that answers, and which that is.

    :raises NotDone: none does. :raises Refusal: ``may_go_on`` says no.
    """
    port = int(way.call.arguments[0].rpartition(":")[2])
    why = "no address is known"
    for address in way.addresses:
        may_go_on()
        try:
            async with asyncio.timeout(DIAL_S):
                return Stream(*await asyncio.open_connection(address, port)), address
        except (OSError, TimeoutError) as silent:
            why = str(silent) or "no answer in time"
    raise NotDone(f"{way.call.arguments[0]} does not answer ({why})")


@asynccontextmanager
async def opened(egress: Egress, folder: Path, uid: int) -> AsyncIterator[Path]:
    """A socket in this folder for the sandbox's user, while the block runs."""
    path = folder / SOCKET

    def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if peer_uid(writer.get_extra_info("socket")) == uid:
            egress.serve(Stream(reader, writer))
        else:
            writer.close()

    server = await asyncio.start_unix_server(come, sock=listening(path, uid), limit=MAX_HEAD_BYTES)
    watching = asyncio.create_task(egress.watch())
    try:
        yield path
    finally:
        server.close()
        watching.cancel()
        await egress.shut()
