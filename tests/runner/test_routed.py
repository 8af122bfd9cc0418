"""A plan is run where it was made for, or not at all."""

from collections.abc import Awaitable, Callable

import pytest
from tests.phases.test_decide import CATALOGUE, Written, briefing, service
from tests.phases.values import executed
from tests.runner.bench import lease_of
from tests.runner.test_signed import plan
from tests.support.desks import WrittenDesk
from tests.support.world import ScriptedChanges

from vigil.decide.synthesize import rollback, synthesize
from vigil.domain.briefing import DraftAction
from vigil.domain.errors import NotFound, PermanentError
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, ActionStatus, Plan
from vigil.domain.run import Health, RunOrder
from vigil.integrations.sandbox.hearing import ignored
from vigil.integrations.sandbox.routed import RoutedSandbox
from vigil.ports.sandbox import OnOutput


class Asked:
    """A runner that says of every action that it did it."""

    def __init__(self) -> None:
        self.asked = 0

    async def run(self, order: RunOrder, _: OnOutput) -> ActionResult:
        self.asked += 1
        return ActionResult(
            action=order.action, status=ActionStatus.SUCCEEDED, exit_code=0, seconds=0.0
        )

    async def dry_run(self, _: Plan) -> tuple[Foreseen, ...]:
        self.asked += 1
        return ()

    async def health(self) -> Health:
        return Health(part="sandbox", ok=True, text="-")


def made_for(runner: str | None) -> Plan:
    return plan().model_copy(update={"runner": runner})


def order_of(judged: Plan, *, known: bool = False) -> RunOrder:
    return RunOrder(
        run_key=f"{judged.digest}:a1",
        plan=judged,
        approved_digest=judged.digest,
        action="a1",
        lease=lease_of(60),
        only_if_known=known,
    )


class Place:
    """Three runners, and whose the service is by now."""

    def __init__(self, **runner_of: str | None) -> None:
        self.here, self.first, self.second = Asked(), Asked(), Asked()
        far = {"edge-1": self.first, "edge-2": self.second}
        self.sandbox = RoutedSandbox(self.here, far, runner_of)

    @property
    def asked(self) -> list[int]:
        return [each.asked for each in (self.here, self.first, self.second)]


@pytest.mark.parametrize(
    ("runner", "asked"), [(None, [1, 0, 0]), ("edge-1", [0, 1, 0]), ("edge-2", [0, 0, 1])]
)
async def test_it_is_run_by_the_runner_that_it_was_made_for(
    runner: str | None, asked: list[int]
) -> None:
    place = Place(shop=runner)
    await place.sandbox.run(order_of(made_for(runner)), ignored)
    assert place.asked == asked


ASKS: list[Callable[[RoutedSandbox, Plan], Awaitable[object]]] = [
    lambda sandbox, judged: sandbox.run(order_of(judged), ignored),
    lambda sandbox, judged: sandbox.run(order_of(judged, known=True), ignored),
    lambda sandbox, judged: sandbox.dry_run(judged),
]


@pytest.mark.parametrize("ask", ASKS, ids=["run", "only-if-known", "dry-run"])
@pytest.mark.parametrize(
    ("runner", "now"), [("edge-1", "edge-2"), ("edge-1", None), (None, "edge-1")]
)
async def test_where_the_service_has_another_runner_by_now_nobody_is_asked(
    ask: Callable[[RoutedSandbox, Plan], Awaitable[object]], runner: str | None, now: str | None
) -> None:
    """The other one's ledger does not know what was begun: it would be done twice."""
    place = Place(shop=now)
    with pytest.raises(PermanentError, match="nobody was asked to run it"):
        await ask(place.sandbox, made_for(runner))
    assert place.asked == [0, 0, 0]


@pytest.mark.parametrize("ask", ASKS, ids=["run", "only-if-known", "dry-run"])
async def test_a_service_that_is_not_there_any_more_is_nobodys(
    ask: Callable[[RoutedSandbox, Plan], Awaitable[object]],
) -> None:
    place = Place(other=None)
    with pytest.raises(NotFound, match="no service 'shop' any more"):
        await ask(place.sandbox, made_for(None))
    assert place.asked == [0, 0, 0]


async def test_a_plan_and_its_undo_name_the_runner_of_their_service() -> None:
    services = {**CATALOGUE.services, "web": service(runner="edge-1")}
    catalogue = CATALOGUE.model_copy(update={"services": services})
    draft = DraftAction(title="t", script="vigil-do process.restart restart web-1", undo="true")
    reasoner = Written(draft)
    made = (
        await synthesize(briefing(), catalogue, reasoner, ScriptedChanges(), WrittenDesk())
    ).plan
    assert made is not None
    assert made.runner == "edge-1"
    undo = rollback(made, executed(made, ActionStatus.SUCCEEDED))
    assert undo is not None
    assert undo.runner == "edge-1"


def test_the_digest_names_the_runner_and_that_of_older_plans_stays() -> None:
    assert made_for("edge-1").digest != made_for("edge-2").digest
    assert "runner" not in made_for(None).model_dump(mode="json")
    kept = Plan.model_validate_json(made_for("edge-1").model_dump_json())
    assert kept.digest == made_for("edge-1").digest
