"""The form of a model's answer, and its JSON schema.

The schema is what vendors hold a model to, where they do. It says less than the form: they take no
limits of length, so those are looked at here, and everything else is looked at here again.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vigil.domain.value import Name

MOST_ACTIONS = 10
"""As many as a plan can have."""
MOST_SCRIPT = 20_000
MOST_TEXT = 2000
MOST_ITEMS = 20

Text = Annotated[str, Field(max_length=MOST_TEXT)]
Line = Annotated[str, Field(min_length=1, max_length=300)]
Script = Annotated[str, Field(min_length=1, max_length=MOST_SCRIPT)]
Texts = Annotated[list[Text], Field(max_length=MOST_ITEMS)]
Ids = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=MOST_ITEMS)
]


class _Form(BaseModel):
    """Every field has to be there, none besides, each of its very type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StepForm(_Form):
    """One of the five steps."""

    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
    evidence: Ids


class ActionForm(_Form):
    """One script, with what takes it back or why nothing does."""

    title: Line
    script: Script
    undo: Script | None
    no_undo: Line | None
    raw: Ids


class AnswerForm(_Form):
    """The whole answer."""

    decision: Literal["act", "escalate"]
    summary: Line
    symptom: StepForm
    cause: StepForm
    runbook: StepForm
    remediation: StepForm
    proof: StepForm
    follows_runbook: Line | None
    actions: Annotated[list[ActionForm], Field(max_length=MOST_ACTIONS)]
    verify_with: Annotated[list[Name], Field(max_length=10)]
    risk: Literal["LOW", "MEDIUM", "HIGH"]
    risk_reasons: Texts
    alternatives: Texts
    would_change_mind: Texts


_LIMITS = ("maxLength", "minLength", "maxItems", "minItems", "title", "pattern")
"""What vendors do not take in the schema of an answer, and titles, which only repeat names."""


def answer_schema() -> dict[str, Any]:
    """The JSON schema of an answer, in the words that vendors take."""
    plain: dict[str, Any] = without_limits(AnswerForm.model_json_schema())
    return plain


def without_limits(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same schema without what only the reader looks at."""
    if isinstance(schema, list):
        return [without_limits(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        # Below "properties" and "$defs" keys are names that somebody gave and not words of JSON
        # schema: a field may be called "title".
        key: {name: without_limits(each) for name, each in value.items()}
        if key in {"properties", "$defs"}
        else without_limits(value)
        for key, value in schema.items()
        if key not in _LIMITS
    }
