"""One look through a new adapter, held to what every look promises."""

import time
from collections.abc import Mapping

from pydantic import TypeAdapter

from vigil.domain.probe import Probe, ProbeRef, ProbeResult
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.probes.embedded import EmbeddedProbes

REF = ProbeRef(service="shop", probe="checkout")
PROBE: TypeAdapter[Probe] = TypeAdapter(Probe)
GRACE_S = 15.0
"""Far more than any look takes after its time is up, and far less than what hangs would."""


async def look(**spec: object) -> ProbeResult:
    """What it took is part of every test."""
    probe = PROBE.validate_python({"timeout_s": 2.0} | spec)
    started = time.monotonic()
    result = await EmbeddedProbes(SystemClock()).run(REF, probe)
    assert time.monotonic() - started < probe.timeout_s + GRACE_S
    assert result.ref == REF
    assert len(result.text) <= 500
    return result


async def http(*steps: Mapping[str, object], **spec: object) -> ProbeResult:
    return await look(kind="http", steps=steps, **spec)
