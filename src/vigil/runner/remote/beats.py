"""When this runner said what on one connection, by its own clock since the machine was started.

The hub repeats the last number that it heard. What it says with a number was said after that beat,
so it is no older, and however long it is on its way it is taken for no younger than the beat.
"""

from collections import deque

from vigil.runner.lease import boot_s

_KEPT = 256
"""Beats. What repeats an older one is older than anything that still counts."""


class Beats:
    """The numbers of one connection's beats. It begins with the hello, whose number is 0."""

    def __init__(self) -> None:
        self._last = 0
        self._at = deque([boot_s()], maxlen=_KEPT)

    def next(self) -> int:
        """The number of a beat that is said now; to be taken before it is sent."""
        self._last += 1
        self._at.append(boot_s())
        return self._last

    def said_at(self, number: int) -> float | None:
        """When the beat of this number was said, as ``boot_s``.

        None: it never was, or nobody knows any more.
        """
        back = self._last - number
        return self._at[-1 - back] if 0 <= back < len(self._at) else None
