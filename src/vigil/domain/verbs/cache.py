"""``cache.*``: keys that can be made anew from somewhere else."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from vigil.domain.effects import EffectKind
from vigil.domain.verbs.base import Argument, Place, Verb
from vigil.domain.verbs.redis import DRIVER, Key, RedisGrant

KEYS = r"[A-Za-z0-9][A-Za-z0-9:._-]{0,199}\*?"
"""A key, or the beginning that keys have in common and a star."""


class CacheDeleteGrant(RedisGrant):
    """``cache.delete``: delete keys that begin with ``prefix``, ``most_keys`` in a call at most."""

    verb: Literal["cache.delete"]
    prefix: Key
    most_keys: int = Field(default=1, ge=1, le=1000)

    def places(self, arguments: Sequence[str]) -> tuple[Place, ...]:
        del arguments
        # One prefix may be within another one, which their names do not tell.
        return (("cache", *self.database),)


VERBS = (
    Verb(
        grant=CacheDeleteGrant,
        kind=EffectKind.DISRUPTIVE,
        arguments=(Argument(name="keys", pattern=KEYS),),
        resource="cache:{grant}",
        reason="deletes keys of a cache, which whoever needs them has to make anew",
        undo="none: what is in a cache can be made anew",
        again="a mark in the same Redis, set in the same step, for a week",
        needs=DRIVER,
    ),
)
