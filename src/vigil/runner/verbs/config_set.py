"""``config.set KEY VALUE``: give a setting in the service's own file another value."""

import hashlib

from vigil.domain.verbs.config import ConfigKey, ConfigSetGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen, covered
from vigil.runner.verbs.files import Look, folder, mark_of, parts
from vigil.runner.verbs.settings_text import with_word, word_at

MAX_BYTES = 64 * 1024
"""Of a file with settings: reading one of YAML takes seconds, and it is read several times."""


def bind(asked: Asked) -> "ConfigSet":
    """A call, bound to its grant."""
    key, value = asked.arguments
    return ConfigSet(asked.grant_of(ConfigSetGrant), key, value, asked.key)


class ConfigSet:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: ConfigSetGrant, key: str, value: str, call: str) -> None:
        self._grant = grant
        self._key = key
        self._value = value
        self._folder, self._name = parts(grant.file)
        self._temporary = f".{self._name}.vigil-{mark_of(call)}"

    def look(self) -> Seen:
        kind = self._kind()
        text, look = self._read()
        word = word_at(text, self._grant.format, self._key)
        if not kind.admits(word):
            # An undo could not bring it back.
            raise Refusal(f"{self._key} is {word[:60]!r}, and the grant admits only {kind.told}")
        with_word(text, self._grant.format, self._key, self._value, kind)
        setting = f"{self._key} of {self._grant.file}"
        would = f"set {setting} from {word} to {self._value}"
        if word == self._value:
            would = f"nothing: {setting} is {word} already"
        return {"is": word, "digest": _digest(text), **_identity(look), "would": would}

    def done_since(self, before: Seen) -> Outcome | None:
        text, look = self._read()
        if word_at(text, self._grant.format, self._key) == self._value:
            return self._set(before)
        if _identity(look) == {name: before[name] for name in _identity(look)}:
            return None
        again = "has its former content again" if _digest(text) == before["digest"] else "differs"
        return Outcome(
            ok=False, text=f"{self._grant.file} was written since and {again}; it was left alone"
        )

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        if before["is"] == self._value:
            return self._set(before)
        text, look = self._read()
        meanwhile = f"{self._grant.file} was changed by somebody else meanwhile; it was left alone"
        if _digest(text) != before["digest"]:
            return Outcome(ok=False, text=meanwhile)
        changed = with_word(text, self._grant.format, self._key, self._value, self._kind())
        try:
            with folder(self._folder) as opened:
                content = changed.encode()
                if not opened.replace(self._name, look, content, self._temporary, deadline):
                    return Outcome(ok=False, text=meanwhile)
        except OSError as refused:
            return Outcome(ok=False, text=f"{self._grant.file} cannot be replaced: {refused}")
        return self._set(before)

    def _kind(self) -> ConfigKey:
        covered(self._key, self._grant.keys)
        kind = self._grant.keys[self._key]
        if not kind.admits(self._value):
            raise Refusal(f"{self._key} may be {kind.told}, not '{self._value}'")
        return kind

    def _read(self) -> tuple[str, Look]:
        try:
            with folder(self._folder) as opened:
                look = opened.look(self._name)
                text = opened.text(self._name, MAX_BYTES)
        except OSError as unreadable:
            raise Refusal(f"{self._grant.file} cannot be read: {unreadable}") from unreadable
        if look is None:
            raise Refusal(f"{self._grant.file} is not there")
        return text, look

    def _set(self, before: Seen) -> Outcome:
        if before["is"] == self._value:
            return Outcome(ok=True, text=f"{self._key} is {self._value} already")
        return Outcome(ok=True, text=f"{self._key} was set from {before['is']} to {self._value}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _identity(look: Look) -> Seen:
    return {"inode": look.inode, "changed_ns": look.changed_ns}
