"""What every verb of the broker can do."""

from typing import Protocol

from pydantic import JsonValue

from vigil.domain.errors import TemporaryError
from vigil.runner.ledger import Outcome

Seen = dict[str, JsonValue]
"""What a target looks like, as the ledger keeps it."""


class Refusal(Exception):
    """The arguments or the target do not admit this call; it never leaves the broker."""


class NotDone(TemporaryError):
    """The target could not be reached and nothing was changed."""


class Unfinished(TemporaryError):
    """The call was under way when the target stopped answering; the next look decides."""


class Operation(Protocol):
    """One call, bound to its grant and its arguments.

    1. ``look`` changes nothing. It raises ``Refusal`` when the arguments are outside the grant.
    2. ``done_since`` tells from what is seen now whether the effect has happened since ``before``
       was seen, and what that looked like; it is asked only when the ledger says begun, not done.
    3. ``do`` ends before ``deadline_s``. It may raise ``NotDone`` or ``Unfinished``; a target that
       answered no is an ``Outcome`` that is not ok.
    """

    def look(self) -> Seen:
        """What the target looks like now."""
        ...

    def done_since(self, before: Seen) -> Outcome | None:
        """The outcome, if it has been done."""
        ...

    def do(self, before: Seen, deadline_s: float) -> Outcome:
        """Do it."""
        ...
