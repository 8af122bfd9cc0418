"""What was asked for in one run: each call on record, told to whoever listens, with no secret."""

from collections.abc import Callable

import structlog

from vigil.domain.effects import Call
from vigil.domain.plan import CallRecord
from vigil.runner.ledger import Ledger
from vigil.runner.limits import MAX_RESULT_CHARS
from vigil.runner.orders import CheckedOrder
from vigil.runner.output import Hide

OnCall = Callable[[CallRecord], None]
_log = structlog.get_logger("vigil.runner.broker")


class CallLog:
    """The calls of one run, however they were asked for; may be written to from several threads."""

    def __init__(
        self, checked: CheckedOrder, ledger: Ledger, on_call: OnCall, hide: Hide = str
    ) -> None:
        self._checked = checked
        self._ledger = ledger
        self._on_call = on_call
        self._hide = hide
        """Takes what no log may have out of a text: a script says what it likes in a call."""
        self.records: list[CallRecord] = []
        self.refused = False
        self.open_ended: set[str] = set()
        """Keys of effects that were begun and whose end nobody knows."""
        self.unrecorded: str | None = None
        """Why the ledger could not be used for a call: how this run ended is not known then."""

    def refuse(self, call: Call, text: str) -> str:
        """Put on record that it was refused; the text as it stands there."""
        self.refused = True
        return self.record("refused", call, text, allowed=False)

    def record(
        self, status: str, call: Call, text: str, *, allowed: bool, repeated: bool = False
    ) -> str:
        """Put a call on record; the text as it stands there.

        :raises PortUnavailable: the ledger cannot be written.
        """
        text = self._hide(text)[:MAX_RESULT_CHARS]
        hidden = Call(
            verb=self._hide(call.verb),
            grant=self._hide(call.grant),
            arguments=tuple(map(self._hide, call.arguments)),
        )
        record = CallRecord(call=hidden, allowed=allowed, result=text, repeated=repeated)
        order = self._checked.order
        self._ledger.log_call(order.run_key, record)
        self.records.append(record)
        _log.info(
            "call",
            run_key=order.run_key,
            plan=self._checked.digest,
            service=order.plan.service,
            status=status,
            **record.model_dump(mode="json"),
        )
        self._on_call(record)
        return text
