"""A key of a Redis that a service reads."""

from tests.support.verb_cases import Case, Targets, at_redis


def _flag_set(targets: Targets) -> Case:
    redis = at_redis(targets)
    redis.client.set("flags:new-checkout", "on")
    flag = {"key": "flags:new-checkout", "values": ["on", "off"]}
    grant = {"verb": "flag.set", **redis.where, "flags": {"new-checkout": flag}}
    return Case(
        grant=grant,
        arguments=("new-checkout", "off"),
        outside=("new-checkout", "half"),
        state=lambda: redis.text("flags:new-checkout"),
        away=redis.away,
        meddle=lambda: redis.client.set("flags:new-checkout", "half"),
        undo=(grant, ("new-checkout", "on")),
    )


CASES = {"flag.set": _flag_set}
