"""A runner near a remote target, over the connection that it has made to this hub."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from pydantic import ValidationError

from vigil.domain.errors import PermanentError, PortUnavailable, VigilError
from vigil.domain.foreseen import Foreseen
from vigil.domain.plan import ActionResult, Plan
from vigil.domain.remote import OrderText, attested_text
from vigil.domain.run import Health, RunOrder
from vigil.domain.signed import ORDER, RESULT
from vigil.domain.wire import DryRunEvent, HealthEvent
from vigil.integrations.sandbox.connected import Connected
from vigil.integrations.sandbox.hearing import hear, ignored
from vigil.integrations.sandbox.hub import Hub
from vigil.link.identity import genuine
from vigil.link.lines import Gone
from vigil.ports.sandbox import OnOutput

_HEALTH_S = 4.0
"""Less than `/ready` waits for a part: what is wrong should be told in words of our own."""
_DRY_RUN_S = 40.0
_AFTER_LEASE_S = 45.0
"""A runner waits for a call under way before it answers; it is never left longer than this."""
_REMEDY = (
    "on its machine: is `vigil runner` running, does it reach this hub, and what does "
    "`vigil doctor` say there?"
)


class RemoteSandbox:
    """Asks the runner of this name; ``key`` is its public key, ``hub_key`` our own.

    Nothing is retried here: without a connection it is ``PortUnavailable``, and asking again with
    the same run key joins the run or answers from the runner's record, once it is back.
    """

    def __init__(self, name: str, key: str, hub: Hub, hub_key: str) -> None:
        self._name = name
        self._key = key
        self._hub = hub
        self._hub_key = hub_key

    async def run(self, order: RunOrder, on_output: OnOutput) -> ActionResult:
        """See the port. An end that the runner has not signed for this very run is not used."""
        async with (
            self._reached(order.lease.seconds + _AFTER_LEASE_S) as runner,
            contextlib.aclosing(runner.run(order)) as events,
        ):
            async for event in events:
                result = await hear(event, on_output)
                if result is not None:
                    self.check(order, result)
                    return result
        raise self._lost("the connection was lost before the run had ended")

    async def dry_run(self, plan: Plan) -> tuple[Foreseen, ...]:
        """See the port."""
        async with (
            self._reached(_DRY_RUN_S) as runner,
            contextlib.aclosing(runner.dry_run(plan)) as events,
        ):
            async for event in events:
                if isinstance(event, DryRunEvent):
                    return event.foreseen
                await hear(event, ignored)
        raise self._lost("the connection was lost before it had answered")

    async def health(self) -> Health:
        """See the port; the part is named after the runner."""
        part = f"runner {self._name}"
        try:
            async with (
                self._reached(_HEALTH_S) as runner,
                contextlib.aclosing(runner.health()) as events,
            ):
                async for event in events:
                    if isinstance(event, HealthEvent):
                        return self._health(runner, event.health)
                    await hear(event, ignored)
            text = str(self._lost("the connection was lost"))
        except VigilError as silent:  # also whatever the runner calls its refusal
            text = str(silent)
        return Health(part=part, ok=False, text=text, remedy=_REMEDY, vital=False)

    def _health(self, runner: Connected, told: Health) -> Health:
        part = f"runner {self._name}"
        near = runner.switch
        if near is not None and near.stopped:
            text = f"it was stopped near its target: {near.text or 'no reason given'}"
            resume = "`vigil resume` on its machine, once you know why it was stopped"
            return Health(part=part, ok=False, text=text, remedy=resume, vital=False)
        text = f"connected since {runner.since:%Y-%m-%d %H:%M} UTC; {told.text}"
        # One that was taken over must not tell people what to run in the hub's name.
        says = f" The runner itself says: {told.remedy}" if told.remedy else ""
        remedy = None if told.ok else f"{_REMEDY}{says}"
        return Health(part=part, ok=told.ok, text=text, remedy=remedy, vital=False)

    @contextlib.asynccontextmanager
    async def _reached(self, within_s: float) -> AsyncIterator[Connected]:
        runner = self._hub.runner(self._name)
        if runner is None:
            raise self._lost("it is not connected to this hub")
        try:
            async with asyncio.timeout(within_s):
                yield runner
        except TimeoutError as late:
            raise self._lost(f"it did not answer within {within_s:.0f} s") from late
        except (Gone, ConnectionError) as gone:
            raise self._lost(str(gone)) from gone

    def check(self, order: RunOrder, result: ActionResult) -> None:
        """That this runner says it, of a run that this hub has ordered, and of this one.

        :raises PermanentError: of an end that is not so nothing is believed.
        """
        said = result.attestation
        if said is None or said.key != self._key or said.order.key != self._hub_key:
            raise self._unsigned("it is not signed with the keys of this runner and this hub")
        text = attested_text(self._name, said.order, result)
        if said.runner != self._name or not genuine(said.key, RESULT, text, said.signature):
            raise self._unsigned("the runner has not signed this")
        if not genuine(said.order.key, ORDER, said.order.text, said.order.signature):
            raise self._unsigned("this hub has not signed the order that it answers")
        try:
            ordered = OrderText.model_validate_json(said.order.text)
        except ValidationError as strange:
            raise self._unsigned("the order that it answers cannot be read") from strange
        if ordered.runner != self._name or not ordered.is_about(order):
            raise self._unsigned("it answers the order of another run")
        if result.action != order.action:
            raise self._unsigned("it is of another action")

    def _unsigned(self, why: str) -> PermanentError:
        return PermanentError(
            f"the end that the runner '{self._name}' reports is not used: {why}. Nobody knows what "
            "was done: look at the target, and at who has that runner's key"
        )

    def _lost(self, why: str) -> PortUnavailable:
        return PortUnavailable(
            f"the runner '{self._name}': {why}. What it did is in its ledger; ask again with the "
            "same run key"
        )
