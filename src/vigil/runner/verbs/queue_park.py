"""``queue.park DIGEST``: set one message aside, in a list that no worker reads."""

from vigil.domain.grant import QueueParkGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen
from vigil.runner.verbs.messages import message_in, move
from vigil.runner.verbs.redis import Redis


def bind(asked: Asked) -> "QueuePark":
    """A call, bound to its grant."""
    return QueuePark(asked.grant_of(QueueParkGrant), asked.arguments[0], asked.key)


class QueuePark:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: QueueParkGrant, digest: str, key: str) -> None:
        self._grant = grant
        self._digest = digest
        self._redis = Redis(grant, key)

    def look(self) -> Seen:
        size = len(message_in(self._redis, self._grant.queue, self._digest))
        would = f"move a message of {size} bytes from {self._grant.queue} to {self._grant.parking}"
        return {"bytes": size, "would": would}

    def done_since(self, before: Seen) -> Outcome | None:  # noqa: ARG002 - the mark says it
        return self._redis.done()

    def do(self, before: Seen, deadline: Deadline) -> Outcome:  # noqa: ARG002 - found anew
        queue, parking = self._grant.queue, self._grant.parking
        try:
            message = message_in(self._redis, queue, self._digest)
        except Refusal as gone:
            return Outcome(ok=False, text=str(gone))
        said = f"the message {self._digest} was moved from {queue} to {parking}"
        parked = move(message, queue, parking, push="LPUSH", said=said)
        return self._redis.once(parked, deadline)
