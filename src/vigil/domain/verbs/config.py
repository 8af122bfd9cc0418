"""``config.*``: settings of a service in a file of its own."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from vigil.domain.effects import EffectKind
from vigil.domain.value import Value
from vigil.domain.verbs.base import SETTING, Absolute, Argument, BaseGrant, Place, Verb
from vigil.domain.verbs.places import path

PATH = r"[A-Za-z_][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){0,7}"
"""The key of a setting; a dot leads into the mapping below it."""
KeyPath = Annotated[str, StringConstraints(pattern=f"^{PATH}$")]
_WORD = Annotated[str, StringConstraints(pattern=f"^{SETTING}$")]
_WHOLE = r"-?(?:0|[1-9][0-9]{0,14})"
_BOOLEANS = ("true", "false")


class ConfigKey(Value):
    """What one setting may be given: a whole number within bounds, a boolean, or a listed word."""

    type: Literal["integer", "boolean", "choice"]
    min: int | None = None
    max: int | None = None
    values: tuple[_WORD, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        bounds = (self.min is not None, self.max is not None, bool(self.values))
        wanted = {
            "integer": (True, True, False),
            "boolean": (False, False, False),
            "choice": (False, False, True),
        }
        if bounds != wanted[self.type]:
            raise PydanticCustomError(
                "config_key",
                "an integer needs min and max, a choice needs values, and a boolean nothing",
            )
        return self

    def admits(self, word: str) -> bool:
        """Whether the setting may get this value."""
        match self.type:
            case "choice":
                return word in self.values
            case "boolean":
                return word in _BOOLEANS
            case "integer":
                return self._in_bounds(word)

    def _in_bounds(self, word: str) -> bool:
        if self.min is None or self.max is None or re.fullmatch(_WHOLE, word) is None:
            return False
        return self.min <= int(word) <= self.max

    @property
    def told(self) -> str:
        """What it may get, as words."""
        match self.type:
            case "choice":
                return ", ".join(self.values)
            case "boolean":
                return ", ".join(_BOOLEANS)
            case "integer":
                return f"{self.min} to {self.max}"


class ConfigSetGrant(BaseGrant):
    """``config.set``: give a setting that is in ``file`` another value that ``keys`` admits."""

    verb: Literal["config.set"]
    file: Absolute
    format: Literal["json", "yaml", "env"]
    keys: dict[KeyPath, ConfigKey] = Field(min_length=1, max_length=100)

    @property
    def configuration(self) -> tuple[str, ...]:
        return (self.file,)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.file,)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        del arguments
        return (("path", path(self.file)),)


VERBS = (
    Verb(
        grant=ConfigSetGrant,
        kind=EffectKind.REVERSIBLE,
        arguments=(Argument(name="key", pattern=PATH), Argument(name="value", pattern=SETTING)),
        resource="config:{grant}",
        reason="gives a setting another value in the service's own file",
        undo="config.set to the value of before",
        again="the value, and whether the file is still the one that was looked at",
    ),
)
