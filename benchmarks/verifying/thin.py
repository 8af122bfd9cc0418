"""One verification of a thin service: real probes and inventory, real time, one HTTP server."""

import os
import time
from typing import NamedTuple

from tests.phases.values import executed, plan
from tests.support.hand_clock import START, HandClock
from tests.support.http_server import Answer, Request, serving
from tests.support.world import ScriptedTelemetry

from vigil.domain.catalogue import Catalogue, Service, Symptom
from vigil.domain.probe import HttpProbe, HttpStep
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.inventory.embedded import EmbeddedInventories
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.verify.baseline import take_baseline
from vigil.verify.eyes import Eyes
from vigil.verify.verify import verify

HTML = (("content-type", "text/html"),)


class Cost(NamedTuple):
    """Of one verification that ends well, with the baseline before it."""

    baseline_s: float
    verifying_s: float
    cpu_s: float
    looks: int
    requests: int


async def verification_of_a_thin_service(neighbours: int) -> Cost:
    """The symptom's page is broken, and is cured when the plan is to be run."""
    broken = True

    def answer(request: Request) -> Answer:
        status = 500 if broken and request.path == "/checkout" else 200
        page = f"<html><title>{request.path}</title><h1>{request.path}</h1></html>"
        return Answer(status, page.encode(), HTML)

    async with serving(answer) as server:
        pages = ("checkout", *(f"page-{n}" for n in range(neighbours)))
        web = Service(
            probes={
                name: HttpProbe(kind="http", steps=(HttpStep(url=server.url(f"/{name}")),))
                for name in pages
            },
            symptoms={"checkout-errors": Symptom(alerts=("CheckoutErrors",), probes=("checkout",))},
        )
        known = Catalogue(version=1, services={"web": web})
        clock = SystemClock()
        eyes = Eyes(
            catalogue=known,
            probes=EmbeddedProbes(clock),
            telemetry=ScriptedTelemetry(HandClock()),
            inventories=EmbeddedInventories(known, lambda: known),
            clock=clock,
        )
        planned = plan(known)
        began, worked = time.monotonic(), _worked()
        baseline = await take_baseline(planned, eyes, START)
        looked = time.monotonic()
        broken = False
        proof = await verify(planned, executed(planned), baseline, eyes)
        if proof.outcome != "verified":
            raise SystemExit(f"a true fix was not proven: {proof.text}")
        return Cost(
            baseline_s=looked - began,
            verifying_s=time.monotonic() - looked,
            cpu_s=_worked() - worked,
            looks=sum(len(change.again) + 1 + len(change.after) for change in proof.probes),
            requests=len(server.requests),
        )


def _worked() -> float:
    """Processor time of this process, which is the server's, too."""
    times = os.times()
    return times.user + times.system
