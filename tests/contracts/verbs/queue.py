"""Lists of a Redis, and the key that holds up who works on them."""

import hashlib
from functools import partial

from tests.support.verb_cases import MESSAGES, Case, Targets, at_redis, bound

from vigil.runner.verbs.base import Deadline


def _queue_pause(targets: Targets) -> Case:
    redis = at_redis(targets)
    where = {**redis.where, "paused": "orders:paused"}
    return Case(
        grant={"verb": "queue.pause", **where},
        arguments=(),
        outside=None,
        state=lambda: redis.text("orders:paused") is not None,
        away=redis.away,
        meddle=lambda: redis.client.set("orders:paused", "by Ada"),
        undo=({"verb": "queue.resume", **where}, ()),
    )


def _queue_resume(targets: Targets) -> Case:
    redis = at_redis(targets)
    where = {**redis.where, "paused": "orders:paused"}
    pause = bound({"verb": "queue.pause", **where}, (), "before")
    assert pause.do(pause.look(), Deadline.within(10)).ok
    return Case(
        grant={"verb": "queue.resume", **where},
        arguments=(),
        outside=None,
        state=lambda: redis.text("orders:paused") is not None,
        away=redis.away,
        meddle=lambda: redis.client.set("orders:paused", "by Ada"),
        undo=({"verb": "queue.pause", **where}, ()),
    )


def _queue_move(targets: Targets, verb: str) -> Case:
    redis = at_redis(targets)
    lists = ("orders", "orders:parked")
    redis.client.rpush(lists[0] if verb == "park" else lists[1], *MESSAGES)
    where = {**redis.where, "queue": lists[0], "parking": lists[1]}
    other = "unpark" if verb == "park" else "park"
    arguments = (f"sha256:{hashlib.sha256(MESSAGES[1].encode()).hexdigest()}",)
    return Case(
        grant={"verb": f"queue.{verb}", **where},
        arguments=arguments,
        outside=(f"sha256:{'0' * 64}",),
        state=lambda: [sorted(map(str, found)) for found in redis.list(*lists)],  # type: ignore[call-overload] # lists
        away=redis.away,
        meddle=lambda: [redis.client.lrem(name, 0, MESSAGES[1]) for name in lists],
        undo=({"verb": f"queue.{other}", **where}, arguments),
    )


CASES = {
    "queue.pause": _queue_pause,
    "queue.resume": _queue_resume,
    "queue.park": partial(_queue_move, verb="park"),
    "queue.unpark": partial(_queue_move, verb="unpark"),
}
