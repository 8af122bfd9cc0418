"""A name resolves, to what it should."""

import time
from typing import TYPE_CHECKING

from vigil.domain.probe import DnsProbe
from vigil.domain.probes.dns import Record
from vigil.integrations.probes.sight import Sight, failing, milliseconds, passing, unknown

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver
    from dns.resolver import Answer

MOST_SHOWN = 5
"""Answers that go into a sentence."""
EARLIER_S = 0.1
"""Than the probe's own end the question is given up, so that its sentence can be told."""


async def look_at_name(probe: DnsProbe) -> Sight:
    """Ask the system's servers, or the one that is named; the hosts file is not looked at."""
    # Only who has a dns probe needs the library.
    import dns.exception  # noqa: PLC0415 - imported when chosen
    import dns.resolver  # noqa: PLC0415 - imported when chosen

    started = time.monotonic()
    try:
        answer = await _ask(_resolver(probe), probe)
    except dns.resolver.NoResolverConfiguration as error:
        return unknown(f"This system names no server to ask ({error}); name one as `server`.")
    except dns.resolver.NXDOMAIN:
        return failing(f"There is no name {probe.name}, says {_who(probe)}.")
    except dns.resolver.NoAnswer:
        return failing(f"{probe.name} has no {probe.record} record, says {_who(probe)}.")
    except (dns.exception.DNSException, OSError) as error:
        return failing(f"{_who(probe)} does not answer for {probe.name}: {error}.")
    return _judge(probe, answer, milliseconds(started))


def _resolver(probe: DnsProbe) -> "Resolver":
    from dns.asyncresolver import Resolver  # noqa: PLC0415 - imported when chosen

    resolver = Resolver(configure=probe.server is None)
    if probe.server is not None:
        resolver.nameservers, resolver.port = [str(probe.server)], probe.port
    return resolver


async def _ask(resolver: "Resolver", probe: DnsProbe) -> "Answer":
    lifetime = max(probe.timeout_s - EARLIER_S, EARLIER_S)
    return await resolver.resolve(probe.name, probe.record.value, lifetime=lifetime, search=False)


def _judge(probe: DnsProbe, answer: "Answer", took_ms: float) -> Sight:
    found = sorted(_plain(each.to_text(), probe.record) for each in answer)
    told = f"{probe.name} has {probe.record} {', '.join(found[:MOST_SHOWN])}"
    expected = {_plain(each, probe.record) for each in probe.only}
    strange = [each for each in found if each not in expected]
    if expected and strange:
        return failing(f"{told}; {strange[0]} is none that is expected.", took_ms)
    return passing(f"{told}, says {_who(probe)}.", took_ms)


def _plain(text: str, record: Record) -> str:
    """Texts without their quotes; names in small letters and without the dot at their end."""
    return text.strip('"') if record is Record.TXT else text.lower().rstrip(".")


def _who(probe: DnsProbe) -> str:
    return "this system's server" if probe.server is None else f"the server {probe.server}"
