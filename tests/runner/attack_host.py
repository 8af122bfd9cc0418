"""A process that makes sandboxes for the attacks, as whichever user it is started.

    python -m tests.runner.attack_host ADAPTER STATE

It says first whether it can, then for each line ``{"id", "text", "wall_s"}`` how that script ended
and what it said meanwhile. Scripts run side by side; ``{"id", "kill": true}`` ends one of them. Its
broker listens and answers nobody.
"""

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vigil.domain.errors import SandboxUnavailable
from vigil.runner.bubblewrap.sandbox import Bubblewrap
from vigil.runner.confinement import Doors
from vigil.runner.docker.sandboxes import Docker
from vigil.runner.isolation import Isolation, Script
from vigil.runner.sockets import listening

DOCKER = Path(os.environ.get("DOCKER_HOST", "").removeprefix("unix://"))
ADAPTERS: Mapping[str, Callable[[Doors], Isolation]] = MappingProxyType(
    {"bubblewrap": Bubblewrap, "docker": partial(Docker, socket=DOCKER)}
)


def say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


async def attacked(isolation: Isolation, order: Mapping[str, Any], kill: asyncio.Event) -> None:
    lines: list[str] = []
    try:
        confinement = await isolation.passed()
        with isolation.doors.folder(confinement) as folder:
            broker = folder / "broker.sock"
            with listening(broker, confinement.uid):
                script = Script(
                    text=order["text"],
                    wall_s=order["wall_s"],
                    broker=broker,
                    confinement=confinement,
                )
                ended = await isolation.run(script, lines.append, kill)
    except SandboxUnavailable as refused:
        say(id=order["id"], refused=str(refused))
    else:
        say(id=order["id"], ended=ended.model_dump(mode="json"), lines=lines)


async def serve(isolation: Isolation) -> None:
    await isolation.sweep()
    health = await isolation.health()
    uid = (await isolation.passed()).uid if health.ok else None
    say(health=health.model_dump(mode="json"), uid=uid)
    kills: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
    async with asyncio.TaskGroup() as running:
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            if "kill" in order:
                kills[order["id"]].set()
            else:
                running.create_task(attacked(isolation, order, kills[order["id"]]))


def main() -> None:
    adapter, state = sys.argv[1:]
    doors = Doors(Path(state) / "runs")
    asyncio.run(serve(ADAPTERS[adapter](doors)))


if __name__ == "__main__":
    main()
