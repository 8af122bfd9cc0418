"""One connection's orders, checked before anything of them is used."""

import secrets
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from vigil.domain.errors import PermanentError
from vigil.domain.plan import ActionResult
from vigil.domain.remote import OrderFrame, OrderText, attested_text
from vigil.domain.run import RunOrder
from vigil.domain.signed import ORDER, RESULT, Attestation, Signed
from vigil.link.identity import Identity, genuine

MAX_AGE = timedelta(seconds=30)
"""How old an order may be by the wall's clock, and how far the two clocks may be apart."""


class Session:
    """What this runner takes over one connection, and how it signs what it answers there."""

    def __init__(self, name: str, me: Identity, hub: str) -> None:
        self.id = secrets.token_hex(32)
        self._name = name
        self._me = me
        self._hub = hub
        self._last = 0

    def opened(self, frame: OrderFrame) -> RunOrder:
        """The order that the hub has signed for this runner, on this connection, just now.

        :raises PermanentError: it has not; nothing of the order was looked at before that.
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
        return text.with_plan(frame.plan)

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
