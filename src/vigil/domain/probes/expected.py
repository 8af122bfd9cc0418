"""What a value has to be: the value itself, or what holds of it."""

import json
from typing import Self

from pydantic import FiniteFloat, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from vigil.domain.pattern import Pattern, matches
from vigil.domain.value import Value

MOST_SHOWN = 60
"""Characters of a stranger's value that go into a sentence."""

Plain = StrictBool | StrictInt | StrictFloat | StrictStr


class Expected(Value):
    """One of: equal to a value, matching a pattern, within bounds, there or not.

    A plain value stands for ``equals``. A list is within bounds when it has so many entries.
    """

    equals: Plain | None = None
    matches: Pattern | None = None
    min: FiniteFloat | None = None
    max: FiniteFloat | None = None
    there: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain_is_equal(cls, data: object) -> object:
        return {"equals": data} if isinstance(data, bool | int | float | str) else data

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        bounded = self.min is not None or self.max is not None
        given = [self.equals is not None, self.matches is not None, bounded, self.there is not None]
        if sum(given) != 1:
            raise ValueError("expect one of: equals, matches, min and max, there")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self

    def missed_by(self, found: tuple[object, ...]) -> str | None:
        """How what was found (nothing, or one value) is not as expected; None when it is."""
        if self.there is not None:
            words = "is there" if found else "is not there"
            return None if self.there is bool(found) else words
        if not found:
            return f"is not there, expected {self._said()}"
        (value,) = found
        return None if self._holds(value) else f"is {_shown(value)}, expected {self._said()}"

    def _holds(self, value: object) -> bool:
        if self.equals is not None:
            # To Python true is 1; to nobody else.
            alike = isinstance(value, bool) is isinstance(self.equals, bool)
            return alike and value == self.equals
        if self.matches is not None:
            return isinstance(value, str) and matches(self.matches, value)
        number = len(value) if isinstance(value, list) else value
        return (
            isinstance(number, int | float)
            and not isinstance(number, bool)
            and (self.min is None or number >= self.min)
            and (self.max is None or number <= self.max)
        )

    def _said(self) -> str:
        if self.equals is not None:
            return _shown(self.equals)
        if self.matches is not None:
            return f"a match of {_shown(self.matches)}"
        bounds = (("at least", self.min), ("at most", self.max))
        return " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)


def _shown(value: object) -> str:
    """A value as a sentence can bear it."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= MOST_SHOWN else f"'{value[:MOST_SHOWN]}...'"
    return json.dumps(value)
