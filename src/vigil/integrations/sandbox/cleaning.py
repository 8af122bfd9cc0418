"""What a runner far away says, made fit to be shown to people: whoever has it may write anything.

Ends of runs stay as they are, as the runner has signed them so; see ``domain/shown.py``.
"""

from vigil.domain.foreseen import MAX_TEXT_CHARS as MAX_FORESEEN_CHARS
from vigil.domain.foreseen import Foreseen
from vigil.domain.scrub import clean
from vigil.domain.shown import MAX_LINE_CHARS, MAX_WORD_CHARS, shown_call, shown_record
from vigil.domain.switch import SwitchState
from vigil.domain.wire import (
    CallEvent,
    DryRunEvent,
    FinishedEvent,
    HealthEvent,
    LookedEvent,
    OutputEvent,
    RefusedEvent,
    RunnerEvent,
)

MAX_TOLD_CHARS = 500
"""Of a sentence of the runner."""
MAX_FORESEEN = 100
"""A runner looks at fewer calls in one dry run."""


def cleaned(event: RunnerEvent) -> RunnerEvent:
    """The event with its words on one line, without control characters and secrets, and bounded."""
    match event:
        case OutputEvent():
            return OutputEvent(line=clean(event.line, MAX_LINE_CHARS))
        case RefusedEvent():
            return RefusedEvent(error=event.error, text=clean(event.text, MAX_TOLD_CHARS))
        case HealthEvent():
            health = event.health
            remedy = None if health.remedy is None else clean(health.remedy, MAX_TOLD_CHARS)
            told = {"text": clean(health.text, MAX_TOLD_CHARS), "remedy": remedy}
            return HealthEvent(health=health.model_copy(update=told))
        case DryRunEvent():
            return DryRunEvent(foreseen=tuple(map(_foreseen, event.foreseen[:MAX_FORESEEN])))
        case CallEvent():
            return CallEvent(record=shown_record(event.record))
        case FinishedEvent() | LookedEvent():
            return event


def _foreseen(one: Foreseen) -> Foreseen:
    words = {
        "action": clean(one.action, MAX_WORD_CHARS),
        "call": None if one.call is None else shown_call(one.call),
        "text": clean(one.text, MAX_FORESEEN_CHARS),
    }
    return one.model_copy(update=words)


def switch_said(state: SwitchState) -> SwitchState:
    """The same, of the switch near the target."""
    words = {"by": clean(state.by, MAX_TOLD_CHARS), "text": clean(state.text, MAX_TOLD_CHARS)}
    return state.model_copy(update=words)
