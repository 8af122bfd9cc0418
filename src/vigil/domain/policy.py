"""The policy: what the gate may allow by itself, as values."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.cost import Budget
from vigil.domain.effects import Risk
from vigil.domain.policy_mistakes import contradictions
from vigil.domain.policy_rules import Rule
from vigil.domain.written import Written


class Policy(Written):
    """``policy.yaml``; the defaults are the careful ones."""

    auto_confidence: int = Field(default=90, ge=0, le=100)
    auto_context_match: int = Field(default=85, ge=0, le=100)
    auto_max_risk: Risk = Risk.MEDIUM
    auto_max_resources: int = Field(default=6, ge=0)
    """Blast radius: how many resources one plan may touch unasked."""
    ask_max_risk: Risk = Risk.HIGH
    """Above this nothing runs even when a person agrees."""
    freeze: bool = False
    """A change freeze: everything is asked."""
    max_executions_per_hour: int = Field(default=10, ge=0)
    """The breaker: beyond this many executed plans in an hour everything is asked."""
    approval_expires_after_s: int = Field(default=4 * 3600, ge=60, le=30 * 86400)
    """How long a plan waits for a person. What was judged hours ago may be wrong by now, so without
    an answer until then the answer is no, and the incident is handed over."""
    breaker_rests_s: int = Field(default=3600, ge=60, le=30 * 86400)
    """With ``rules``: how long what a rule allowed, or a runbook, is asked about after a proof
    failed."""
    budget: Budget | None = None
    """What thinking may cost before a person is asked; without it there is no limit."""
    rules: Annotated[tuple[Rule, ...], Field(max_length=200)] | None = None
    """For each action they are read from the top up to the first ``allow`` that fits. Of those that
    fit on the way the strictest counts, and where none fits it is asked. They come on top of
    everything else: what is denied or asked without them no rule allows."""

    @field_validator("rules", mode="before")
    @classmethod
    def _some_or_not_named(cls, rules: object) -> object:
        # Whoever took the last rule away meant less to be allowed, and not all.
        if rules is None:
            raise PydanticCustomError(
                "no_rules", "there is nothing in it; write [] to have everything asked, or no key"
            )
        return rules

    @model_validator(mode="after")
    def _rules_make_sense(self) -> Self:
        mistakes = [
            f"{'.'.join(map(str, place))}: {text}"
            for place, text in contradictions(tuple(enumerate(self.rules or ())))
        ]
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return self
