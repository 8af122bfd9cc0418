"""A whole Vigil with its real parts, except that nothing runs segments and nothing runs scripts."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import httpx2
from fastapi import FastAPI
from tests.support.hand_clock import HandClock
from tests.support.record import Record, open_record

from vigil.decide.synthesize import Synthesis
from vigil.domain.catalogue import Catalogue, Service, Symptom
from vigil.domain.effects import EffectKind, Effects, Risk
from vigil.domain.errors import SandboxUnavailable
from vigil.domain.foreseen import Foreseen
from vigil.domain.incident import Incident, Stage
from vigil.domain.plan import Action, ActionResult, Plan, Reason
from vigil.domain.policy import Policy
from vigil.domain.run import Health, RunOrder
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Decision, Verdict
from vigil.engine import Engine, Source
from vigil.integrations.alerts.alertmanager import AlertmanagerAlerts
from vigil.integrations.alerts.datadog import DatadogAlerts
from vigil.integrations.alerts.generic import GenericAlerts
from vigil.integrations.alerts.grafana import GrafanaAlerts
from vigil.integrations.alerts.pagerduty import PagerDutyAlerts
from vigil.integrations.changes.embedded import FileChanges
from vigil.integrations.inventory.embedded import EmbeddedInventories
from vigil.integrations.journal import SqlInbox, SqlJournal
from vigil.integrations.locks.embedded import SqlLocks
from vigil.integrations.memory.embedded import EmbeddedMemory
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.integrations.sessions.embedded import PostgresSessions
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.telemetry.embedded import EmbeddedTelemetry
from vigil.orient.scene import Senses
from vigil.ports.bus import Bus
from vigil.ports.journal import Note
from vigil.ports.sandbox import OnOutput
from vigil.ports.workflow import GiveUp, Living, RunSegment, Segment
from vigil.story.parts import Parts
from vigil.story.progress import Progress
from vigil.story.recorded import VERDICT
from vigil.taking_in import Pause
from vigil.web.access import Access
from vigil.web.app import create_app
from vigil.web.server import listen, serve_on

T = TypeVar("T")

TOKEN = "a-token-of-the-test"
WAITS = timedelta(hours=4)
WEBHOOK_TOKEN = "a-webhook-token-of-the-test"
PAGERDUTY_SECRETS = ("the-new-signing-secret", "the-old-signing-secret")
BEARER = {"authorization": f"Bearer {TOKEN}"}
CATALOGUE = Catalogue(
    version=1,
    services={
        "web": Service(
            also_known_as=("Shop (production)",),
            symptoms={"errors": Symptom(alerts=("CheckoutErrors",))},
        )
    },
)


class NoWork:
    """Fulfils ``ports.workflow.Workflow`` for an engine that is never started."""

    async def launch(self, run: RunSegment, give_up: GiveUp) -> None:
        raise NotImplementedError

    async def start(self, segment: Segment, incident: str, attempt: int, turn: int = 1) -> None:
        raise NotImplementedError

    async def adopt(self, living: Living) -> int:
        return 0

    async def shutdown(self, within_s: float = 0.0) -> None: ...

    async def health(self) -> Health:
        return Health(part="workflow", ok=True, text="nothing is run in this test")


class NoHands:
    """Fulfils ``ports.sandbox.Sandbox`` where no sandbox can be made."""

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        raise SandboxUnavailable("nothing is run in this test")

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        return tuple(
            Foreseen(action=action.id, call=call, ok=True, text="do it in this test")
            for action in plan.actions
            for call in action.effects.calls
        )

    async def health(self) -> Health:
        return Health(part="sandbox", ok=True, text="nothing is run in this test")


@dataclass
class House:
    """One Vigil that is being served, and what it stands on."""

    engine: Engine
    record: Record
    clock: HandClock
    access: Access
    app: FastAPI
    client: httpx2.AsyncClient
    port: int
    stopping: asyncio.Event
    serving: asyncio.Task[None]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def session(self) -> dict[str, str]:
        """The headers that a page of Vigil's own sends with a change."""
        answer = await self.client.post("/api/session", json={"token": TOKEN})
        assert answer.status_code == 200, answer.text
        cookie = answer.headers["set-cookie"].split(";")[0]
        self.client.cookies.clear()
        return {"cookie": cookie, "x-csrf-token": answer.json()["csrf"], "origin": self.origin}

    async def take_in(self) -> None:
        """Work the inbox off, as the engine does while it runs."""
        while await self.engine.taking_in.round() not in (Pause.UNTIL_WRITTEN, Pause.A_WHILE):
            pass

    async def waiting(self, service: str = "web", **said: object) -> tuple[Incident, Plan]:
        """An incident that waits for a person, brought there as the lifecycle does it.

        ``said``: what its plan says other than the usual one.
        """
        journal, clock = self.record.journal, self.clock
        alert = {"alertname": "CheckoutErrors", "service": service}
        adapter = self.engine.sources["alertmanager"].adapter
        await self.engine.hear(adapter.parse({}, alertmanager_body(alert)))
        await self.take_in()
        incident = (await journal.incidents())[0]
        step = Progress(incident, 1, journal, clock)
        for stage in (
            Stage.INVESTIGATING,
            Stage.HYPOTHESIS_RECEIVED,
            Stage.CONTEXT_RETRIEVED,
            Stage.SYNTHESIZING,
        ):
            clock.advance(2)
            await step.enter(stage)
        plan = plan_for(incident).model_copy(update=said)
        synthesis = Synthesis(plan=plan, reasons=plan.reasons)
        await step.stage(Stage.SYNTHESIZING, Synthesis, _given(synthesis), _silent)
        verdict = Verdict(
            plan_digest=plan.digest,
            decision=Decision.ASK,
            confidence=50,
            context_match=50,
            risk=Risk.LOW,
            rules=("ask: this is a test",),
        )
        await step.stage(Stage.SYNTHESIZING, Verdict, _given(verdict), _silent, VERDICT)
        await step.wait_for_approval(plan.digest, WAITS)
        return step.incident, plan


@asynccontextmanager
async def served(directory: Path, bus: Bus | None = None) -> AsyncIterator[House]:
    """A Vigil on a free port of the loopback address; what is written is announced on the bus."""
    record = open_record(directory)
    switch = FileSwitch(directory / "switch.json")
    switch.set(SwitchState(stopped=False))
    announce = bus.announce if bus else lambda _: None
    journal = SqlJournal(record.engine, record.keys, announce, switch.read_within)
    inbox = SqlInbox(record.engine, record.keys, announce)
    record = replace(record, journal=journal, inbox=inbox)
    clock = HandClock()
    engine = _engine(directory, record, clock, switch)
    engine.bus = bus
    async with opened(engine, record, clock) as house:
        yield house
    record.engine.dispose()


@asynccontextmanager
async def opened(engine: Engine, record: Record, clock: HandClock) -> AsyncIterator[House]:
    """This engine on a free port of the loopback address; its record stays open afterwards."""
    stopping = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        access = Access(
            token_hash=hashlib.sha256(TOKEN.encode()).hexdigest(),
            session_key=b"k" * 32,
            allowed_hosts=(f"127.0.0.1:{port}", f"localhost:{port}"),
        )
        app = create_app(engine, access, stopping=stopping)
        serving = asyncio.create_task(serve_on(app, listener, stopping))
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20
        ) as client:
            yield House(engine, record, clock, access, app, client, port, stopping, serving)
        stopping.set()
        await serving


def alertmanager_body(labels: dict[str, str]) -> bytes:
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {},
        "startsAt": "2026-03-01T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }
    return httpx2.Request(
        "POST", "http://x", json={"version": "4", "status": "firing", "alerts": [alert]}
    ).content


def plan_for(incident: Incident) -> Plan:
    action = Action(
        id="a1",
        title="restart it",
        script="vigil-do process.restart web",
        grants=("restart",),
        effects=Effects(kind=EffectKind.REVERSIBLE, effects=()),
        no_undo="a restart cannot be undone",
    )
    return Plan(
        incident=incident.id,
        attempt=1,
        service=incident.service,
        symptom=incident.symptom,
        failure_type="process_down",
        component=incident.service,
        runbook=None,
        runbook_digest=None,
        summary="restart it",
        reasons=(Reason(step="symptom", text="it fails"),),
        actions=(action,),
        declared_risk=Risk.LOW,
        proving=(),
        neighbours=(),
    )


def _engine(directory: Path, record: Record, clock: HandClock, switch: FileSwitch) -> Engine:
    parts = Parts(
        catalogue=CATALOGUE,
        policy=Policy(),
        senses=Senses(
            probes=EmbeddedProbes(clock),
            telemetry=EmbeddedTelemetry(CATALOGUE, clock),
            changes=FileChanges(CATALOGUE),
            sessions=PostgresSessions(CATALOGUE),
            inventories=EmbeddedInventories(CATALOGUE, lambda: CATALOGUE),
            clock=clock,
        ),
        journal=record.journal,
        memory=EmbeddedMemory(record.engine),
        reasoner=PlaybookReasoner(),
        sandbox=NoHands(),
        switch=switch,
        locks=SqlLocks(record.engine),
    )
    sources = {
        "alertmanager": Source(AlertmanagerAlerts(WEBHOOK_TOKEN, clock)),
        "pagerduty": Source(PagerDutyAlerts(",".join(PAGERDUTY_SECRETS), clock)),
        "datadog": Source(DatadogAlerts(WEBHOOK_TOKEN, clock)),
        "grafana": Source(GrafanaAlerts(WEBHOOK_TOKEN, clock)),
        "generic": Source(GenericAlerts(WEBHOOK_TOKEN, clock)),
    }
    screenshots = FileScreenshots(directory / "screenshots")
    return Engine(
        parts=parts,
        inbox=record.inbox,
        workflow=NoWork(),
        sources=sources,
        screenshots=screenshots,
    )


def _given(value: T) -> Callable[[], Awaitable[T]]:
    async def work() -> T:
        return value

    return work


def _silent(_: object) -> list[Note]:
    return []
