"""``nginx.upstream SERVER STATE``: take a server out of an upstream, or put it back."""

import re

from vigil.domain.verbs.nginx import NginxUpstreamGrant
from vigil.runner.ledger import Outcome
from vigil.runner.verbs.base import Asked, Deadline, NotDone, Refusal, Seen, Unfinished, covered
from vigil.runner.verbs.files import Look, folder, mark_of, parts
from vigil.runner.verbs.nginx import Nginx

LOOK_S = 8.0
MAX_BYTES = 64 * 1024
MAX_LINE_CHARS = 400
"""The expressions below look at a line from each of its places."""
_BACK_S = 1.0
"""Also behind the deadline: nobody may find a file that nginx does not start with."""
_LINE = re.compile(
    r"(?P<head>[ \t]*server[ \t]+(?P<server>[^\s;]+)(?P<more>[^;#{}\n]*?))"
    r"(?P<down>[ \t]+down)?[ \t]*;(?P<tail>[ \t]*(?:#.*)?)"
)
_OTHER = re.compile(r"[ \t]*(?:#.*)?")


def bind(asked: Asked) -> "NginxUpstream":
    """A call, bound to its grant."""
    server, state = asked.arguments
    return NginxUpstream(asked.grant_of(NginxUpstreamGrant), server, state, asked.key)


class NginxUpstream:
    """See ``Operation`` for what is promised."""

    def __init__(self, grant: NginxUpstreamGrant, server: str, state: str, key: str) -> None:
        self._grant = grant
        self._server = server
        self._state = state
        self._nginx = Nginx(grant)
        self._folder, self._name = parts(grant.file)
        self._temporary = f".{self._name}.vigil-{mark_of(key)}"

    def look(self) -> Seen:
        covered(self._server, self._grant.servers)
        self._nginx.master()
        text, look = self._read()
        states = self._states(text)
        state = states[self._server]
        up = sum(each == "up" for name, each in states.items() if name != self._server)
        if self._state == "down" and up < self._grant.least_up:
            raise Refusal(
                f"{self._server} has to stay up: without it {up} servers are, and least_up is "
                f"{self._grant.least_up}"
            )
        if objection := self._nginx.objection(LOOK_S):
            raise Refusal(f"{objection}, before anything was changed")
        would = f"set {self._server} from {state} to {self._state} in {self._grant.file}"
        if state == self._state:
            would = f"nothing: {self._server} is {state} already"
        return {"is": state, "text": text, "inode": look.inode, "would": would}

    def done_since(self, before: Seen) -> Outcome | None:
        text, look = self._read()
        untouched = look.inode == before["inode"] and text == before["text"]
        if before["is"] == self._state and untouched:
            return self._set(before)
        # What is in the file may not have been read by nginx yet, and reading it again is harmless.
        if untouched or text == _changed(str(before["text"]), self._server, self._state):
            return None
        return Outcome(
            ok=False, text=f"{self._grant.file} was written by somebody since; it was left alone"
        )

    def do(self, before: Seen, deadline: Deadline) -> Outcome:
        if before["is"] == self._state:
            return self._set(before)
        try:
            return self._do(str(before["text"]), before, deadline)
        except OSError as refused:
            return Outcome(ok=False, text=f"{self._grant.file} cannot be replaced: {refused}")

    def _do(self, former: str, before: Seen, deadline: Deadline) -> Outcome:
        wanted = _changed(former, self._server, self._state)
        text, look = self._read()
        if text not in (former, wanted) or not (
            text == wanted or self._write(wanted, look, deadline)
        ):
            text = f"{self._grant.file} was changed by somebody else meanwhile; it was left alone"
            return Outcome(ok=False, text=text)
        if objection := self._nginx.objection(deadline.left_s):
            # It has not been read yet: what nginx works by is the former one.
            back = "was put back" if self._put_back(former) else "could not be put back"
            return Outcome(ok=False, text=f"{objection}; {self._grant.file} {back}")
        try:
            self._nginx.reload(deadline)
        except NotDone as gone:  # the file is written
            raise Unfinished(str(gone)) from gone
        return self._set(before)

    def _states(self, text: str) -> dict[str, str]:
        """Every server of the file.

        :raises Refusal: it holds something else too, or not each server of the grant once.
        """
        found: dict[str, str] = {}
        for number, line in enumerate(text.split("\n"), start=1):
            server = _LINE.fullmatch(line) if len(line) <= MAX_LINE_CHARS else None
            if server is None and _OTHER.fullmatch(line) is None:
                raise Refusal(f"{self._grant.file}:{number}: only server lines may be in this file")
            if server is not None:
                if server["server"] in found:
                    raise Refusal(f"{self._grant.file}:{number}: a server is there twice")
                if "down" in server["more"].split():
                    raise Refusal(f"{self._grant.file}:{number}: 'down' has to be the last word")
                found[server["server"]] = "up" if server["down"] is None else "down"
        if missing := set(self._grant.servers) - found.keys():
            raise Refusal(f"{self._grant.file} has no server {', '.join(sorted(missing))}")
        return found

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

    def _write(self, text: str, like: Look, deadline: Deadline) -> bool:
        with folder(self._folder) as opened:
            return opened.replace(self._name, like, text.encode(), self._temporary, deadline)

    def _put_back(self, former: str) -> bool:
        try:
            _, look = self._read()
            return self._write(former, look, Deadline.within(_BACK_S))
        except (OSError, Refusal):
            return False

    def _set(self, before: Seen) -> Outcome:
        if before["is"] == self._state:
            return Outcome(ok=True, text=f"{self._server} is {self._state} already")
        return Outcome(ok=True, text=f"{self._server} is {self._state} now, and nginx was reloaded")


def _changed(text: str, server: str, state: str) -> str:
    """The text with one server up or down, and nothing else changed."""

    def line(found: re.Match[str]) -> str:
        if found["server"] != server:
            return found[0]
        return f"{found['head']}{' down' if state == 'down' else ''};{found['tail']}"

    return re.sub(rf"^{_LINE.pattern}$", line, text, flags=re.MULTILINE)
