"""``flag.*``: switches that a service reads while it runs."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from vigil.domain.effects import EffectKind
from vigil.domain.value import Name, Value
from vigil.domain.verbs.base import NAME, SETTING, Argument, Place, Verb
from vigil.domain.verbs.redis import DRIVER, Key, RedisGrant

Setting = Annotated[str, StringConstraints(pattern=f"^{SETTING}$")]


class Flag(Value):
    """One flag: the key that holds it, and the only values that it may get."""

    key: Key
    values: tuple[Setting, ...] = Field(min_length=2, max_length=20)


class FlagSetGrant(RedisGrant):
    """``flag.set``: give one of these ``flags`` one of its values.

    Each has a ``key`` and 2 to 20 ``values``, and holds one of them already.
    """

    holds: ClassVar[tuple[str, ...]] = ("flags",)
    verb: Literal["flag.set"]
    flags: dict[Name, Flag] = Field(min_length=1, max_length=100)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        name = arguments[0] if arguments else ""
        return (self.key(self.flags[name].key),) if name in self.flags else ()


VERBS = (
    Verb(
        grant=FlagSetGrant,
        kind=EffectKind.REVERSIBLE,
        arguments=(Argument(name="flag", pattern=NAME), Argument(name="value", pattern=SETTING)),
        resource="flag:{grant}/{flag}",
        reason="gives a feature flag another value",
        undo="flag.set to the value of before",
        again="a mark in the same Redis, set in the same step, for a week",
        needs=DRIVER,
    ),
)
