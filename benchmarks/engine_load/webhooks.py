"""Deliveries over real HTTP, as fast as they are due: how soon each is answered, and what of them
becomes an incident.

Each delivery has its moment, and its answer is timed from that moment on, whatever the ones before
it do: a sender that waited for slow answers would hide them.
"""

import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx2
from benchmarks.engine_load.figures import spread_ms

SENDERS = 150
"""Connections that are open at once: fewer than Vigil admits, as others need some too."""
ANSWERED_S = 30.0
TAKEN_IN_S = 120.0
"""How long after the last answer all that was answered may take to be taken in."""
LOOK_S = 0.2
AGAIN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
AGAIN_S = 1.0
"""When nobody says how long to wait."""
UNANSWERED = 0
SAMPLE = re.compile(r'^vigil_(\w+)\{.*?result="(\w+)".*?\} (\S+)$', re.MULTILINE)
WAITING = re.compile(r"^vigil_inbox_deliveries\{.*?\} (\S+)$", re.MULTILINE)


async def webhook_latency(
    url: str, token: str, rate: float = 100, seconds: float = 60, faults: int = 10
) -> dict[str, Any]:
    """How soon a delivery is answered at so many deliveries per second."""
    storm = Storm(url, token)
    await storm.send(int(rate * seconds), rate, faults)
    return {"rate": rate, "answers": storm.answered(), **spread_ms(storm.seconds)}


async def duplicate_storm(
    url: str, token: str, alerts: int = 10_000, faults: int = 40, seconds: float = 60
) -> dict[str, Any]:
    """The same few alerts again and again, each a delivery: what is opened, and what is lost."""
    storm = Storm(url, token)
    before = await storm.counted()
    began = time.monotonic()
    await storm.send(alerts, alerts / seconds, faults)
    sent_s = time.monotonic() - began
    drained_s = await storm.drained()
    after = await storm.counted()
    return {
        "alerts": alerts,
        "faults": faults,
        "seconds": round(sent_s, 1),
        "answers": storm.answered(),
        "taken_in_after_s": round(drained_s, 1),
        "taken_in": dict(sorted((after - before).items())),
        **spread_ms(storm.seconds),
    }


@dataclass
class Storm:
    """One sender that gives up nothing: what is not taken now is sent again when it may be."""

    url: str
    token: str
    began: float = field(default_factory=time.time)
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    async def send(self, number: int, rate: float, faults: int) -> None:
        """So many deliveries, of the faults in turn."""
        loop = asyncio.get_running_loop()
        limits = httpx2.Limits(max_connections=SENDERS, max_keepalive_connections=SENDERS)
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        bodies = [self._body(fault) for fault in range(faults)]
        async with httpx2.AsyncClient(
            base_url=self.url, headers=headers, limits=limits, timeout=ANSWERED_S, trust_env=False
        ) as client:
            first = loop.time() + 0.1
            async with asyncio.TaskGroup() as group:
                for place in range(number):
                    due = first + place / rate
                    await asyncio.sleep(max(due - loop.time(), 0))
                    group.create_task(self._deliver(client, bodies[place % faults], due))

    async def _deliver(self, client: httpx2.AsyncClient, body: bytes, due: float) -> None:
        while True:
            wait_s = AGAIN_S
            try:
                answer = await client.post("/webhooks/alertmanager", content=body)
            except httpx2.TransportError:
                self.statuses[UNANSWERED] += 1
            else:
                self.statuses[answer.status_code] += 1
                if answer.status_code not in AGAIN:
                    self.seconds.append(asyncio.get_running_loop().time() - due)
                    return
                wait_s = float(answer.headers.get("retry-after", AGAIN_S))
            await asyncio.sleep(wait_s)

    def answered(self) -> dict[str, int]:
        """How often each status was the answer; 0 where there was none, as a connection ended."""
        return {str(status): number for status, number in sorted(self.statuses.items())}

    async def counted(self) -> Counter[str]:
        """What Vigil says became of the alerts that it has taken in since its start."""
        found = Counter[str]()
        for name, result, value in SAMPLE.findall(await self._metrics()):
            if name == "alerts_total":
                found[result] += int(float(value))
        return found

    async def drained(self) -> float:
        """Seconds until nothing lies in the inbox any more."""
        began = time.monotonic()
        while any(float(value) for value in WAITING.findall(await self._metrics())):
            if time.monotonic() - began > TAKEN_IN_S:
                raise TimeoutError(f"after {TAKEN_IN_S:g} s deliveries still wait in the inbox")
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - began

    async def _metrics(self) -> str:
        async with httpx2.AsyncClient(timeout=ANSWERED_S, trust_env=False) as client:
            return (await client.get(f"{self.url}/metrics")).text

    def _body(self, fault: int) -> bytes:
        """One firing alert as Alertmanager sends it, the same at each repetition."""
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began))
        labels = {"alertname": f"StormFault{fault}", "service": f"storm-{fault}"}
        alert = {
            "status": "firing",
            "labels": labels,
            "annotations": {"summary": f"fault {fault} of a storm"},
            "startsAt": began,
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"storm-{began}-{fault}",
        }
        group = {"version": "4", "status": "firing", "groupKey": "{}", "groupLabels": {}}
        return json.dumps({**group, "alerts": [alert]}).encode()
