"""The desk's questions as tools, and a model's call of one back into a question.

There is nothing else to call: whatever a model names or writes, it becomes one of the desk's
questions, valid and within its bounds, or a sentence that says why not.
"""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vigil.domain.question import QUESTIONS, Question
from vigil.domain.scrub import clean
from vigil.domain.value import Value
from vigil.integrations.reasoner.answer import without_limits
from vigil.integrations.reasoner.model import Call, Tool

_KIND = "ask"
"""The field that tells questions apart; a model says it with the tool's name."""
MOST_ARGUMENTS = 10_000
MOST_MISTAKES = 5


def _name(question: type[Value]) -> str:
    return str(question.model_fields[_KIND].default)


def _tool(question: type[Value]) -> Tool:
    schema: dict[str, Any] = without_limits(question.model_json_schema())
    schema.pop("description", None)
    schema["properties"].pop(_KIND)
    schema["required"] = [each for each in schema.get("required", ()) if each != _KIND]
    return Tool(_name(question), " ".join((question.__doc__ or "").split()), schema)


_QUESTIONS: tuple[type[Value], ...] = QUESTIONS
_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
TOOLS = tuple(map(_tool, _QUESTIONS))
"""In an order that never changes, as they are the beginning of every request."""
_NAMES = tuple(tool.name for tool in TOOLS)


def question_of(call: Call) -> Question | str:
    """The question that a call asks, or what is wrong with it, for the model to read."""
    if call.name not in _NAMES:
        return f"there is no such tool; there are: {', '.join(_NAMES)}"
    if len(call.arguments) > MOST_ARGUMENTS:
        return f"the arguments are longer than {MOST_ARGUMENTS} characters"
    try:
        given = json.loads(call.arguments or "{}")
        if not isinstance(given, dict) or _KIND in given:
            return "the arguments are not an object of the tool's own fields"
        return _QUESTION.validate_python({**given, _KIND: call.name})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return "; ".join(
            f"{clean('.'.join(map(str, each['loc'])), 80)}: {each['msg']}"
            for each in found[:MOST_MISTAKES]
        )
    except (ValueError, RecursionError):
        return "the arguments are not valid JSON"
