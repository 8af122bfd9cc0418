"""Loopback ports that nobody listens on."""

import contextlib
import socket
from collections.abc import Iterator
from random import SystemRandom

from vigil.lab.errors import LabError
from vigil.lab.names import Value

# Below the kernel's ephemeral range, where no outgoing connection of another process can take one.
LOWEST, HIGHEST = 12_000, 32_000
MOST_TRIES = 1000


class Ports(Value):
    proxy: int
    web: tuple[int, int]
    worker: int
    database: int
    cache: int


@contextlib.contextmanager
def free_ports() -> Iterator[Ports]:
    """Six free ports, kept from other labs that start meanwhile, as long as this is held.

    Hold it until the services listen: a port itself cannot be held and handed over, so each is
    claimed by a socket of that name in the kernel's abstract namespace, which dies with us.
    """
    with contextlib.ExitStack() as claims:
        web = (_claim(claims), _claim(claims))
        yield Ports(
            proxy=_claim(claims),
            web=web,
            worker=_claim(claims),
            database=_claim(claims),
            cache=_claim(claims),
        )


def _claim(claims: contextlib.ExitStack) -> int:
    chance = SystemRandom()
    for _ in range(MOST_TRIES):
        port = chance.randrange(LOWEST, HIGHEST)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0vigil-lab-port-{port}")
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
                trial.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        claims.enter_context(claim)
        return port
    raise LabError(f"no free port between {LOWEST} and {HIGHEST} in {MOST_TRIES} tries")
