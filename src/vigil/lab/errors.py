"""What can go wrong with a lab.

LabError
├── LabNotReady      a part of the shop did not come up, or did not come back, in time
├── LabNotRunning    there is no running lab behind this state directory
├── LabUsage         the caller asked for something that cannot be: a wrong path, name or option
└── ScenarioMistakes one or more scenario folders are wrong; lists every mistake
"""

from collections.abc import Sequence


class LabError(Exception):
    """Anything the lab could not do; the message says on what, and what to do next."""


class LabNotReady(LabError):
    """A part of the shop did not answer before the deadline."""


class LabNotRunning(LabError):
    """No keeper holds this lab."""


class LabUsage(LabError):
    """A request that no lab could fulfil."""


class ScenarioMistakes(LabError):
    """All mistakes of all scenario folders at once."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(
            f"{len(self.mistakes)} mistake(s) in scenarios:\n  " + "\n  ".join(self.mistakes)
        )
