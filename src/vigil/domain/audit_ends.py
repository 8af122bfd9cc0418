"""What runners near remote targets have signed, as an auditor finds it on a timeline.

The installation signs its record itself, and so could write anything into it. What a runner has
done it cannot write: the end carries the runner's own signature, and the order the hub's.
"""

from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue, ValidationError

from vigil.domain.plan import ActionResult
from vigil.domain.remote import OrderText, attested_text
from vigil.domain.signed import ORDER, RESULT, Attestation
from vigil.domain.timeline import Event

Genuine = Callable[[str, str, str, str], bool]
"""(public key, kind, text, signature): did that key sign this text as one of this kind? Never
raises."""


class SignedEnds:
    """Follows the events of one incident after the other.

    ``runners`` and ``hub`` are public keys that the auditor got from elsewhere. Of a runner whose
    key nobody gave it is only found whether its word fits itself.
    """

    def __init__(self, genuine: Genuine, hub: str | None, runners: Mapping[str, str]) -> None:
        self._genuine = genuine
        self._hub = hub
        self._runners = runners
        self._incident = ""
        self._plans: dict[str, str | None] = {}
        """The runner of each plan of the incident, by the plan's digest."""
        self._newest: str | None = None
        self.checked = 0
        """Ends that are signed with keys that the auditor gave."""
        self.unchecked = 0
        """Ends that are signed, and with what keys nobody can say."""

    def add(self, event: Event) -> Iterator[str]:
        """The next event; each problem as a sentence."""
        if event.incident != self._incident:
            self._incident, self._plans, self._newest = event.incident, {}, None
        payload = event.payload
        if payload is None:
            return
        if event.kind == "planned":
            self._newest = str(payload.get("digest"))
            runner = payload.get("runner")
            self._plans[self._newest] = None if runner is None else str(runner)
        elif event.kind == "executed":
            name = f"incident {event.incident}, event {event.seq}"
            for problem in self._end(payload):
                yield f"{name}: {problem}"

    def _end(self, payload: dict[str, JsonValue]) -> Iterator[str]:
        planned_for = self._plans.get(self._newest or "")
        if payload.get("attestation") is None:
            if planned_for is not None:
                yield f"the runner '{planned_for}' has not signed what its plan came to"
            return
        try:
            result = ActionResult.model_validate(payload)
        except ValidationError as odd:
            yield f"an end that is signed cannot be read ({odd.error_count()} mistakes)"
            return
        if result.attestation is not None:
            problems = [*self._signatures(result, result.attestation)]
            yield from problems or self._order(result, result.attestation, planned_for)

    def _signatures(self, result: ActionResult, said: Attestation) -> Iterator[str]:
        text = attested_text(said.runner, said.order, result)
        order = said.order
        if not self._genuine(said.key, RESULT, text, said.signature):
            yield f"what the runner '{said.runner}' has signed was something else"
        elif self._runners.get(said.runner, said.key) != said.key:
            yield f"it is signed with another key than the one that you gave for '{said.runner}'"
        if not self._genuine(order.key, ORDER, order.text, order.signature):
            yield "the order that it answers was not signed by the hub that it names"
        elif (self._hub or order.key) != order.key:
            yield "the order that it answers is of another hub than the one whose key you gave"

    def _order(
        self, result: ActionResult, said: Attestation, planned_for: str | None
    ) -> Iterator[str]:
        try:
            ordered = OrderText.model_validate_json(said.order.text)
        except ValidationError as odd:
            yield f"the order that it answers cannot be read ({odd.error_count()} mistakes)"
            return
        if (ordered.runner, ordered.action) != (said.runner, result.action):
            yield "the order that it answers is for another runner, or of another action"
        elif planned_for not in {None, said.runner}:
            yield f"the plan was made for the runner '{planned_for}', and '{said.runner}' ran it"
        elif self._plans and ordered.approved_digest not in self._plans:
            yield "the order that it answers is of a plan that this incident never had"
        elif said.runner in self._runners and self._hub is not None:
            self.checked += 1
        else:
            self.unchecked += 1
