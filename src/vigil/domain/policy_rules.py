"""The rules of a policy: when one fits, and what it says then.

What makes a plan more dangerous may bound an ``allow`` from above only, and an ``ask`` or ``deny``
from below only. So no rule, however it is written, allows a plan more because it became worse.
"""

import re
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.catalogue import Autonomy, Environment
from vigil.domain.effects import EffectKind, Risk
from vigil.domain.value import Name, Value
from vigil.domain.verdict import Decision
from vigil.domain.window import Dates, Hours
from vigil.domain.written import Written

Pattern = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]
"""As in a shell: ``*``, ``?`` and ``[...]`` stand for characters, everything else for itself."""

Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=100)]


def _one_sentence(text: str) -> str:
    if re.fullmatch(r"[^\x00-\x1f]{3,300}", text) is None:
        raise PydanticCustomError("no_sentence", "write 3 to 300 characters on one line")
    return text


Sentence = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_one_sentence)]
Percent = Annotated[int, Field(ge=0, le=100, strict=True)]
Count = Annotated[int, Field(ge=0, le=1000, strict=True)]

T = TypeVar("T", EffectKind, Risk, Percent, Count)

DANGER_GROWS = (
    "effects",
    "risk",
    "resource_count",
    "share_of_instances",
    "executed_on_service",
    "executed_in_all",
)
"""More of it is more dangerous."""
DANGER_SHRINKS = ("confidence", "context_match")
"""Less of it is more dangerous."""


class Bound(Value, Generic[T]):
    """One limit, itself counted in."""

    at_least: T | None = None
    at_most: T | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise PydanticCustomError(
                "one_limit", "give either 'at_least' or 'at_most'; write two rules for both"
            )
        return self

    def holds(self, found: T) -> bool:
        """Whether what was found is within it."""
        if self.at_least is not None:
            return _rank(found) >= _rank(self.at_least)
        return self.at_most is not None and _rank(found) <= _rank(self.at_most)

    def covers(self, other: "Bound[T]") -> bool:
        """Whether everything within the other is within this one."""
        if self.at_least is not None and other.at_least is not None:
            return _rank(self.at_least) <= _rank(other.at_least)
        if self.at_most is not None and other.at_most is not None:
            return _rank(self.at_most) >= _rank(other.at_most)
        return False


def _rank(value: EffectKind | Risk | int) -> int:
    return value if isinstance(value, int) else value.rank


class When(Written):
    """All of these together; what is left out is not asked for."""

    services: Patterns | None = None
    teams: Patterns | None = None
    environments: tuple[Environment, ...] | None = Field(default=None, min_length=1)
    failure_types: Patterns | None = None
    autonomy: tuple[Autonomy, ...] | None = Field(default=None, min_length=1)
    verbs: Patterns | None = None
    """Any call of the action in an ``ask`` or ``deny``, every one in an ``allow``."""
    resources: Patterns | None = None
    """Anything that the action touches in an ``ask`` or ``deny``, all of it in an ``allow``."""
    hours: tuple[Hours, ...] | None = Field(default=None, min_length=1, max_length=50)
    dates: tuple[Dates, ...] | None = Field(default=None, min_length=1, max_length=50)
    effects: Bound[EffectKind] | None = None
    """Of the action; everything below is of the whole plan."""
    risk: Bound[Risk] | None = None
    confidence: Bound[Percent] | None = None
    context_match: Bound[Percent] | None = None
    resource_count: Bound[Count] | None = None
    share_of_instances: Bound[Percent] | None = None
    executed_on_service: Bound[Count] | None = None
    """Plans that were executed on this service within the last hour."""
    executed_in_all: Bound[Count] | None = None


class Rule(Written):
    """``because`` is a sentence for whoever reads the verdict."""

    id: Name
    when: When = When()
    then: Decision
    because: Sentence
    most_per_hour: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    """The breaker of an ``allow``: after so many plans within an hour it asks."""

    @model_validator(mode="after")
    def _only_an_allow_has_a_breaker(self) -> Self:
        if self.most_per_hour is not None and self.then is not Decision.ALLOW:
            raise PydanticCustomError(
                "no_breaker", "'most_per_hour' belongs to a rule that allows; remove it here"
            )
        return self
