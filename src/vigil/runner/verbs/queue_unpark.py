"""``queue.unpark DIGEST``: put one message back that was set aside."""

from vigil.domain.verbs.queue import QueueUnparkGrant
from vigil.runner.verbs.base import Asked
from vigil.runner.verbs.messages import MessageMove
from vigil.runner.verbs.redis import Redis


def bind(asked: Asked) -> MessageMove:
    """A call, bound to its grant."""
    grant, digest = asked.grant_of(QueueUnparkGrant), asked.arguments[0]
    push = "LPUSH" if grant.new_at == "left" else "RPUSH"
    said = f"the message {digest} was put back into {grant.queue}"
    lists = (grant.parking, grant.queue)
    return MessageMove(Redis(grant, asked.key), digest, lists, push=push, said=said)
