"""For each verb a real target, a call that changes it, and one that its grant does not cover."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

from redis import Redis
from tests.runner.bench import Supervised
from tests.runner.sessions import Sessions, database
from tests.support.programs import accepts, binary, free_port, redis_server, running, wait_until

from vigil.domain.catalogue import Service
from vigil.domain.effects import Call
from vigil.domain.identity import tree_digest
from vigil.runner.verbs import operation
from vigil.runner.verbs.base import Deadline, Operation
from vigil.runner.verbs.supervisor import Supervisor

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
    meddle: Callable[[], object] | None = None
    """Somebody else changes the same thing between the look and the deed."""
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


def case_of(verb: str, targets: Targets) -> Case:
    return CASES[verb](targets)


def _release_switch(targets: Targets) -> Case:
    link, releases = targets.folder / "current", targets.folder / "releases"
    digests = {}
    for name in ("one", "two", "three"):
        file = releases / name / "main.py"
        file.parent.mkdir(parents=True)
        file.write_text(name)
        digests[name] = tree_digest([("main.py", name.encode())])
    link.symlink_to(releases / "two")

    def meddle() -> None:
        link.unlink()
        link.symlink_to(releases / "three")

    grant = {"verb": "release.switch", "link": str(link), "releases": str(releases)}
    return Case(
        grant=grant,
        arguments=(digests["one"],),
        outside=(f"sha256:{'0' * 64}",),
        state=lambda: link.resolve().name,
        away={"releases": str(targets.folder / "nowhere")},
        meddle=meddle,
        undo=(grant, (digests["two"],)),
    )


def _process(targets: Targets, verb: str, **more: object) -> Case:
    supervised = targets.supervised()
    processes = Supervisor(str(supervised.socket))
    for name in ("web-1", "web-2"):
        processes.start(name, Deadline.within(10))
        assert processes.settled(name, Deadline.within(10)).runs
    if verb == "start":
        processes.stop("web-1", Deadline.within(10))
    where = {"supervisor": str(supervised.socket), "processes": ["web-1", "web-2"]}
    info = partial(processes.info, "web-1")
    undo = {"start": {"verb": "process.stop"}, "stop": {"verb": "process.start"}}.get(verb)
    return Case(
        grant={"verb": f"process.{verb}", **where, **more},
        arguments=("web-1",),
        outside=("other",),
        state=(lambda: info().pid) if verb == "restart" else (lambda: info().runs),
        away={"supervisor": str(targets.folder / "nobody.sock")},
        undo=None if undo is None else ({**undo, **where}, ("web-1",)),
    )


def _session(targets: Targets, verb: str) -> Case:
    sessions = targets.sessions()
    grant = {"verb": f"session.{verb}", "dsn": sessions.login("shop"), "role": "shop"}
    away = {"dsn": f"host=127.0.0.1 port={free_port()} user=shop password={SECRET} dbname=x"}
    if verb == "terminate":
        leaked = sessions.leak()
        sessions.wait_for()
        return Case(
            grant=grant,
            arguments=(leaked,),
            outside=(sessions.leak(row=2, role="reports"),),
            state=lambda: sessions.lives(leaked),
            away=away,
            quick={"idle_s": 0.2},
        )
    long, other = sessions.work(), sessions.work(row=2, role="reports")
    sessions.wait_for()
    return Case(
        grant=grant,
        arguments=(long,),
        outside=(other,),
        state=lambda: sessions.works(long),
        away=away,
        quick={"running_s": 0.2},
    )


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
    )


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


def _config_set(targets: Targets) -> Case:
    file = targets.folder / "settings.yaml"
    file.write_text("# of the shop\npool:\n  size: 5 # small\n  wait: 3\n")
    keys = {"pool.size": {"type": "integer", "min": 1, "max": 50}}
    grant = {"verb": "config.set", "file": str(file), "format": "yaml", "keys": keys}
    return Case(
        grant=grant,
        arguments=("pool.size", "20"),
        outside=("pool.size", "51"),
        state=file.read_text,
        away={"file": str(targets.folder / "nowhere.yaml")},
        meddle=lambda: file.write_text("pool: {size: 7}\n"),
        undo=(grant, ("pool.size", "5")),
    )


def _file_rotate(targets: Targets) -> Case:
    folder = targets.folder / "logs"
    folder.mkdir()
    for name in ("app.log", "other.log"):
        (folder / name).write_text("line\n" * 100)

    def meddle() -> None:
        (folder / "new").write_text("theirs")
        (folder / "new").rename(folder / "app.log")

    return Case(
        grant={"verb": "file.rotate", "folder": str(folder), "files": ["app.log"]},
        arguments=("app.log",),
        outside=("other.log",),
        state=lambda: sorted(
            (p.name, p.stat().st_size, p.stat().st_mode) for p in folder.iterdir()
        ),
        away={"folder": str(targets.folder / "nowhere")},
        meddle=meddle,
    )


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


def _http_call(targets: Targets) -> Case:
    receiver, token = targets.receiver(), targets.folder / "token"
    receiver.done.clear()
    token.write_text(SECRET)
    request = {
        "url": f"http://127.0.0.1:{receiver.server_port}/drain?token={SECRET}",
        "body": {"node": "web-1"},
        "token_file": str(token),
        "once": True,
    }
    nobody = {**request, "url": f"http://127.0.0.1:{free_port()}/drain?token={SECRET}"}
    return Case(
        grant={"verb": "http.call", "requests": {"drain": request}},
        arguments=("drain",),
        outside=("fill",),
        state=lambda: list(receiver.done.values()),
        away={"requests": {"drain": nobody}},
    )


def _nginx_upstream(targets: Targets) -> Case:
    folder, front = targets.folder, free_port()
    servers = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    file, program = folder / "web.conf", binary("nginx")
    file.write_text("".join(f"server {server} max_fails=0; # ours\n" for server in servers))
    backends = "".join(
        f"server {{ listen {server}; location / {{ return 200 {server}; }} }}\n"
        for server in servers
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder};\n" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\n{temporary}access_log off;\nupstream web {{ include {file}; }}\n"
        f"{backends}server {{ listen 127.0.0.1:{front}; "
        "location / { proxy_pass http://web; } }\n}\n"
    )
    command = [program, "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")]
    pid = folder / "pid"

    def is_up() -> bool:
        # It listens a moment before it has written its process down.
        return accepts(front) and pid.exists() and pid.stat().st_size > 0

    targets.stack.enter_context(running(command, is_up))

    def serving() -> set[str]:
        answers = set()
        for _ in range(4):
            with urlopen(f"http://127.0.0.1:{front}/", timeout=5) as answer:
                answers.add(answer.read().decode())
        return answers

    def state() -> object:
        in_file = {s for s in servers if f"{s} max_fails=0 down;" not in file.read_text()}
        # A worker that was told to end may still take a request.
        wait_until(lambda: serving() == in_file, "what is in the file and what is served the same")
        return file.read_text()

    grant = {
        "verb": "nginx.upstream",
        "file": str(file),
        "servers": servers,
        "config": str(config),
        "prefix": str(folder),
        "pid_file": str(folder / "pid"),
        "program": program,
    }
    return Case(
        grant=grant,
        arguments=(servers[0], "down"),
        outside=("127.0.0.1:1", "down"),
        state=state,
        away={"pid_file": str(folder / "nowhere.pid")},
        undo=(grant, (servers[0], "up")),
    )


_RENEWER = """
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
file, days, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
key, now = generate_private_key(SECP256R1()), datetime.datetime.now(datetime.UTC)
subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days))
made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
open(file, 'wb').write(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
"""


def renewer(file: Path, days: int, name: str = "shop.test") -> list[str]:
    """A command that puts a new certificate there."""
    program = file.with_name("renew.py")
    program.write_text(_RENEWER)
    return [sys.executable, str(program), str(file), str(days), name]


def _certificate_renew(targets: Targets) -> Case:
    file = targets.folder / "shop.pem"
    subprocess.run(renewer(file, 3), check=True)
    return Case(
        grant={
            "verb": "certificate.renew",
            "certificate": str(file),
            "command": renewer(file, 90),
        },
        arguments=(),
        outside=None,
        state=file.read_bytes,
        away={"certificate": str(targets.folder / "nowhere.pem")},
        meddle=lambda: subprocess.run(renewer(file, 60), check=True),
    )


CASES: dict[str, Callable[[Targets], Case]] = {
    "release.switch": _release_switch,
    "process.restart": partial(_process, verb="restart"),
    "process.start": partial(_process, verb="start"),
    "process.stop": partial(_process, verb="stop", least_running=1),
    "session.terminate": partial(_session, verb="terminate"),
    "session.cancel": partial(_session, verb="cancel"),
    "queue.pause": _queue_pause,
    "queue.resume": _queue_resume,
    "queue.park": partial(_queue_move, verb="park"),
    "queue.unpark": partial(_queue_move, verb="unpark"),
    "cache.delete": _cache_delete,
    "flag.set": _flag_set,
    "config.set": _config_set,
    "file.rotate": _file_rotate,
    "http.call": _http_call,
    "nginx.upstream": _nginx_upstream,
    "certificate.renew": _certificate_renew,
}


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
