"""Text that may leave."""

from typing import NamedTuple

from vigil.domain.redacted import Found
from vigil.domain.tokens import Tokens


class Outbound(NamedTuple):
    """The only text that an adapter of a vendor takes. Only redaction makes it.

    An architecture test holds every other part of Vigil to that.
    """

    text: str


class Redacted(NamedTuple):
    """What redaction gives: the text that may leave, and what stays here."""

    outbound: Outbound
    tokens: Tokens
    """Of the whole incident so far: hand them in with its next text."""
    found: tuple[Found, ...]
    """What stands for something else now, by its place in the text that was given."""
