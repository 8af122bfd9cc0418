"""A shop that a bad release broke, and the sandbox that works on it, both in memory."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from tests.support.hand_clock import START, HandClock
from tests.support.world import NEW, OLD

from vigil.domain.change import Release
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, ActionStatus, CallRecord, Plan
from vigil.domain.run import Health, RunOrder
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.ports.sandbox import OnOutput

RELEASED = START - timedelta(seconds=60)


@dataclass
class Shop:
    """What is broken, and what each call of the broker does to it."""

    clock: HandClock
    release: str = NEW
    done: list[str] = field(default_factory=list)
    checkout_fails: Callable[["Shop"], bool] = lambda shop: shop.release == NEW
    catalogue_fails: Callable[["Shop"], bool] = lambda _: False

    def do(self, verb: str, arguments: tuple[str, ...]) -> None:
        self.done.append(" ".join((verb, *(a[:9] for a in arguments))))
        if verb == "release.switch":
            (self.release,) = arguments

    def checkout(self) -> str:
        return "F" if self.checkout_fails(self) else "P"

    def catalogue(self) -> str:
        return "F" if self.catalogue_fails(self) else "P"

    def errors(self) -> tuple[ErrorGroup, ...]:
        """What the new release's code writes into the log while it is live."""
        if self.release != NEW:
            return ()
        return (
            ErrorGroup(
                type="TypeError",
                origin=ErrorOrigin.CODE,
                release="r2",
                count=9,
                first_at=RELEASED + timedelta(seconds=2),
                last_at=START,
                instances=("web-1", "web-2"),
                sample="unsupported operand",
            ),
        )

    def releases(self) -> tuple[Release, ...]:
        old = Release(
            at=RELEASED - timedelta(days=1), service="web", release="r1", digest=OLD, by="ci"
        )
        new = Release(at=RELEASED, service="web", release="r2", digest=NEW, previous=OLD, by="ci")
        return (new, old)


def fails_now_and_then() -> Callable[[Shop], bool]:
    """All the time in the new release, and at one look of five in the old one: better, not well."""
    looks = count(1)
    return lambda shop: shop.release == NEW or next(looks) % 5 == 2


class CountingSandbox:
    """Fulfils ``ports.sandbox.Sandbox`` on the shop; a run whose end is on record is not run again.

    Its promises about limits and scripts are kept elsewhere: here the calls of an action are done.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._ends: dict[str, ActionResult] = {}
        self.asked: Counter[str] = Counter()
        self.ran: Counter[str] = Counter()
        self.before: Callable[[RunOrder], None] = lambda _: None
        """Something that happens when a run is asked for; may raise."""
        self.status = ActionStatus.SUCCEEDED
        self.interrupted = False

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        self.asked[order.run_key] += 1
        assert order.approved_digest == order.plan.digest
        assert order.lease.until > self._shop.clock.now()
        if order.only_if_known and order.run_key not in self._ends:
            self._ends[order.run_key] = _not_begun(order)
        if order.run_key not in self._ends:
            self.before(order)
            self.ran[order.run_key] += 1
            (action,) = (a for a in order.plan.actions if a.id == order.action)
            for call in action.effects.calls:
                self._shop.do(call.verb, call.arguments)
            self._ends[order.run_key] = ActionResult(
                action=action.id,
                status=self.status,
                exit_code=0,
                calls=tuple(
                    CallRecord(call=call, allowed=True, result="done")
                    for call in action.effects.calls
                ),
                output="done\n",
                seconds=1.0,
                interrupted=self.interrupted,
            )
            await on_output("done")
        return self._ends[order.run_key]

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        return tuple(
            Foreseen(action=action.id, call=call, ok=True, text=f"do {call.verb} in the shop")
            for action in plan.actions
            for call in action.effects.calls
        )

    async def health(self) -> Health:
        return Health(part="sandbox", ok=True, text="the shop of a test")


def _not_begun(order: RunOrder) -> ActionResult:
    return ActionResult(
        action=order.action, status=ActionStatus.NOT_BEGUN, exit_code=None, seconds=0.0
    )
