"""What can go wrong, as a tree.

VigilError
├── TemporaryError          the same call may succeed later; the caller may retry
│   ├── PortUnavailable     something behind a port did not answer in time
│   │   └── ToldToWait      it did, and said when to come again
│   ├── InboxFull           more deliveries wait than Vigil keeps; says when to come again
│   └── LockHeld            somebody else is working on the same resources
└── PermanentError          the same call will fail again; a person has to change something
    ├── SettingsError       settings or catalogue are wrong; carries every mistake at once
    ├── IllegalTransition   a stage was asked to follow one that it may not follow
    ├── PlanMismatch        the plan is not the one that was judged
    ├── SandboxUnavailable  no safe sandbox can be made here, so nothing is executed
    ├── ChainBroken         the timeline is not what was written
    ├── NotRedacted         a text could not be made fit to leave, so nothing of it does
    └── NotFound            no such thing

A refusal (denied, expired, unhealthy) is a value, not an error.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType


class VigilError(Exception):
    """Base of all errors raised by Vigil itself.

    The message says what failed, on what, and what to do next.
    """


class TemporaryError(VigilError):
    """The same call may succeed later."""


class PortUnavailable(TemporaryError):
    """Something behind a port did not answer in time or at all."""


class ToldToWait(PortUnavailable):
    """A vendor has had enough for now, and said when to come again."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class InboxFull(TemporaryError):
    """More deliveries of this source wait than are kept for it; this one was not written down."""

    def __init__(self, source: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(
            f"the inbox has no room for another delivery of {source}; send it again after "
            f"{retry_after_s} s"
        )


class LockHeld(TemporaryError):
    """Somebody else is at work on the same thing.

    ``held`` names, for each resource that other incidents keep one from, the incident.
    """

    def __init__(self, message: str, held: Mapping[str, str] = MappingProxyType({})) -> None:
        self.held = dict(held)
        super().__init__(message)


class PermanentError(VigilError):
    """The same call will fail again until somebody changes something."""


class SettingsError(PermanentError):
    """Settings, catalogue, policy or runbooks are wrong.

    ``mistakes`` holds every one of them, each a full sentence with its place and remedy.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class IllegalTransition(PermanentError):
    """The table in ``domain/incident.py`` does not allow this step."""


class PlanMismatch(PermanentError):
    """What was about to run is not the plan that was judged."""


class SandboxUnavailable(PermanentError):
    """No sandbox that is safe can be made here; Vigil suggests and does not act."""


class ChainBroken(PermanentError):
    """The timeline was edited, shortened, reordered or made anew."""


class NotRedacted(PermanentError):
    """A text could not be made fit to leave; the message says nothing of what is in it."""


class NotFound(PermanentError):
    """Nothing of this name or id exists."""
