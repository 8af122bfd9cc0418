"""Credentials of raw grants, and the private values that these allow: files of a sandbox for the
time of one run, and in no word of it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from vigil.domain.private import file_of
from vigil.domain.raw_grant import RawGrant
from vigil.domain.value import Value
from vigil.runner.forms import LEAST_CHARS, MOST_WORDS, forms_of, words_of

FOLDER = "/vigil/credentials"
"""Where a script finds them, each under the name of its grant."""
MAX_BYTES = 8 * 1024
_SHOWN = "[credential]"
_CUT = "…\N{REPLACEMENT CHARACTER}"
"""How a line ends that was cut off, or cut within a character."""
_LEAST_OF_A_PERSON = 3
"""Characters of a private value: below it would be found in every word."""
_LEAST_CUT = 6
"""So much of a credential at the end of a line that was cut off is taken for it."""


class NoCredential(Exception):
    """It cannot be read, or is none: the run that needs it is not begun."""


class Credential(Value):
    """What a raw grant gives to a script, for one run."""

    name: str
    content: bytes = Field(repr=False)

    @property
    def path(self) -> str:
        """Where the script finds it."""
        return f"{FOLDER}/{self.name}"

    @property
    def shown(self) -> str:
        """What stands for it in what is printed."""
        return _SHOWN

    @property
    def forms(self) -> frozenset[str]:
        """How tools print it."""
        return forms_of(self.content)


class PrivateValue(Credential):
    """What a token stands for; its name is the token."""

    @property
    def path(self) -> str:
        """Where the script finds it."""
        return file_of(self.name)

    @property
    def shown(self) -> str:
        """Its token."""
        return self.name

    @property
    def forms(self) -> frozenset[str]:
        """A name of four letters is not short for one, and is looked for as well."""
        return forms_of(self.content, _LEAST_OF_A_PERSON)


def private_values(values: Mapping[str, str]) -> tuple[PrivateValue, ...]:
    """Those that an order brings, by their tokens."""
    return tuple(
        PrivateValue(name=token, content=value.encode(errors="replace"))
        for token, value in values.items()
    )


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
    if len(words_of(content)) > MOST_WORDS:
        raise NoCredential(
            f"the credential of the raw grant '{name}' in {where} has more than {MOST_WORDS} lines "
            "and fields, too many to keep each out of an output; leave only what the script needs"
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

    def __init__(self, credentials: Sequence[Credential]) -> None:
        shown = {form: each.shown for each in credentials for form in each.forms}
        tokens = {_SHOWN, *shown.values()}
        # The longest first: a line of a key is part of the whole key.
        self._forms = sorted(
            (form for form in shown if not any(form in token for token in tokens)),
            key=len,
            reverse=True,
        )
        self._shown = shown
        self._of_beginning: dict[str, list[str]] = {}
        for form in self._forms:
            self._of_beginning.setdefault(form[:_LEAST_CUT], []).append(form)

    def __call__(self, text: str) -> str:
        """The text without them."""
        return "\n".join(map(self._line, text.split("\n")))

    def _line(self, line: str) -> str:
        # Of many words one after the other is found faster than any of them by one expression.
        for form in self._forms:
            if form in line:
                line = line.replace(form, self._shown[form])
        kept = line.rstrip(_CUT)
        start = min(self._cut_off(kept), default=None)
        return line if start is None else f"{kept[:start]}{_SHOWN}{line[len(kept) :]}"

    def _cut_off(self, line: str) -> Iterator[int]:
        """Where a credential begins within which the line was cut off."""
        for beginning, forms in self._of_beginning.items():
            start = line.find(beginning, max(0, len(line) - len(forms[0])))
            while start >= 0:
                if _one_begins(forms, line[start:]):
                    yield start
                    break
                start = line.find(beginning, start + 1)


def _one_begins(forms: list[str], end: str) -> bool:
    """Whether one of them, the longest first, begins as a line ends."""
    for form in forms:
        if len(form) < len(end):
            return False
        if form.startswith(end):
            return True
    return False
