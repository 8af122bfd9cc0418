"""``queue.unpark DIGEST``: put one message back that was set aside."""

from vigil.domain.grant import QueueUnparkGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen
from vigil.runner.verbs.messages import message_in, move
from vigil.runner.verbs.redis import Redis


def bind(asked: Asked) -> "QueueUnpark":
    """A call, bound to its grant."""
    return QueueUnpark(asked.grant_of(QueueUnparkGrant), asked.arguments[0], asked.key)


class QueueUnpark:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: QueueUnparkGrant, digest: str, key: str) -> None:
        self._grant = grant
        self._digest = digest
        self._redis = Redis(grant, key)

    def look(self) -> Seen:
        size = len(message_in(self._redis, self._grant.parking, self._digest))
        would = f"move a message of {size} bytes from {self._grant.parking} to {self._grant.queue}"
        return {"bytes": size, "would": would}

    def done_since(self, before: Seen) -> Outcome | None:  # noqa: ARG002 - the mark says it
        return self._redis.done()

    def do(self, before: Seen, deadline: Deadline) -> Outcome:  # noqa: ARG002 - found anew
        queue, parking = self._grant.queue, self._grant.parking
        try:
            message = message_in(self._redis, parking, self._digest)
        except Refusal as gone:
            return Outcome(ok=False, text=str(gone))
        push = "LPUSH" if self._grant.new_at == "left" else "RPUSH"
        said = f"the message {self._digest} was put back into {queue}"
        back = move(message, parking, queue, push=push, said=said)
        return self._redis.once(back, deadline)
