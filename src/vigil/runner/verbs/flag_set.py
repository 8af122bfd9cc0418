"""``flag.set FLAG VALUE``: give a feature flag one of its values."""

from vigil.domain.verbs.flag import Flag, FlagSetGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen, covered
from vigil.runner.verbs.redis import Change, Redis, printable

_CHECK = """
if redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return {0, 'somebody else has set the flag meanwhile; it was left alone'}
end
"""


def bind(asked: Asked) -> "FlagSet":
    """A call, bound to its grant."""
    name, value = asked.arguments
    return FlagSet(asked.grant_of(FlagSetGrant), name, value, asked.key)


class FlagSet:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: FlagSetGrant, name: str, value: str, key: str) -> None:
        self._grant = grant
        self._name = name
        self._value = value
        self._redis = Redis(grant, key)

    def look(self) -> Seen:
        flag = self._flag()
        with self._redis.reading() as reader:
            raw = reader.get(flag.key)
        is_now = "" if raw is None else raw.decode(errors="replace")
        if is_now not in flag.values:
            # An undo could not bring it back.
            raise Refusal(f"the flag {self._name} is {printable(raw)}, none of the grant's values")
        if is_now == self._value:
            return self._redis.seen(
                {"is": is_now, "would": f"nothing: {self._name} is {is_now} already"}
            )
        return self._redis.seen(
            {"is": is_now, "would": f"set {self._name} from {is_now} to {self._value}"}
        )

    def done_since(self, before: Seen) -> Outcome | None:
        return self._redis.done(before)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        was = str(before["is"])
        if was == self._value:
            return Outcome(ok=True, text=f"the flag {self._name} is {was} already")
        change = Change(
            check=_CHECK,
            # With what is left of its time to live, if it has one.
            change="redis.call('SET', KEYS[2], ARGV[4], 'KEEPTTL')",
            keys=(self._flag().key,),
            values=(was.encode(), self._value.encode()),
            said=f"the flag {self._name} was set from {was} to {self._value}",
        )
        return self._redis.once(change, deadline)

    def _flag(self) -> Flag:
        covered(self._name, self._grant.flags)
        flag = self._grant.flags[self._name]
        if self._value not in flag.values:
            allowed = ", ".join(flag.values)
            raise Refusal(f"the flag {self._name} may be one of {allowed}, not '{self._value}'")
        return flag
