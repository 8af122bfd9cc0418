"""``queue.park DIGEST``: set one message aside, in a list that no worker reads."""

from vigil.domain.verbs.queue import QueueParkGrant
from vigil.runner.verbs.base import Asked
from vigil.runner.verbs.messages import MessageMove
from vigil.runner.verbs.redis import Redis


def bind(asked: Asked) -> MessageMove:
    """A call, bound to its grant."""
    grant, digest = asked.grant_of(QueueParkGrant), asked.arguments[0]
    said = f"the message {digest} was moved from {grant.queue} to {grant.parking}"
    lists = (grant.queue, grant.parking)
    return MessageMove(Redis(grant, asked.key), digest, lists, push="LPUSH", said=said)
