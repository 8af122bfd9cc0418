"""The hub: where runners near remote targets connect to, each with a key that somebody admitted."""

import asyncio
import socket
import ssl
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Network, ip_address

import structlog
from pydantic import ValidationError

from vigil.domain.remote import MAX_FRAME_BYTES, RUNNER_FRAME, Hello, Welcome
from vigil.domain.run import Health
from vigil.domain.switch import SwitchState
from vigil.integrations.sandbox.connected import Connected
from vigil.link.addresses import Address
from vigil.link.identity import Identity
from vigil.link.lines import Gone, Lines, refusal
from vigil.link.tls import hub_side, key_shown

HANDSHAKE_S = 5.0
"""Until somebody has shown a key and a name, all in all."""
MAX_STRANGERS = 32
"""Who have not shown a key yet, at once."""
MAX_STRANGERS_AT = 4
"""The same, of one address, or of one network of IPv6, as one machine has all of its addresses."""
MAX_HELLO_BYTES = 1024
LIVES_S = 2.5
"""A runner that lives is heard within this time, as it beats every second."""
AGAIN_S = 2.0
"""Before the address is tried once more, when it cannot be had."""
TOLD_S = 60.0
"""How often a log line tells of one address that is refused."""
MAX_TOLD = 30
"""Such lines in that time, whoever is refused."""
REMEMBERED_S = 300.0
MAX_REMEMBERED = 64
_BACKLOG = 16
_OWN_BITS = 64
"""Of an IPv6 address: who has them has all addresses that begin so."""
_log = structlog.get_logger("vigil.hub")


class Hub:
    """Listens for runners; ``admitted`` says whose public key each name has.

    Only whoever shows one of these keys gets as far as saying a word. A runner that connects anew
    takes the place of its former connection once that is silent: of two that live with one key the
    first one stays, as each knows only of its own runs, and what the first has begun the second
    would do once more.
    """

    def __init__(
        self,
        address: Address,
        me: Identity,
        admitted: Mapping[str, str],
        switch: Callable[[], SwitchState],
    ) -> None:
        self.address = address
        self._me = me
        self._admitted = dict(admitted)
        self._switch = switch
        self._tls = hub_side(me, self._admitted.values())
        self._connected: dict[str, tuple[Connected, asyncio.Task[None]]] = {}
        self._coming: set[str] = set()
        """Names of those that wait for their own former connection to be over."""
        self._strangers: Counter[str] = Counter()
        self._refused: dict[str, tuple[str, float]] = {}
        self._told: deque[float] = deque(maxlen=MAX_TOLD)
        self.trouble: str | None = "it does not listen yet"
        """Why runners cannot connect; None when they can."""

    @property
    def listens(self) -> bool:
        """Whether runners can connect now."""
        return self.trouble is None

    def refused_at(self, address: str) -> str | None:
        """Why a peer at this address was not let in, if one was."""
        found = self._refused.get(address)
        return None if found is None else found[0]

    def runner(self, name: str) -> Connected | None:
        """The runner of this name, if it is connected now."""
        found = self._connected.get(name)
        return None if found is None else found[0]

    async def health(self) -> Health:
        """Whether it listens, and whom it did not let in lately."""
        if self.trouble is not None:
            text = f"runners cannot connect to {self.address}: {self.trouble}"
            remedy = "free the address, or set VIGIL_RUNNER_LISTEN to another one"
            return Health(part="hub", ok=False, text=text, remedy=remedy, vital=False)
        now = time.monotonic()
        lately = [(a, why) for a, (why, at) in self._refused.items() if now - at < REMEMBERED_S]
        if not lately:
            there = f"{len(self._connected)} of {len(self._admitted)}"
            text = f"{there} runners are connected to {self.address}"
            return Health(part="hub", ok=True, text=text)
        told = "; ".join(f"{address}: {why}" for address, why in lately[-3:])
        return Health(
            part="hub",
            ok=False,
            text=f"{len(lately)} addresses were refused lately, the last ones: {told}",
            remedy="if one is a runner of yours: compare its `vigil keys runner` with vigil.yaml, "
            "and its VIGIL_HUB_KEY with `vigil keys hub`; if none is, let nobody else reach it",
            vital=False,
        )

    async def listen_forever(self) -> None:
        """Let runners in, until cancelled; an address that cannot be had is tried again."""
        while True:
            try:
                with _listening(self.address) as listener:
                    self.trouble = None
                    _log.info("hub listens", address=str(self.address))
                    await self._let_in(listener)
            except OSError as error:
                if self.trouble != str(error):
                    _log.warning("hub cannot listen", address=str(self.address), why=str(error))
                self.trouble = str(error)
            await asyncio.sleep(AGAIN_S)

    async def _let_in(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        async with _tasks() as begin:
            while True:
                try:
                    opened, (host, *_) = await loop.sock_accept(listener)
                except OSError as error:  # no more descriptors: those who are in stay in
                    _log.warning("a peer could not be let in", why=str(error))
                    await asyncio.sleep(AGAIN_S)
                    continue
                address = _place(host)
                if (
                    self._strangers.total() >= MAX_STRANGERS
                    or self._strangers[address] >= MAX_STRANGERS_AT
                ):
                    opened.close()
                    self._refuse(address, "too many connections at once without a key")
                    continue
                self._strangers[address] += 1
                begin(self._meet(opened, address))

    async def _meet(self, opened: socket.socket, address: str) -> None:
        """Everything about one connection, from its first byte to its last."""
        lines: Lines | None = None
        try:
            try:
                async with asyncio.timeout(HANDSHAKE_S):
                    writer, lines = await self._secured(opened)
                    hello = await self._greeted(lines, key_shown(writer))
            finally:
                self._leave(address)
            if hello is not None:
                await self._place_of(hello.runner)
                await self._keep(Connected(hello, lines, self._me, self._switch), address)
        except TimeoutError:
            self._refuse(address, f"it took longer than {HANDSHAKE_S:g} s to say who it is")
        except Gone as gone:
            self._refuse(address, str(gone))
        finally:
            if lines is not None:
                await lines.close()

    async def _secured(self, opened: socket.socket) -> tuple[asyncio.StreamWriter, Lines]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=MAX_FRAME_BYTES, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, opened, ssl=self._tls, ssl_handshake_timeout=HANDSHAKE_S
            )
        except ssl.SSLError as refused:
            raise Gone(refusal(refused)) from None
        except OSError as lost:
            raise Gone(f"it went away before it had shown a key ({lost})") from None
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return writer, Lines(reader, writer)

    async def _greeted(self, lines: Lines, key: str | None) -> Hello | None:
        """Who it is; None of one that only wanted to know whether it would be let in."""
        await lines.send(Welcome().model_dump_json())
        try:
            line = await lines.receive(HANDSHAKE_S)
        except Gone:
            return None
        if len(line) > MAX_HELLO_BYTES:
            raise Gone("its first word was longer than any may be")
        try:
            hello = RUNNER_FRAME.validate_json(line)
        except ValidationError:
            raise Gone("it does not speak the language of this version") from None
        if not isinstance(hello, Hello):
            raise Gone("it did not introduce itself")
        if key is None or self._admitted.get(hello.runner) != key:
            raise Gone(f"it calls itself '{hello.runner}' and has another runner's key")
        return hello

    async def _place_of(self, name: str) -> None:
        """Wait until there is nobody at the end of its former connection any more.

        :raises Gone: there is somebody.
        """
        found = self._connected.get(name)
        if found is None:
            return
        if name in self._coming:
            raise Gone(f"another one with the key of '{name}' is just about to connect anew")
        former, serving = found
        heard = former.heard_lines
        self._coming.add(name)
        try:
            await asyncio.wait({serving}, timeout=LIVES_S)
        finally:
            self._coming.remove(name)
        if not serving.done() and former.heard_lines > heard:
            raise Gone(
                f"the runner '{name}' is connected and lives, and this is another one with its "
                "key; a state folder that was copied? Give each runner a key and a name of its own"
            )

    async def _keep(self, connected: Connected, address: str) -> None:
        name = connected.name
        former = self._connected.get(name)
        serving = asyncio.create_task(connected.serve())
        self._connected[name] = (connected, serving)
        _log.info("runner connected", runner=name, address=address)
        if former is not None:
            former[1].cancel()
        try:
            await asyncio.wait({serving})
            why = "it connected anew" if serving.cancelled() else str(serving.exception())
            _log.warning("runner disconnected", runner=name, address=address, why=why)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            if self._connected.get(name) == (connected, serving):
                del self._connected[name]

    def _leave(self, address: str) -> None:
        self._strangers[address] -= 1
        if not self._strangers[address]:
            del self._strangers[address]

    def _refuse(self, address: str, why: str) -> None:
        now = time.monotonic()
        before = self._refused.pop(address, None)
        told = -TOLD_S if before is None else before[1]
        if now - told >= TOLD_S:
            told = now
            self._tell(address, why, now)
        self._refused[address] = (why, told)
        while len(self._refused) > MAX_REMEMBERED:
            del self._refused[next(iter(self._refused))]

    def _tell(self, address: str, why: str, now: float) -> None:
        if len(self._told) < MAX_TOLD or now - self._told[0] >= TOLD_S:
            self._told.append(now)
            _log.warning("a peer was refused", address=address, why=why)


def _place(host: str) -> str:
    """Where somebody is, as far as one machine may be there under many addresses."""
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _OWN_BITS), strict=False))


def _listening(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.create_server(address, family=family, backlog=_BACKLOG)
    listener.settimeout(0)  # asyncio wants it not to block
    return listener


@asynccontextmanager
async def _tasks() -> AsyncIterator[Callable[[Coroutine[None, None, None]], None]]:
    """Tasks that are ended when this is left."""
    running: set[asyncio.Task[None]] = set()

    def begin(work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)

    try:
        yield begin
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
