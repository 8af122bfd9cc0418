"""``queue.pause``: put the key there that tells the workers to take nothing."""

import re

from vigil.domain.verbs.queue import QueuePauseGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Seen
from vigil.runner.verbs.redis import Change, Redis, printable

BY_VIGIL = b"paused by Vigil"
"""How the key's value begins, so that queue.resume knows its own."""
_NAMED = re.compile(BY_VIGIL + rb" for incident (?P<incident>[A-Za-z0-9._-]{1,64}), ")

_CHECK = """
if redis.call('EXISTS', KEYS[2]) == 1 then
  return {0, 'somebody else has paused the queue meanwhile; that was left alone'}
end
"""


def bind(asked: Asked) -> "QueuePause":
    """A call, bound to its grant."""
    return QueuePause(asked.grant_of(QueuePauseGrant), asked.key, asked.incident)


def paused_for(said: bytes) -> str:
    """The incident whose plan has paused it, as far as that is written there."""
    named = _NAMED.match(said)
    return "an incident" if named is None else f"incident {named['incident'].decode()}"


class QueuePause:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: QueuePauseGrant, key: str, incident: str) -> None:
        self._paused = grant.paused
        self._value = BY_VIGIL + f" for incident {incident}, call {key}".encode()
        self._redis = Redis(grant, key)

    def look(self) -> Seen:
        with self._redis.reading() as reader:
            said = reader.get(self._paused)
        if said is not None:
            return self._redis.seen(
                {"paused": True, "would": f"nothing: it is paused already ({printable(said)})"}
            )
        return self._redis.seen({"paused": False, "would": f"pause the queue: set {self._paused}"})

    def done_since(self, before: Seen) -> Outcome | None:
        return self._redis.done(before)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        if before["paused"]:
            return Outcome(ok=True, text="the queue is paused already; that was left alone")
        pause = Change(
            check=_CHECK,
            change="redis.call('SET', KEYS[2], ARGV[3])",
            keys=(self._paused,),
            values=(self._value,),
            said=f"the queue was paused ({self._paused} was set)",
        )
        return self._redis.once(pause, deadline)
