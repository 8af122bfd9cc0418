"""Keys of a Redis."""

from tests.support.verb_cases import Case, Targets, at_redis


def _cache_delete(targets: Targets) -> Case:
    redis = at_redis(targets)
    for number in range(3):
        redis.client.set(f"page:{number}", "x")
    redis.client.set("session:1", "x")
    where = {**redis.where, "prefix": "page:", "most_keys": 5}
    return Case(
        grant={"verb": "cache.delete", **where},
        arguments=("page:*",),
        outside=("session:1",),
        state=lambda: sorted(map(str, redis.keys("page:*", "session:*"))),
        away=redis.away,
        meddle=None,
    )


CASES = {"cache.delete": _cache_delete}
