"""Names that resolve, over a real DNS server on loopback (about 1 s)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from pydantic import ValidationError
from tests.support.probing import PROBE, look
from tests.support.programs import free_port

ZONE = {
    ("shop.test.", "A"): ("192.0.2.1", "192.0.2.2"),
    ("shop.test.", "AAAA"): ("2001:db8::1",),
    ("shop.test.", "MX"): ("10 Mail.shop.test.",),
    ("shop.test.", "TXT"): ('"Token=Abc"',),
    ("www.shop.test.", "CNAME"): ("shop.test.",),
    ("_tills._tcp.shop.test.", "SRV"): ("0 5 8443 till.shop.test.",),
}
REFUSED = "broken.test."


class Server(asyncio.DatagramProtocol):
    """Answers what is in the zone, by UDP."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(answered(data), addr)


def answered(data: bytes) -> bytes:
    query = dns.message.from_wire(data)
    (question,) = query.question
    name, record = question.name.to_text().lower(), question.rdtype.name
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.AA
    if name == REFUSED:
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif (name, record) in ZONE:
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", record, *ZONE[name, record]))
    elif all(known != name for known, _ in ZONE):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()


@asynccontextmanager
async def name_server() -> AsyncIterator[dict[str, object]]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    try:
        yield {"server": "127.0.0.1", "port": transport.get_extra_info("sockname")[1]}
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("spec", "outcome", "words"),
    [
        ({"name": "shop.test"}, "passing", "shop.test has A 192.0.2.1, 192.0.2.2, says the server"),
        ({"name": "Shop.Test."}, "passing", ""),
        ({"name": "shop.test", "only": ["192.0.2.2", "192.0.2.1"]}, "passing", ""),
        ({"name": "shop.test", "only": ["192.0.2.1", "192.0.2.2", "192.0.2.3"]}, "passing", ""),
        ({"name": "shop.test", "only": ["192.0.2.1"]}, "failing", "192.0.2.2 is none that is"),
        ({"name": "shop.test", "record": "AAAA"}, "passing", "2001:db8::1"),
        ({"name": "shop.test", "record": "MX", "only": ["10 mail.shop.test"]}, "passing", ""),
        ({"name": "shop.test", "record": "TXT", "only": ["Token=Abc"]}, "passing", ""),
        ({"name": "shop.test", "record": "TXT", "only": ["token=abc"]}, "failing", ""),
        ({"name": "www.shop.test", "record": "CNAME", "only": ["shop.test."]}, "passing", ""),
        ({"name": "_tills._tcp.shop.test", "record": "SRV"}, "passing", "0 5 8443 till.shop.test"),
        ({"name": "shop.test", "record": "NS"}, "failing", "shop.test has no NS record"),
        ({"name": "shopp.test"}, "failing", "There is no name shopp.test"),
        ({"name": "broken.test"}, "failing", "does not answer for broken.test"),
    ],
)
async def test_2_names(spec: dict[str, Any], outcome: str, words: str) -> None:
    async with name_server() as where:
        result = await look(kind="dns", **where, **spec)
    assert (result.outcome, words in result.text) == (outcome, True), result.text


async def test_2_a_server_that_is_silent_is_failing_in_time() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    try:
        port = transport.get_extra_info("sockname")[1]
        where = {"server": "127.0.0.1", "port": port}
        result = await look(kind="dns", name="shop.test", timeout_s=0.4, **where)
    finally:
        transport.close()
    assert result.outcome == "failing", result.text


@pytest.mark.parametrize("noise", [b"", b"\x00", b"\xff" * 600, b"HTTP/1.1 400 Bad Request"])
async def test_2_a_server_that_talks_nonsense_is_failing(noise: bytes) -> None:
    class Noisy(Server):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self._transport.sendto(data[:2] + noise, addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Noisy, local_addr=("127.0.0.1", 0))
    try:
        where = {"server": "127.0.0.1", "port": transport.get_extra_info("sockname")[1]}
        result = await look(kind="dns", name="shop.test", timeout_s=5.0, **where)
    finally:
        transport.close()
    assert result.outcome == "failing", result.text
    assert "itself broke" not in result.text


async def test_2_a_server_that_is_not_there_is_failing() -> None:
    where = {"server": "127.0.0.1", "port": free_port()}
    result = await look(kind="dns", name="shop.test", timeout_s=0.4, **where)
    assert result.outcome == "failing", result.text


@pytest.mark.parametrize(
    "spec",
    [{"name": "a b"}, {"name": "a..b"}, {"name": ""}, {"server": "ns.test"}, {"record": "ANY"}],
)
def test_mistakes_are_found_when_the_catalogue_is_read(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PROBE.validate_python({"kind": "dns", "name": "shop.test"} | spec)
