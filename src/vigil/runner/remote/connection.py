"""One connection's orders, checked before anything of them is used."""

import secrets
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from vigil.domain.errors import PermanentError, PortUnavailable
from vigil.domain.plan import ActionResult
from vigil.domain.remote import OrderFrame, OrderText, attested_text
from vigil.domain.run import RunOrder
from vigil.domain.signed import ORDER, RESULT, Attestation, Signed
from vigil.link.identity import Identity, genuine
from vigil.runner.lease import boot_s
from vigil.runner.remote.beats import Beats
from vigil.runner.remote.words import FRESH_S

MAX_AGE = timedelta(seconds=30)
"""How old an order may be by the wall's clock, and how far the two clocks may be apart."""


class Connection:
    """What this runner takes over one connection, and how it signs what it answers there."""

    def __init__(self, name: str, me: Identity, hub: str) -> None:
        self.id = secrets.token_hex(32)
        self.beats = Beats()
        self._name = name
        self._me = me
        self._hub = hub
        self._last = 0

    def opened(self, frame: OrderFrame) -> RunOrder:
        """The order that the hub has signed for this runner, on this connection, just now.

        Its lease is counted from the beat of this runner that the order repeats, as if it had been
        given then: how long it was on its way is not added to it.

        :raises PermanentError: it has not; nothing of the order was looked at before that.
        :raises PortUnavailable: it has, and the order was too long on its way.
        """
        text = self._read(frame.order)
        if text.runner != self._name:
            raise _refused(f"it is for the runner '{text.runner}', and this is '{self._name}'")
        if text.hub != self._hub:
            raise _refused("it is of another hub")
        if text.session != self.id:
            raise _refused("it was given on another connection")
        if text.number != frame.id or text.number <= self._last:
            raise _refused(f"it has the number {text.number}, and {self._last} has been seen")
        self._last = text.number
        age = datetime.now(UTC) - text.issued_at
        if abs(age) > MAX_AGE:
            raise _refused(
                f"it was given {age.total_seconds():.0f} s ago by this machine's clock: it came "
                "late, or the clocks of hub and runner differ; set them right and ask again"
            )
        return self._in_time(text).with_plan(frame.plan)

    def _in_time(self, text: OrderText) -> OrderText:
        """The order with what is left of its lease."""
        at = self.beats.said_at(text.heard)
        if at is None or (late_s := boot_s() - at) > FRESH_S:
            raise PortUnavailable(
                f"the order was given before this runner was heard within the last {FRESH_S:g} s: "
                "what goes between hub and runner comes late. Nothing was run; ask again"
            )
        left_s = text.lease.seconds - text.lease_spent_s - late_s
        return text.model_copy(update={"lease": text.lease.model_copy(update={"seconds": left_s})})

    def _read(self, order: Signed) -> OrderText:
        if order.key != self._hub or not genuine(order.key, ORDER, order.text, order.signature):
            raise _refused("this runner's hub has not signed it")
        try:
            return OrderText.model_validate_json(order.text)
        except ValidationError as strange:
            raise _refused(
                f"it cannot be read ({strange.error_count()} mistakes): hub and runner have to be "
                "of the same version"
            ) from None

    def attested(self, result: ActionResult, order: Signed) -> ActionResult:
        """The result with this runner's signature.

        One that these two have signed before stays as it is, so that the first order is kept.
        """
        said = result.attestation
        if said is not None and (said.key, said.order.key) == (self._me.public, self._hub):
            return result
        text = attested_text(self._name, order, result)
        attestation = Attestation(
            runner=self._name,
            order=order,
            key=self._me.public,
            signature=self._me.sign(RESULT, text),
        )
        return result.model_copy(update={"attestation": attestation})


def _refused(why: str) -> PermanentError:
    return PermanentError(f"the order was refused: {why}. Nothing was run")
