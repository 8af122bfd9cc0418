"""Credentials of raw grants: read when a run begins, files of its sandbox, and in no word of it."""

import base64
import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from pydantic import Field

from vigil.domain.raw_grant import RawGrant
from vigil.domain.value import Value

FOLDER = "/vigil/credentials"
"""Where a script finds them, each under the name of its grant."""
MAX_BYTES = 8 * 1024
LEAST_CHARS = 8
"""What is shorter stands in every second line of an output, and could not be kept out of it."""
_SHOWN = "[credential]"
_WRAPPED = 76
"""How long lines of base64 are, as the tool of that name writes them."""
_LEAST_CUT = 6
"""So much of a credential at the end of a line that was cut off is taken for it."""


class NoCredential(Exception):
    """It cannot be read, or is none: the run that needs it is not begun."""


class Credential(Value):
    """What a raw grant gives to a script, for one run."""

    name: str
    content: bytes = Field(repr=False)


def credentials_of(
    grants: Mapping[str, RawGrant], environment: Mapping[str, str] = os.environ
) -> tuple[Credential, ...]:
    """Those that these grants have.

    :raises NoCredential: one of them cannot be read; the text says what to do, and no secret.
    """
    return tuple(
        Credential(name=name, content=_read(name, grant, environment))
        for name, grant in grants.items()
        if grant.has_credential
    )


def _read(name: str, grant: RawGrant, environment: Mapping[str, str]) -> bytes:
    where = grant.credential_file or f"the variable {grant.credential_env} of the runner"
    try:
        content = _content(grant, environment)
    except OSError as unreadable:
        raise NoCredential(
            f"the credential of the raw grant '{name}' cannot be read from {where} "
            f"({unreadable.strerror}); let the runner's user read it"
        ) from None
    if len(content.strip()) < LEAST_CHARS or len(content) > MAX_BYTES:
        raise NoCredential(
            f"the credential of the raw grant '{name}' in {where} has to be of {LEAST_CHARS} to "
            f"{MAX_BYTES} bytes"
        )
    return content


def _content(grant: RawGrant, environment: Mapping[str, str]) -> bytes:
    if grant.credential_env is not None:
        return os.fsencode(environment.get(grant.credential_env, ""))
    # Not waited for: a pipe that nobody writes to would hold up the runner.
    descriptor = os.open(grant.credential_file or "", os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(MAX_BYTES + 1) or b""


class Hidden:
    """Takes credentials out of texts, in the forms in which tools print them.

    It keeps what is printed by mistake out of logs. A script that means to can always say a
    credential in words of its own: what such a script may reach is bounded, and a person has read
    it.
    """

    def __init__(self, credentials: tuple[Credential, ...]) -> None:
        forms = {form for each in credentials for form in _forms(each.content)}
        # The longest first: a line of a key is part of the whole key.
        self._forms = sorted(forms, key=len, reverse=True)
        either = "|".join(map(re.escape, self._forms))
        self._known = re.compile(either) if either else None

    def __call__(self, text: str) -> str:
        """The text without them."""
        if self._known is None:
            return text
        return "\n".join(map(self._line, text.split("\n")))

    def _line(self, line: str) -> str:
        if self._known is None:
            return line
        line = self._known.sub(_SHOWN, line)
        # A line that is too long is cut before it comes here, perhaps within a credential.
        for form in self._forms:
            start = line.find(form[:_LEAST_CUT])
            while start >= 0:
                if form.startswith(line[start:]):
                    return f"{line[:start]}{_SHOWN}"
                start = line.find(form[:_LEAST_CUT], start + 1)
        return line


def _forms(content: bytes) -> Iterator[str]:
    """Line by line as it is; the whole in a URL, in hexadecimal, and in base64 at any place."""
    whole = content.strip()
    text = whole.decode(errors="replace")
    words = [*text.splitlines(), quote(text, safe=""), whole.hex()]
    for skipped in range(3):
        encoded = base64.b64encode(bytes(skipped) + whole).decode().rstrip("=")
        # The first and the last character may hold bits of what stands beside it.
        words.append(encoded[(0, 2, 3)[skipped] : -1])
    wrapped = base64.b64encode(content).decode()
    words += (wrapped[at : at + _WRAPPED] for at in range(0, len(wrapped), _WRAPPED))
    yield from (word.strip() for word in words if len(word.strip()) >= LEAST_CHARS)
