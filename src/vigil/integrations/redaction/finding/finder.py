"""All that is looked for in a text."""

import re
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Iterator

from vigil.domain.redacted import Found, Kind
from vigil.domain.tokens import TOKEN
from vigil.integrations.redaction.finding import (
    disorder,
    identities,
    introduced,
    keys,
    numbers,
    passwords,
    people,
    phones,
    places,
)
from vigil.integrations.redaction.finding.forms import Form, Forms
from vigil.integrations.redaction.finding.overlaps import settled
from vigil.integrations.redaction.finding.unfolding import beneath

_EMAIL = Form(
    Kind.EMAIL,
    "@",
    re.compile(
        r"(?<![\w.+-])[\w.+'-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w@])"
        r"|(?<![\w.+-])[\w.+'-]{1,64}@\[(?:IPv6:)?[0-9a-fA-F.:]{3,45}\]"
        r"|\"[^\"\n@]{1,64}\"@(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}"
    ),
)
_LOOKALIKE = Form(Kind.LOOKALIKE, r"\[[A-Z_]{2,16}_\d", TOKEN)
_FORMS = (
    _LOOKALIKE,
    _EMAIL,
    *keys.FORMS,
    *passwords.FORMS,
    *numbers.FORMS,
    *identities.FORMS,
    *phones.FORMS,
    *places.FORMS,
    *introduced.FORMS,
)
_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))
_MOSTLY = 0.9
"""Of what base64 hides, so much has to be text before it is read."""


class Finder:
    """Finds everything of the kinds of ``domain.redacted.Kind``; ``ips`` may stay on request."""

    def __init__(self, *, ips: bool = True) -> None:
        forms = (*_FORMS, *(numbers.IP_FORMS if ips else ()))
        self._open = Forms(forms)
        secrets = (
            Form(Kind.SECRET, disorder.HINT, disorder.TOKEN, self._is_secret),
            Form(
                Kind.SECRET,
                disorder.ONE_CASE,
                disorder.TOKEN,
                self._is_secret,
                words=disorder.ONE_CASE_FIRST,
            ),
            Form(Kind.SECRET, disorder.HEX_OF_TEXT, disorder.TOKEN, self._is_hidden_in_hex),
        )
        self._all = Forms((*forms, *secrets))
        self._people = people.People()

    def __call__(self, text: str) -> tuple[Found, ...]:
        """In order, without overlaps, in code points of this text."""
        return settled((*self._seen(text), *beneath(text, self._seen)))

    def _seen(self, text: str) -> Iterator[Found]:
        yield from places.with_surroundings(text, self._all(text))
        yield from self._people(text)

    def _is_secret(self, match: re.Match[str]) -> bool:
        """Whether chance drew it, or it is base64 of a text in which something is found."""
        if disorder.disordered(match[0]):
            return True
        bare = match[0].rstrip("=").replace("+", "-").replace("/", "_")
        try:
            head = urlsafe_b64decode(bare[:16])
            if not _is_text(head):
                return False
            inner = urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode(errors="replace")
        except (Error, ValueError):
            return False
        return _is_text(inner.encode()) and next(self._open(inner), None) is not None

    def _is_hidden_in_hex(self, match: re.Match[str]) -> bool:
        """Whether something is found in the text whose bytes are written so."""
        try:
            inner = bytes.fromhex(match[0])
        except ValueError:
            return False
        return (
            _is_text(inner) and next(self._open(inner.decode(errors="replace")), None) is not None
        )


def _is_text(content: bytes) -> bool:
    return sum(byte in _TEXT for byte in content) >= _MOSTLY * len(content)
