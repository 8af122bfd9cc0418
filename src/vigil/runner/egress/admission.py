"""Whether a connection may be begun now, and where it leads."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from vigil.domain.effects import Call
from vigil.domain.errors import LockHeld
from vigil.domain.raw_grant import CONNECT, RawGrant, is_public, literal
from vigil.runner.call_log import CallLog
from vigil.runner.egress.request import Place
from vigil.runner.ledger import Ledger, Rate, TooOften
from vigil.runner.orders import CheckedOrder
from vigil.runner.switch import Switch
from vigil.runner.verbs.base import Refusal, Seen

LEAST_S = 2.0
"""With less of the lease left nobody is called up."""
RESOLVE_S = 5.0
_KEY = ":raw:"
_ASKING = ThreadPoolExecutor(4, "where")
"""Who asks for a name that nobody answers for stands still for longer than anybody waits for it;
here, and not among the threads that every other run needs."""


def was_connection(key: str) -> bool:
    """Whether this is the key of a connection: nobody can look at what was done behind one."""
    return _KEY in key


class Way(NamedTuple):
    """A connection that is on record as begun."""

    key: str
    call: Call
    addresses: tuple[str, ...]


class Admission:
    """The checks of one run, in the order in which they are made."""

    def __init__(self, checked: CheckedOrder, ledger: Ledger, switch: Switch, log: CallLog) -> None:
        self._checked = checked
        self._ledger = ledger
        self._switch = switch
        self._log = log
        self._resolved: dict[str, tuple[str, ...]] = {}
        self._one_at_a_time = asyncio.Lock()
        self.stopped = False
        """A connection was refused, or cut off, because of the stop switch."""
        self.out_of_time = False
        """One was refused because the worker's lease was about to end, or cut off at its end."""

    def grant_for(self, place: Place) -> str:
        """The raw grant of the run that leads there: its name.

        :raises Refusal: there is none.
        """
        for name, grant in self._checked.raw.items():
            if (grant.host, grant.port) == place:
                return name
        granted = ", ".join(grant.at for grant in self._checked.raw.values())
        raise Refusal(f"the plan has no raw grant for {place} (it has: {granted})")

    async def begin(self, name: str, place: Place, number: int) -> Way:
        """Put it on record, where it may be begun.

        :raises Refusal, TooOften, LockHeld: it may not.
        """
        # One after the other, so that a name is asked for once, however many come together.
        async with self._one_at_a_time:
            self._may_begin()
            grant = self._checked.raw[name]
            addresses = await self._addresses(grant)
            # Asking took its time.
            self._may_begin()
            key = f"{self._checked.order.run_key}{_KEY}{number}"
            call = Call(verb=CONNECT, grant=name, arguments=(str(place),))
            self._log.open_ended.add(key)
            if not await asyncio.to_thread(self._on_record, key, call, addresses):
                raise Refusal("another runner has begun this very connection")
            return Way(key, call, addresses)

    def _on_record(self, key: str, call: Call, addresses: tuple[str, ...]) -> bool:
        seen: Seen = {"would": f"connect to {call.arguments[0]}", "addresses": [*addresses]}
        fences = self._checked.order.lease.fences
        try:
            return self._ledger.begin_effect(key, call, seen, fences, self._rate(call.grant))
        except (TooOften, LockHeld):
            # Nothing of it is on record. Where the record itself did not answer, nobody knows.
            self._log.open_ended.discard(key)
            raise

    def may_go_on(self) -> None:
        """Asked directly before each thing that a target gets, however long this stood still.

        :raises Refusal: the stop switch is on, or the lease is over.
        """
        self._check_switch()
        if self._checked.seconds_left <= 0:
            self.out_of_time = True
            raise Refusal(self._checked.time_left.told)

    def _may_begin(self) -> None:
        self._check_switch()
        if unfenced := self._checked.unfenced:
            raise Refusal(f"the worker holds no lock on {', '.join(unfenced)}")
        if self._checked.seconds_left < LEAST_S:
            self.out_of_time = True
            raise Refusal(f"too soon: {self._checked.time_left.told}")

    def _check_switch(self) -> None:
        switch = self._switch()
        if switch.stopped:
            self.stopped = True
            raise Refusal(f"the stop switch is on{f' ({switch.text})' if switch.text else ''}")

    def _rate(self, name: str) -> Rate | None:
        most = self._checked.raw[name].most_per_hour
        if most is None:
            return None
        return Rate(grant=f"{self._checked.order.plan.service}/raw/{name}", most_per_hour=most)

    async def _addresses(self, grant: RawGrant) -> tuple[str, ...]:
        """Asked for once in a run, so that no name leads elsewhere later on."""
        if grant.known:
            return grant.known
        if grant.host not in self._resolved:
            found = await _resolved(grant)
            inside = [each for each in found if (a := literal(each)) is None or not is_public(a)]
            if inside:
                raise Refusal(
                    f"{grant.host} leads to {', '.join(inside)}, which is not public: if that is "
                    "meant, write it under `addresses` of the raw grant"
                )
            self._resolved[grant.host] = found
        return self._resolved[grant.host]


async def _resolved(grant: RawGrant) -> tuple[str, ...]:
    ask = partial(socket.getaddrinfo, grant.host, grant.port, proto=socket.IPPROTO_TCP)
    asking = asyncio.get_running_loop().run_in_executor(_ASKING, ask)
    try:
        found = await asyncio.wait_for(asking, RESOLVE_S)
    except (OSError, TimeoutError, UnicodeError) as unknown:
        why = str(unknown) or "no answer in time"
        raise Refusal(f"nobody says where {grant.host} is ({why})") from None
    return tuple(dict.fromkeys(str(where[0]) for *_, where in found))
