"""Incidents for the console to show: one that a whole story made, and one full of hostile texts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.picture import png
from tests.support.story import Story, begin
from tests.support.world import NEW, ScriptedInventories, catalogue
from tests.web.house import WEBHOOK_TOKEN, House, NoWork, opened

from vigil.domain.catalogue import Autonomy
from vigil.domain.incident import Incident, Stage
from vigil.domain.inventory import Inventory, Item, Kind, Loss
from vigil.domain.plan import ActionStatus, Plan, PlanKind
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult
from vigil.domain.proof import Criterion, Ground, Outcome, ProbeChange, Proof
from vigil.domain.run import RunOrder
from vigil.engine import Engine, Source
from vigil.integrations.alerts.alertmanager import AlertmanagerAlerts
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.ports.journal import Note
from vigil.story.progress import Progress

HOSTILE = (
    "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"
    "\"'>{{ 7 * 7 }}</textarea></pre>\x1b[31mred\x1b[0m\x1b]0;title\x07 \u202egnp.exe\u200b \x00end"
)
"""What a log line, a service or a vendor may contain."""


@asynccontextmanager
async def told(directory: Path) -> AsyncIterator[tuple[House, Story]]:
    """A Vigil with three incidents: proven, not fixed and rolled back, and one that waits."""
    story = await begin(directory, autonomy=Autonomy.AUTO)
    await story.hear()
    await story.go_on()
    story.clock.advance(30)
    story.shop.release = NEW
    story.shop.checkout_fails = lambda _: True
    await story.hear(since=100)
    await story.go_on()
    story.with_parts(catalogue=catalogue(Autonomy.APPROVE))
    story.shop.release = NEW
    story.shop.checkout_fails = lambda _: False
    story.shop.catalogue_fails = lambda shop: shop.release == NEW
    await story.hear("catalogue-errors", since=200)
    await story.hear("catalogue-errors", since=200, source="alertmanager")
    await story.go_on()
    story.clock.advance(240)
    async with house_of(story) as house:
        yield house, story


async def failed_undo(directory: Path) -> Story:
    """The remedy took a process and rows away, and its undo did not run to its end."""
    story = await begin(directory)

    def there() -> Inventory:
        well = story.shop.release == NEW
        names = ("web-1", "web-2") if well else ("web-1",)
        items = [Item(kind=Kind.INSTANCE, service="web", name=n, there=True) for n in names]
        rows = 100 if well else 3
        items.append(Item(kind=Kind.ROWS, service="web", name="orders", there=True, count=rows))
        return Inventory(items=tuple(items))

    def fail_the_undo(order: RunOrder) -> None:
        undoing = order.plan.kind is PlanKind.ROLLBACK
        story.sandbox.status = ActionStatus.FAILED if undoing else ActionStatus.SUCCEEDED

    story.with_parts(senses=replace(story.parts.senses, inventories=ScriptedInventories(there)))
    story.sandbox.before = fail_the_undo
    await story.hear()
    await story.go_on()
    return story


@asynccontextmanager
async def house_of(story: Story) -> AsyncIterator[House]:
    """The record of a story, being served."""
    source = Source(AlertmanagerAlerts(WEBHOOK_TOKEN, story.clock))
    engine = Engine(
        parts=story.parts,
        inbox=story.record.inbox,
        workflow=NoWork(),
        sources={"alertmanager": source},
    )
    async with opened(engine, story.record, story.clock) as house:
        yield house
    story.record.engine.dispose()


async def hostile(house: House) -> tuple[Incident, Plan]:
    """An incident that waits, in which every text from outside tries to get out of its place."""
    incident, plan = await house.waiting()
    evidence = {
        "id": "errors-1",
        "investigator": "errors",
        "finding": "code_errors",
        "component": HOSTILE,
        "text": HOSTILE,
        "data": {},
    }
    ranked = {
        "failure_type": "bad_release",
        "component": HOSTILE,
        "likelihood": 0.9,
        "supported_by": ["errors-1"],
        "contradicted_by": [HOSTILE],
        "text": HOSTILE,
    }
    lesson = {
        "incident": HOSTILE,
        "service": "web",
        "service_kind": "other",
        "symptom": "errors",
        "failure_type": "bad_release",
        "component": HOSTILE,
        "hypothesis": HOSTILE,
        "runbook": None,
        "runbook_digest": None,
        "actions": [HOSTILE],
        "outcome": "verified",
        "proof": HOSTILE,
        "seconds": 31.0,
        "at": "2026-02-01T12:00:00Z",
    }
    match = {
        "id": HOSTILE,
        "title": HOSTILE,
        "context_match": 90,
        "reasons": [HOSTILE],
        "checks": [{"check": "c", "passed": None, "text": HOSTILE}],
        "record": {"trials": 3, "successes": 2},
    }
    foreseen = {"action": plan.actions[0].id, "call": None, "ok": True, "text": HOSTILE}
    tried = {"plan_digest": plan.digest, "foreseen": [foreseen], "failed": HOSTILE}
    notes = [
        Note(kind="alert_joined", payload={"source": HOSTILE, "summary": HOSTILE}),
        Note(kind="dry_run", payload=tried),  # type: ignore[arg-type] # JSON
        Note(kind="evidence", payload=evidence),  # type: ignore[arg-type] # JSON
        Note(kind="hypotheses", payload={"ranked": [ranked]}),  # type: ignore[list-item]
        Note(kind="runbooks", payload={"matches": [match], "past": [lesson]}),  # type: ignore[list-item]
        Note(kind="action_output", payload={"action": "a1", "line": HOSTILE}),
        Note(kind=HOSTILE[:60], payload={"text": HOSTILE}),
        Note(kind="not_executed", payload={"text": HOSTILE}),
    ]
    await house.record.journal.append(incident.id, notes, house.clock.now())
    return incident, plan


async def photographed(house: House) -> tuple[Incident, list[str]]:
    """An incident that was proven by a journey, with a picture before and one after."""
    incident, _ = await house.waiting("shop")
    assert isinstance(house.engine.screenshots, FileScreenshots)
    kept = [await house.engine.screenshots.keep(png(*c)) for c in ((200, 0, 0), (0, 160, 0))]
    before, after = (str(digest) for digest in kept)
    proof = Proof(
        outcome=Outcome.VERIFIED,
        text="all passed over 10 s",
        probes=(
            ProbeChange(
                ref=ProbeRef(service="shop", probe="checkout"),
                proves=True,
                before=_look(house, ProbeOutcome.FAILING, before),
                after=(
                    _look(house, ProbeOutcome.FAILING, before),
                    _look(house, ProbeOutcome.UNKNOWN, None),
                    _look(house, ProbeOutcome.PASSING, after),
                ),
            ),
        ),
        window_s=10.0,
        decided_at=house.clock.now(),
    )
    return await proven(house, incident, proof), [before, after]


async def proven(house: House, incident: Incident, proof: Proof) -> Incident:
    """The plan that waited was executed, and this was found."""
    step = Progress(await house.engine.incident(incident.id), 1, house.record.journal, house.clock)
    await step.enter(Stage.EXECUTING)

    async def work() -> Proof:
        return proof

    await step.stage(Stage.VERIFYING, Proof, work, lambda _: [])
    return step.incident


async def hostile_proof(house: House) -> Incident:
    """A proof in which every text from outside tries to get out of its place."""
    incident, _ = await house.waiting()
    look = _look(house, ProbeOutcome.FAILING, None).model_copy(update={"text": HOSTILE})
    ref = look.ref
    proof = Proof(
        outcome=Outcome.REGRESSED,
        text=HOSTILE,
        grounds=tuple(Ground(criterion=c, met=None, text=HOSTILE) for c in Criterion),
        lost=(Loss(kind=Kind.ROUTE, service="shop", name=HOSTILE, text=HOSTILE),),
        probes=(ProbeChange(ref=ref, proves=True, before=look, after=(look,) * 200),),
        decided_at=house.clock.now(),
    )
    return await proven(house, incident, proof)


def _look(house: House, outcome: ProbeOutcome, picture: str | None) -> ProbeResult:
    look = ProbeResult(
        ref=ProbeRef(service="shop", probe="checkout"),
        outcome=outcome,
        text=f"the page says {outcome}",
        seconds=2.0,
        at=house.clock.now(),
    )
    return look.model_copy(update={"screenshot": picture})
