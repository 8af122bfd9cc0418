"""Authenticate and parse one delivery of an alert source."""

from collections.abc import Mapping
from typing import Protocol

from vigil.domain.alert import Delivery


class Alerts(Protocol):
    """One source of alerts that come over HTTP.

    1. ``authentic`` compares in constant time and answers False for anything missing or odd; it
       never raises.
    2. ``parse`` never raises: a body that it cannot read is a ``Delivery`` with ``not_understood``,
       one that changes nothing here is one with ``without_effect``.
    3. At most 1000 alerts of one delivery are kept; strings are cut to 4 KiB; secrets of the
       provider (tokens in headers or URLs) are not part of what it returns.
    """

    source: str

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the sender knows the secret; header names are lower case."""
        ...

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Read one body, as bytes off the wire; header names are lower case.

        It only computes, in any thread, several at once.
        """
        ...
