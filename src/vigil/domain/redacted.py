"""What must not leave: the kinds of it, and where in a text one was found."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a stretch of text is. The list is closed; a kind is also the word of its tokens."""

    EMAIL = "email"
    PHONE = "phone"
    IP = "ip"
    NAME = "name"
    """Of a person."""
    ADDRESS = "address"
    """Where somebody lives or can be sent something, or a part of it."""
    GOVERNMENT_ID = "government_id"
    """What a state counts people or taxpayers by: SSN, passport, driver's licence, and the like."""
    CARD = "card"
    IBAN = "iban"
    KEY = "key"
    """A key or token whose form says whose it is."""
    JWT = "jwt"
    PRIVATE_KEY = "private_key"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    """What stands where a password, key or token is expected: a setting, an address, a header."""
    COOKIE = "cookie"
    SECRET = "secret"  # noqa: S105 - the name of a kind
    """Text in which no order can be seen, as in a key that chance drew."""
    PERSONAL = "personal"
    """Anything else that a vendor's redactor takes for private."""
    LOOKALIKE = "lookalike"
    """Text that has the form of a token and is none."""


SECRETS = frozenset({Kind.KEY, Kind.JWT, Kind.PRIVATE_KEY, Kind.PASSWORD, Kind.COOKIE, Kind.SECRET})
"""What opens something. The others say something of a person."""


class Found(NamedTuple):
    """One stretch, in code points of the text as it was given, half-open."""

    start: int
    end: int
    kind: Kind
