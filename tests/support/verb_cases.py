"""What the cases of verbs are made of, and the programs that they share.

The cases themselves are in ``tests/contracts/verbs/``.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from redis import Redis
from tests.runner.bench import Supervised
from tests.runner.sessions import Sessions, database
from tests.support.programs import free_port, redis_server

from vigil.domain.catalogue import Service
from vigil.domain.effects import Call
from vigil.runner.verbs import operation
from vigil.runner.verbs.base import NotDone, Operation

SECRET = "hunter2-of-the-target"
MESSAGES = ("one", '{"id": 2, "note": "\u00e9"}', "three")


@dataclass(frozen=True)
class Case:
    """One call under one grant, ready to be made."""

    grant: Mapping[str, object]
    arguments: tuple[str, ...]
    state: Callable[[], object]
    """What there is to see of the target, as somebody else sees it."""
    outside: tuple[str, ...] | None
    """Arguments that the guard lets pass and the grant does not cover; none where there are none.
    """
    away: Mapping[str, object]
    """Changes of the grant after which nobody is where it says."""
    meddle: Callable[[], object] | None
    """Somebody else changes the same thing between the look and the deed; none for a verb that
    compares nothing: the target's present, looked at in the same step, is what counts."""
    absent: type[Exception] = NotDone
    """What it is told as that nobody is where the grant says."""
    once: bool = True
    """Whether it can be seen that it was done; where it cannot, it may be told the same twice."""
    undo: tuple[Mapping[str, object], tuple[str, ...]] | None = None
    """The grant and the arguments of the call that takes it back."""
    quick: Mapping[str, object] | None = None
    """Less than a catalogue may say, so that tests need not wait for it."""

    def bind(self, key: str, *, arguments: tuple[str, ...] | None = None) -> Operation:
        return bound(
            self.grant, self.arguments if arguments is None else arguments, key, self.quick
        )


def bound(
    grant: Mapping[str, object],
    arguments: tuple[str, ...],
    key: str,
    quick: Mapping[str, object] | None = None,
) -> Operation:
    service = Service.model_validate({"grants": {"it": grant}})
    granted = {"it": service.grants["it"].model_copy(update=quick or {})}
    call = Call(verb=str(grant["verb"]), grant="it", arguments=arguments)
    return operation("shop", service.model_copy(update={"grants": granted}), call, key)


@dataclass(frozen=True)
class Targets:
    """The programs that verbs are about; each is started when the first case asks for it."""

    folder: Path
    supervised: Callable[[], Supervised]
    redis_port: Callable[[], int]
    sessions: Callable[[], Sessions]
    receiver: Callable[[], "Receiver"]
    stack: ExitStack
    """What one case has started for itself."""


@dataclass(frozen=True)
class AtRedis:
    """One database of Redis, empty, and the grant for it."""

    client: "Redis"
    where: Mapping[str, object]
    away: Mapping[str, object]

    def text(self, key: str) -> str | None:
        found = self.client.get(key)
        return found.decode() if isinstance(found, bytes) else None

    def keys(self, *patterns: str) -> Iterator[object]:
        for pattern in patterns:
            yield from self.client.scan_iter(pattern)

    def list(self, *keys: str) -> list[object]:
        return [self.client.lrange(key, 0, -1) for key in keys]


def at_redis(targets: Targets) -> AtRedis:
    port, secret = targets.redis_port(), targets.folder / "secret"
    secret.write_text(f"{SECRET}\n")
    client = Redis(port=port, password=SECRET, protocol=2)
    client.flushall()
    where: Mapping[str, object] = {"host": "127.0.0.1", "port": port, "password_file": str(secret)}
    return AtRedis(client=client, where=where, away={"port": free_port()})


class Receiver(ThreadingHTTPServer):
    """Does each request once for its Idempotency-Key, as good ones do."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.done: dict[str, tuple[str, str, object, str | None]] = {}
        self.status = 202
        self.slow_s = 0.0


class _Desk(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"null")
        time.sleep(self.server.slow_s)
        asked = ("POST", self.path, body, self.headers["Authorization"])
        self.server.done.setdefault(str(self.headers["Idempotency-Key"]), asked)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


"""Makes the targets of one case, in a folder of its own."""


Programs = Callable[[Path], Targets]
"""Makes the targets of one case, in a folder of its own."""


@contextmanager
def programs_in(folder: Path) -> Iterator[Programs]:
    """Programs that cases share, each started when the first one asks for it."""
    with ExitStack() as stack:

        @cache
        def supervised() -> Supervised:
            made = Supervised(folder)
            stack.callback(made.close)
            return made

        @cache
        def redis_port() -> int:
            return stack.enter_context(redis_server("--requirepass", SECRET))

        @cache
        def sessions() -> Sessions:
            return stack.enter_context(database())

        @cache
        def receiver() -> Receiver:
            return stack.enter_context(receiving())

        def targets(own: Path) -> Targets:
            return Targets(own, supervised, redis_port, sessions, receiver, ExitStack())

        yield targets
