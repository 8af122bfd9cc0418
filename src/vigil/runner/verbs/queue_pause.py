"""``queue.pause``: put the key there that tells the workers to take nothing."""

from vigil.domain.grant import QueuePauseGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Seen
from vigil.runner.verbs.redis import Change, Redis, printable

BY_VIGIL = b"paused by Vigil, call "
"""How the key's value begins, so that queue.resume knows its own."""

_CHECK = """
if redis.call('EXISTS', KEYS[2]) == 1 then
  return {0, 'somebody else has paused the queue meanwhile; that was left alone'}
end
"""


def bind(asked: Asked) -> "QueuePause":
    """A call, bound to its grant."""
    return QueuePause(asked.grant_of(QueuePauseGrant), asked.key)


class QueuePause:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: QueuePauseGrant, key: str) -> None:
        self._paused = grant.paused
        self._value = BY_VIGIL + key.encode()
        self._redis = Redis(grant, key)

    def look(self) -> Seen:
        with self._redis.reading() as reader:
            said = reader.get(self._paused)
        if said is not None:
            return {"paused": True, "would": f"nothing: it is paused already ({printable(said)})"}
        return {"paused": False, "would": f"pause the queue: set {self._paused}"}

    def done_since(self, before: Seen) -> Outcome | None:  # noqa: ARG002 - the mark says it
        return self._redis.done()

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
