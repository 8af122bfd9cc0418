"""One short connection to Redis, and effects that happen there once, in one step with a mark.

A script of Redis is alone while it runs. The mark that it leaves has the name of the call, so that
whoever comes later with the same call, a runner that stood still included, changes nothing.
"""

import contextlib
import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis as driver
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

from vigil.domain.value import Value
from vigil.domain.verbs.redis import RedisGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Deadline, NotDone, Refusal, Seen, Unfinished
from vigil.runner.verbs.cut import cut_after
from vigil.runner.verbs.secret import secret_in

CONNECT_S = 3.0
LOOK_S = 5.0
_LEAST_S = 0.1
MARK_S = 7 * 24 * 3600
"""For so long a call that was cut off can be told from one that was done."""
MAX_VALUE_BYTES = 64 * 1024
MARKS = "vigil:done:"
"""How the name of every mark begins."""
KEEPING = "keeping"
"""Under what name a look says that nothing was forgotten until then."""
DONE, BEFORE = 1, 2
"""What the script answers when it was done now, or had been; 0 when it cannot be."""

# The mark comes first: a Redis without memory refuses it, and then nothing else has happened.
_ONCE = """
local mark = redis.call('GET', KEYS[1])
if mark then return {{2, mark}} end
{check}
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
{change}
return {{1, ARGV[1]}}
"""
# Counted where they are, as one entry alone may be half a gigabyte.
_SIZE = """
local size = 0
for n = 0, redis.call('LLEN', KEYS[1]) - 1, 20 do
  for _, each in ipairs(redis.call('LRANGE', KEYS[1], n, n + 19)) do size = size + #each end
  if size > tonumber(ARGV[1]) then break end
end
return size
"""


class Change(Value):
    """What is to happen to keys, in words of Redis.

    ``keys`` are ``KEYS[2]`` and so on, ``values`` are ``ARGV[3]`` and so on. ``check`` only reads,
    and may ``return {0, why}``; no command of ``change`` may fail where ``check`` passed.
    """

    check: str
    change: str
    keys: tuple[str | bytes, ...]
    values: tuple[bytes, ...] = ()
    said: str
    """What is told when it was done."""


class Reader:
    """The few questions that verbs have; answers are bytes, as nobody knows whose they are."""

    def __init__(self, client: "driver.Redis") -> None:
        self._client = client

    def get(self, key: str) -> bytes | None:
        """:raises Refusal: it is far larger than a flag or a mark."""
        if int(_asked(self._client, "STRLEN", key)) > MAX_VALUE_BYTES:
            raise Refusal(f"the value of {key} is larger than {MAX_VALUE_BYTES} bytes")
        found: bytes | None = _asked(self._client, "GET", key)
        return found

    def keeping(self) -> str | None:
        """The same as long as this Redis forgets no key before its time; None: it does not say.

        One that is started anew may have lost what it had not written yet, and one that evicts
        keys takes those first that have an end, as marks have.
        """
        try:
            found = [_told(self._client, section) for section in ("server", "stats")]
        except ResponseError:  # its user may not ask
            return None
        run, evicted = found[0].get("run_id"), found[1].get("evicted_keys")
        return None if run is None or evicted is None else f"{run}, {evicted} evicted"

    def has(self, key: str) -> bool:
        return bool(_asked(self._client, "EXISTS", key))

    def length(self, key: str) -> int:
        return int(_asked(self._client, "LLEN", key))

    def size(self, key: str, most: int) -> int:
        """How many bytes the entries of a list have, counted until they are more than ``most``."""
        return int(_asked(self._client, "EVAL", _SIZE, 1, key, most))

    def some(self, key: str, start: int, count: int) -> list[bytes]:
        """So many entries of a list, from there on."""
        found: list[bytes] = _asked(self._client, "LRANGE", key, start, start + count - 1)
        return found

    def scan(self, cursor: int, pattern: str, count: int) -> tuple[int, list[bytes]]:
        """The next cursor, 0 at the end, and keys that match."""
        found: tuple[int, list[bytes]] = _asked(
            self._client, "SCAN", cursor, "MATCH", pattern, "COUNT", count
        )
        return int(found[0]), found[1]


class Redis:
    """The Redis of a grant, for one call."""

    def __init__(self, grant: RedisGrant, key: str) -> None:
        self._grant = grant
        self._where = f"Redis at {grant.host}:{grant.port}"
        self._mark = f"{MARKS}{hashlib.sha256(key.encode()).hexdigest()[:32]}"

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A connection for looking.

        :raises NotDone: no answer. :raises Refusal: it answers that this cannot be.
        """
        with self._let_in(LOOK_S, 2 * LOOK_S) as client:
            try:
                yield Reader(client)
            except ResponseError as no:
                raise Refusal(f"{self._where} says: {_line(no)}") from None
            except (RedisError, OSError) as lost:
                raise NotDone(f"{self._where} stopped answering ({_line(lost)})") from None

    def seen(self, seen: Seen) -> Seen:
        """What a look saw, with what tells later whether a mark was kept."""
        with self.reading() as reader:
            return {**seen, KEEPING: reader.keeping()}

    def done(self, before: Seen) -> Outcome | None:
        """What the mark of this call says, if it is there.

        ``before`` is what ``seen`` gave back.

        :raises Unfinished: it is not there, and may have been: this Redis has forgotten keys since.
        """
        with self.reading() as reader:
            mark = reader.get(self._mark)
            keeping = reader.keeping()
        if mark is not None:
            return Outcome(ok=True, text=_text(mark))
        if keeping is None or keeping != before.get(KEEPING, keeping):
            raise Unfinished(
                f"{self._where} was started anew, or has evicted keys since the call was begun: "
                "whether it was done nobody knows"
            )
        return None

    def once(self, change: Change, deadline: Deadline) -> Outcome:
        """Let it happen, unless the mark says that it has."""
        script = _ONCE.format(check=change.check, change=change.change)
        keys = [self._mark, *change.keys]
        values = [change.said.encode(), str(MARK_S).encode(), *change.values]
        with self._let_in(CONNECT_S, 2 * CONNECT_S):
            pass  # Up to here nothing was told, and it is known that nothing was done.
        answer_s = deadline.left_s - CONNECT_S
        with self._let_in(answer_s, deadline.left_s) as client:
            # Logged in by now, so that the script is the next thing that is said.
            deadline.last_moment()
            try:
                answer = _asked(client, "EVAL", script, len(keys), *keys, *values)
            except ResponseError as no:
                return Outcome(ok=False, text=f"{self._where} refuses it: {_line(no)}")
            except (RedisError, OSError) as lost:
                raise Unfinished(f"{self._where} stopped answering ({_line(lost)})") from None
        return Outcome(ok=answer[0] in (DONE, BEFORE), text=_text(answer[1]))

    @contextmanager
    def _let_in(self, seconds: float, whole_s: float) -> Iterator["driver.Redis"]:
        """``seconds`` for each answer, and so many for all of them."""
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(contextlib.closing(self._client(seconds)))
            # Who answers a little now and then is cut off too.
            client.connection_pool.connection_class = _cut_after(stack, whole_s)
            try:
                _asked(client, "PING")
            except (AuthenticationError, ResponseError) as refused:
                raise NotDone(
                    f"{self._where} lets nobody in ({_line(refused)}); is the grant's "
                    "password_file right?"
                ) from None
            except (RedisError, OSError) as silent:
                raise NotDone(
                    f"{self._where} does not answer ({_line(silent)}); is it running?"
                ) from None
            yield client

    def _client(self, seconds: float) -> "driver.Redis":
        file = self._grant.password_file
        return driver.Redis(
            host=self._grant.host,
            port=self._grant.port,
            db=self._grant.db,
            password=None if file is None else secret_in(file),
            socket_connect_timeout=CONNECT_S,
            socket_timeout=max(_LEAST_S, seconds),
            # The broker decides what is tried again, and when it is too late for it.
            retry=Retry(NoBackoff(), 0),
            # RESP 2 and no names: no HELLO, no CLIENT SETINFO, which old servers refuse.
            protocol=2,
            driver_info=None,
        )


def _told(client: "driver.Redis", section: str) -> dict[str, str]:
    """One part of what a Redis says of itself; the driver reads it, or leaves it as it came."""
    said = _asked(client, "INFO", section)
    if isinstance(said, bytes):
        pairs = (line.partition(":") for line in said.decode(errors="replace").splitlines())
        return {name: value.strip() for name, _, value in pairs}
    return {str(name): str(value) for name, value in dict(said).items()}


def _cut_after(stack: contextlib.ExitStack, seconds: float) -> type["driver.Connection"]:
    class Cut(driver.Connection):
        def _connect(self) -> socket.socket:
            line: socket.socket = super()._connect()  # type: ignore[no-untyped-call] # as above
            stack.enter_context(cut_after(line.fileno(), seconds))
            return line

    return Cut


def _asked(client: "driver.Redis", *words: str | bytes | int) -> Any:  # noqa: ANN401 - any reply
    return client.execute_command(*words)  # type: ignore[no-untyped-call] # the driver's own gap


def printable(value: bytes | None) -> str:
    """A value of somebody else's, fit for one line of a log."""
    return "nothing" if value is None else repr(_text(value)[:60])


def _text(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return "".join(each if each.isprintable() else "?" for each in text)


def _line(error: BaseException) -> str:
    return _text(" ".join(str(error).split())[:200])
