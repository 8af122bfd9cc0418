"""What a runner far away says, made fit to be shown to people: whoever has it may write anything.

Ends of runs stay as they are, as the runner has signed them so.
"""

from vigil.domain.effects import Call
from vigil.domain.foreseen import Foreseen
from vigil.domain.scrub import clean
from vigil.domain.switch import SwitchState
from vigil.domain.wire import (
    CallEvent,
    DryRunEvent,
    FinishedEvent,
    HealthEvent,
    OutputEvent,
    RefusedEvent,
    RunnerEvent,
)

MAX_TOLD_CHARS = 500
"""Of a sentence of the runner."""
MAX_LINE_CHARS = 2000
"""Of what a script prints, and of what a call did."""
MAX_WORD_CHARS = 300
"""Of a verb, a grant, an argument or an action's id."""
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
            said = event.record
            result = clean(said.result, MAX_LINE_CHARS)
            words = {"call": _call(said.call), "result": result}
            return CallEvent(record=said.model_copy(update=words))
        case FinishedEvent():
            return event


def _foreseen(one: Foreseen) -> Foreseen:
    words = {
        "action": clean(one.action, MAX_WORD_CHARS),
        "call": None if one.call is None else _call(one.call),
        "text": clean(one.text, MAX_LINE_CHARS),
    }
    return one.model_copy(update=words)


def _call(call: Call) -> Call:
    verb, grant, *arguments = (
        clean(word, MAX_WORD_CHARS) for word in (call.verb, call.grant, *call.arguments)
    )
    return Call(verb=verb, grant=grant, arguments=tuple(arguments))


def switch_said(state: SwitchState) -> SwitchState:
    """The same, of the switch near the target."""
    words = {"by": clean(state.by, MAX_TOLD_CHARS), "text": clean(state.text, MAX_TOLD_CHARS)}
    return state.model_copy(update=words)
