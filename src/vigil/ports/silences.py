"""Who wants to be left alone: maintenance, and alerts that people have silenced."""

from typing import Protocol

from vigil.domain.silence import Silence
from vigil.domain.value import Instant


class Silences(Protocol):
    """What people have said beforehand; Vigil asks before it acts there.

    1. A silence counts from its beginning to its end, the end left out.
    2. It counts for its service and for each that directly depends on it, and for no other.
    3. ``None`` means that it cannot be known now; it never means that there is none. An answer
       comes within 5 seconds, whatever the source does.
    4. At most 20 are given; texts are one line, cut, and without obvious secrets.
    """

    async def over(self, service: str, symptom: str, at: Instant) -> tuple[Silence, ...] | None:
        """The silences over a service with this symptom at a moment."""
        ...
