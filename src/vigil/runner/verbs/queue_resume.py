"""``queue.resume``: take the key away that ``queue.pause`` has put there."""

from vigil.domain.verbs.queue import QueueResumeGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen
from vigil.runner.verbs.queue_pause import BY_VIGIL, paused_for
from vigil.runner.verbs.redis import Change, Redis, printable

_CHECK = """
if redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return {0, 'the queue was resumed or paused by somebody else meanwhile; it was left alone'}
end
"""


def bind(asked: Asked) -> "QueueResume":
    """A call, bound to its grant."""
    return QueueResume(asked.grant_of(QueueResumeGrant), asked.key)


class QueueResume:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: QueueResumeGrant, key: str) -> None:
        self._paused = grant.paused
        self._redis = Redis(grant, key)

    def look(self) -> Seen:
        with self._redis.reading() as reader:
            said = reader.get(self._paused)
        if said is None:
            return self._redis.seen(
                {"paused_by": None, "would": "nothing: the queue is not paused"}
            )
        if not said.startswith(BY_VIGIL):
            raise Refusal(f"the queue was paused by somebody else ({printable(said)})")
        # Whoever it was has closed its incident: until then it holds the lock on this key.
        would = f"resume the queue, which {paused_for(said)} had paused: delete {self._paused}"
        return self._redis.seen({"paused_by": said.decode(errors="replace"), "would": would})

    def done_since(self, before: Seen) -> Outcome | None:
        return self._redis.done(before)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        if before["paused_by"] is None:
            return Outcome(ok=True, text="the queue is not paused")
        paused_by = str(before["paused_by"]).encode()
        whose = paused_for(paused_by)
        resume = Change(
            check=_CHECK,
            change="redis.call('DEL', KEYS[2])",
            keys=(self._paused,),
            values=(paused_by,),
            said=f"the queue goes on ({self._paused} was deleted; {whose} had paused it)",
        )
        return self._redis.once(resume, deadline)
