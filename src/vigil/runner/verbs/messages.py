"""Messages in lists of Redis, found by the digest of their bytes."""

import hashlib

from vigil.runner.ledger import Outcome
from vigil.runner.limits import MIB
from vigil.runner.verbs.base import Deadline, Refusal, Seen
from vigil.runner.verbs.redis import Change, Redis

MAX_MESSAGES = 10_000
MAX_BYTES = 64 * MIB
_AT_ONCE = 200

# Added before it is removed: whatever of the two is refused, it is never in neither list.
_MOVE = """
redis.call('{push}', KEYS[3], ARGV[3])
redis.call('LREM', KEYS[2], 1, ARGV[3])
"""
_CHECK = """
for _, key in ipairs({KEYS[2], KEYS[3]}) do
  local is = redis.call('TYPE', key).ok
  if is ~= 'list' and is ~= 'none' then return {0, key .. ' is no list but a ' .. is} end
end
if not redis.call('LPOS', KEYS[2], ARGV[3]) then
  return {0, 'somebody else has taken the message meanwhile'}
end
"""


def digest_of(message: bytes) -> str:
    """What a message is called in a call."""
    return f"sha256:{hashlib.sha256(message).hexdigest()}"


def message_in(redis: Redis, queue: str, digest: str) -> bytes:
    """The message of this digest.

    :raises Refusal: it is not there, or the list is longer than anybody should read.
    """
    with redis.reading() as reader:
        length = reader.length(queue)
        if length > MAX_MESSAGES:
            raise Refusal(f"{queue} has {length} messages, and at most {MAX_MESSAGES} are read")
        if reader.size(queue, MAX_BYTES) > MAX_BYTES:
            raise Refusal(f"the messages of {queue} are more than {MAX_BYTES // MIB} MiB")
        for start in range(0, length, _AT_ONCE):
            for message in reader.some(queue, start, _AT_ONCE):
                if digest_of(message) == digest:
                    return message
    raise Refusal(f"{queue} has no message with the digest {digest}")


def move(message: bytes, source: str, target: str, *, push: str, said: str) -> Change:
    """One message from one list to another one, with ``LPUSH`` or ``RPUSH``."""
    return Change(
        check=_CHECK,
        change=_MOVE.format(push=push),
        keys=(source, target),
        values=(message,),
        said=said,
    )


class MessageMove:
    """One message from one list to another one. See ``Operation`` for what is promised."""

    def __init__(
        self, redis: Redis, digest: str, lists: tuple[str, str], push: str, said: str
    ) -> None:
        self._redis = redis
        self._digest = digest
        self._source, self._target = lists
        self._push = push
        self._said = said

    def look(self) -> Seen:
        size = len(message_in(self._redis, self._source, self._digest))
        would = f"move a message of {size} bytes from {self._source} to {self._target}"
        return self._redis.seen({"bytes": size, "would": would})

    def done_since(self, before: Seen) -> Outcome | None:
        return self._redis.done(before)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:  # noqa: ARG002 - found anew
        try:
            message = message_in(self._redis, self._source, self._digest)
        except Refusal as gone:
            return Outcome(ok=False, text=str(gone))
        moved = move(message, self._source, self._target, push=self._push, said=self._said)
        return self._redis.once(moved, deadline)
