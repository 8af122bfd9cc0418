"""What became of an action, made fit to be shown to people.

What a runner far away has signed is kept as it is, or nobody could check it any more; and whoever
has that runner may have signed anything. So it is cleaned where it is shown.
"""

from vigil.domain.effects import Call
from vigil.domain.plan import ActionResult, CallRecord
from vigil.domain.scrub import clean

MAX_LINE_CHARS = 2000
"""Of what a script prints, and of what a call did."""
MAX_LINES = 300
"""Of what a script printed last: no sound runner keeps so many."""
MAX_WORD_CHARS = 300
"""Of a verb, a grant, an argument or an action's id."""


def shown(result: ActionResult) -> ActionResult:
    """The result without control characters and obvious secrets in what script and calls say."""
    lines = result.output.split("\n")[-MAX_LINES:]
    printed = "\n".join(clean(line, MAX_LINE_CHARS) for line in lines)
    calls = tuple(map(shown_record, result.calls))
    return result.model_copy(update={"output": printed, "calls": calls})


def shown_record(record: CallRecord) -> CallRecord:
    """The same, of one call."""
    result = clean(record.result, MAX_LINE_CHARS)
    return record.model_copy(update={"call": shown_call(record.call), "result": result})


def shown_call(call: Call) -> Call:
    """The same, of what was asked for."""
    verb, grant, *arguments = (
        clean(word, MAX_WORD_CHARS) for word in (call.verb, call.grant, *call.arguments)
    )
    return Call(verb=verb, grant=grant, arguments=tuple(arguments))
