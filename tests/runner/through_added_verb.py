"""Takes the verb of the how-to through everything that meets a verb, and tells what came of it.

``python -m tests.runner.through_added_verb FOLDER PORT``, in a copy of Vigil that has this verb; at
the port is an empty Redis.
"""

import asyncio
import json
import sys
from pathlib import Path

from pydantic import ValidationError
from redis import Redis
from tests.runner.bench import Bench, Supervised

import vigil
from vigil.domain.catalogue import Catalogue, Service
from vigil.domain.parameters import parameters_of
from vigil.domain.policy_mistakes import mistakes_in
from vigil.domain.references import dangling
from vigil.guard import analyse
from vigil.runner.dry_run import foresee

COUNTER, OTHER = "failures:ada", "orders:total"
CALL = f"vigil-do counter.reset counter {COUNTER}"


def in_the_catalogue(grant: dict[str, object]) -> dict[str, object]:
    """What is said of a grant of it that cannot be, and of another one that is about its key."""
    try:
        Service.model_validate({"grants": {"it": {**grant, "counters": []}}})
        mistake = ""
    except ValidationError as refused:
        mistake = refused.errors()[0]["msg"]
    cache = {**grant, "verb": "cache.delete", "prefix": "failures:"}
    services = {"shop": {"grants": {"counter": grant, "cache": cache}}}
    (place,) = (place for place, _ in dangling({"services": services}))
    return {"a mistake in its grant": mistake, "a cache over its keys": ".".join(map(str, place))}


def judged(grant: dict[str, object]) -> dict[str, object]:
    """What guard, runbooks and policy know of it."""
    effects, more = analyse(CALL), analyse(f"{CALL} more")
    service = Service.model_validate({"grants": {"counter": grant}})
    when = {"verbs": ["counter.*"]}
    rule = {"id": "r", "when": when, "then": "deny", "because": "of a test"}
    (bound,) = parameters_of("shop", service, ()).values["grant.counter.reset"]
    return {
        "effect": effects.kind,
        "resources": sorted(effects.resources),
        "with a word more": more.kind,
        "a runbook's parameter": bound,
        "a policy may name it": not list(mistakes_in({"version": 1, "rules": [rule]})),
    }


async def carried_out(bench: Bench, redis: Redis) -> dict[str, object]:
    """What its dry run says, and what a real runner does of it."""
    (seen,) = foresee(bench.order(CALL).plan, bench.catalogue, analyse)

    async def done(script: str, key: str) -> list[str]:
        result = await bench.do(script)
        value = redis.get(key)
        assert isinstance(value, bytes)
        return [str(result.status), result.calls[0].result, value.decode()]

    return {
        "dry run": seen.text,
        "done": await done(CALL, COUNTER),
        "beyond its grant": await done(CALL.replace(COUNTER, OTHER), OTHER),
    }


def main(folder: Path, port: int) -> None:
    """Print it all as one value."""
    redis = Redis(port=port)
    redis.mset({COUNTER: "17", OTHER: "4711"})
    grant: dict[str, object] = {
        "verb": "counter.reset",
        "host": "127.0.0.1",
        "port": port,
        "counters": [COUNTER],
    }
    told = {"of": str(Path(vigil.__file__).parents[1]), **in_the_catalogue(grant), **judged(grant)}
    # No process is restarted here: nobody needs to be at that socket.
    supervised = Supervised.__new__(Supervised)
    supervised.socket = folder / "nobody.sock"
    bench = Bench(folder, supervised)
    bench.more_grants = {"counter": grant}
    assert Catalogue.model_validate_json(bench.catalogue.model_dump_json()) == bench.catalogue
    bench.start()
    try:
        told |= asyncio.run(carried_out(bench, redis))
    finally:
        bench.close()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
