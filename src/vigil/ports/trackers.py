"""An outside incident: what its tracker's people are told, and what becomes of it there."""

from typing import Protocol

from vigil.domain.message import Sending, Sent


class Trackers(Protocol):
    """One tracker, such as PagerDuty. Nothing that it says is believed to be more than it is.

    1. ``place`` is what the tracker calls its incident that an alert came from: None for alerts of
       other sources, and for what cannot be one of its names.
    2. After ``note`` the text stands at the incident, with its link and its mark. It stands there
       once, however often it is asked for and whatever became of the answer: what is there is read
       before anything is written, and where it cannot be read whole nothing is.
    3. After ``resolve`` the incident is resolved. One that is stays as it is, whoever did it.
    4. ``acknowledge`` acknowledges an incident that nobody has acknowledged or resolved, and only
       where the tracker calls people again by itself if nothing follows; otherwise it says what
       kept it from that. It never opens an incident again. ``remote`` is as whom it was done, and
       empty where it was not.
    5. No call waits longer than ``DEADLINE_S``. What may go better later raises
       ``PortUnavailable``: no answer, a limit, refused access, an answer that nobody understands;
       ``ToldToWait`` where it says for how long. ``NotFound`` is an incident that is not there.
    6. No error says a secret or what was to be told, and no answer without end is read to its end.
    """

    def place(self, source: str, fingerprint: str) -> str | None:
        """Where to write about this alert."""
        ...

    async def note(self, place: str, sending: Sending) -> Sent:
        """Have it stand there, once."""
        ...

    async def resolve(self, place: str, sending: Sending) -> Sent:
        """Have the incident resolved, with the text on its record."""
        ...

    async def acknowledge(self, place: str) -> Sent:
        """Have the incident acknowledged, where that is safe."""
        ...


DEADLINE_S = 20.0
"""Of one call, however many questions it takes."""
