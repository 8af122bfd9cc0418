"""``file.rotate FILE``: give a file another name and put an empty one in its place."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from vigil.domain.verbs.file import FileRotateGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, Refusal, Seen, covered
from vigil.runner.verbs.files import Folder, Look, folder, mark_of

_ROTATED = r"\.[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}"


def bind(asked: Asked) -> "FileRotate":
    """A call, bound to its grant."""
    return FileRotate(asked.grant_of(FileRotateGrant), asked.arguments[0], asked.key)


class FileRotate:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: FileRotateGrant, name: str, key: str) -> None:
        self._grant = grant
        self._name = name
        self._mark = mark_of(key)
        self._temporary = f".{name}.vigil-{self._mark}"

    def look(self) -> Seen:
        covered(self._name, self._grant.files)
        try:
            with folder(self._grant.folder) as opened:
                return self._look(opened)
        except OSError as unreadable:
            raise Refusal(f"{self._grant.folder} cannot be read: {unreadable}") from unreadable

    def _look(self, opened: Folder) -> Seen:
        file = opened.look(self._name)
        if file is None:
            raise Refusal(f"{self._grant.folder} has no file '{self._name}'")
        rotated = re.compile(re.escape(self._name) + _ROTATED)
        kept = sum(rotated.fullmatch(name) is not None for name in opened.names())
        if kept >= self._grant.most_kept:
            raise Refusal(
                f"{kept} rotated files of '{self._name}' are kept already, and the grant allows "
                f"{self._grant.most_kept}; remove some"
            )
        # Kept with what was seen, so that it is the same one however late this is asked again.
        to = f"{self._name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{self._mark}"
        would = f"rename {self._name}, {file.size} bytes, to {to}"
        return {"to": to, "file": file.model_dump(), "would": would}

    def done_since(self, before: Seen) -> Outcome | None:
        to, was = str(before["to"]), Look.model_validate(before["file"])
        try:
            with folder(self._grant.folder) as opened:
                if opened.look(to) is None:
                    return None
                # Killed between the two steps, the empty file is still owed.
                self._put_empty(opened, was, to)
        except OSError as refused:
            raise Refusal(f"{self._grant.folder} cannot be used: {refused}") from refused
        return self._done(to)

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        to, was = str(before["to"]), Look.model_validate(before["file"])
        try:
            with folder(self._grant.folder) as opened:
                now = opened.look(self._name)
                if now is None or not now.same_file(was):
                    text = f"{self._name} is another file meanwhile; it was left alone"
                    return Outcome(ok=False, text=text)
                if opened.look(to) is not None:
                    return Outcome(ok=False, text=f"{to} is there already; nothing was renamed")
                with self._empty(opened, was, self._name):
                    deadline.last_moment()
                    opened.rename(self._name, to)
                    opened.give(self._temporary, self._name)
        except OSError as refused:
            return Outcome(ok=False, text=f"{self._name} cannot be rotated: {refused}")
        return self._done(to)

    def _put_empty(self, opened: Folder, like: Look, to: str) -> None:
        opened.remove(self._temporary)
        if opened.look(self._name) is None:
            with self._empty(opened, like, to):
                opened.give(self._temporary, self._name)

    @contextmanager
    def _empty(self, opened: Folder, like: Look, former: str) -> Iterator[None]:
        """An empty file under a name of its own: made whole, owner and mode included, before
        anything is renamed, as not everybody may give a file to somebody else.
        """
        opened.remove(self._temporary)
        try:
            opened.make(self._temporary, like, former)
            yield
        finally:
            opened.remove(self._temporary)

    def _done(self, to: str) -> Outcome:
        text = f"{self._name} was renamed to {to}; who has it open goes on writing to that one"
        return Outcome(ok=True, text=text)
