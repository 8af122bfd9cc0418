"""``cache.delete KEYS``: delete one key of a cache, or the few that begin alike."""

import time

from vigil.domain.verbs.cache import CacheDeleteGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, NotDone, Refusal, Seen
from vigil.runner.verbs.redis import LOOK_S, MARKS, Change, Redis

_AT_ONCE = 1000
_CHANGE = "for n = 2, #KEYS do redis.call('UNLINK', KEYS[n]) end"


def bind(asked: Asked) -> "CacheDelete":
    """A call, bound to its grant."""
    return CacheDelete(asked.grant_of(CacheDeleteGrant), asked.arguments[0], asked.key)


class CacheDelete:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: CacheDeleteGrant, keys: str, key: str) -> None:
        self._grant = grant
        self._keys = keys
        self._redis = Redis(grant, key)

    def look(self) -> Seen:
        beginning = self._keys.removesuffix("*")
        if not beginning.startswith(self._grant.prefix):
            raise Refusal(
                f"the grant does not cover '{self._keys}' (it covers what begins with "
                f"'{self._grant.prefix}')"
            )
        if MARKS.startswith(beginning) or beginning.startswith(MARKS):
            raise Refusal(f"'{self._keys}' may mean the marks of Vigil's own calls ({MARKS}*)")
        count = len(self._found())
        would = f"delete {count} keys: {self._keys}" if count else "nothing: no such key is there"
        return self._redis.seen({"count": count, "would": would})

    def done_since(self, before: Seen) -> Outcome | None:
        return self._redis.done(before)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:  # noqa: ARG002 - found anew
        try:
            found = self._found()
        except Refusal as too_many:
            return Outcome(ok=False, text=str(too_many))
        if not found:
            return Outcome(ok=True, text=f"no key {self._keys} is there; none was deleted")
        said = f"{len(found)} keys were deleted: {self._keys}"
        return self._redis.once(Change(check="", change=_CHANGE, keys=found, said=said), deadline)

    def _found(self) -> tuple[bytes, ...]:
        """The keys that are there now.

        :raises Refusal: they are more than the grant allows.
        """
        if not self._keys.endswith("*"):
            with self._redis.reading() as reader:
                return (self._keys.encode(),) if reader.has(self._keys) else ()
        found = self._searched()
        if len(found) > self._grant.most_keys:
            raise Refusal(
                f"{self._keys} means {len(found)} keys or more, and the grant allows "
                f"{self._grant.most_keys} at a time"
            )
        return tuple(sorted(found))

    def _searched(self) -> set[bytes]:
        until = time.monotonic() + LOOK_S
        found: set[bytes] = set()
        cursor = 0
        with self._redis.reading() as reader:
            while len(found) <= self._grant.most_keys:
                # The argument's pattern leaves no character that means something to MATCH but its
                # last one.
                cursor, some = reader.scan(cursor, self._keys, _AT_ONCE)
                found.update(some)
                if cursor == 0:
                    break
                if time.monotonic() > until:
                    raise NotDone(f"looking through all keys takes longer than {LOOK_S:g} s")
        return found
