"""Where whoever writes a plan may ask what is not in the briefing.

It has no vendor: what it promises holds whoever asks, so it is kept by a phase, ``decide/desk.py``.
"""

from typing import Protocol

from vigil.domain.outbound import Outbound
from vigil.domain.question import Answer, Question
from vigil.domain.shortened import Content


class Desk(Protocol):
    """The evidence of one incident, for one synthesis; it looks and changes nothing.

    1. Answers are numbered from ``tool-1`` in the order in which they were asked for, also those
       that failed, so that each can be cited.
    2. Only what the catalogue and the record name can be asked about: the incident's service, what
       it needs and what needs it, their probes and symptoms, runbooks by id. Of anything else the
       answer failed, and says what there is.
    3. What goes wrong in a look, or takes too long, is an answer that failed; a desk that was asked
       too much looks no more and says so.
    4. An answer is bounded. What was left out is marked in its text, and ``truncated``.
    5. Text comes back redacted, with one token for one value in all that is said of the incident.
       What is cut was redacted before: no part of what is private leaves. What cannot be redacted
       does not come back: ``NotRedacted``, or ``PortUnavailable``.
    6. Each question and what was found, and what a model says while it works, is on the incident's
       timeline before it comes back: redacted, bounded, and marked as what a model asked.
    """

    async def ask(self, question: Question) -> Answer:
        """Look."""
        ...

    async def outbound(self, text: str) -> Outbound:
        """A text of this incident as it may leave."""
        ...

    async def written(self, content: Content) -> Outbound:
        """What is known of this incident, as it may leave; in JSON, its long texts cut."""
        ...

    async def tell(self, text: str) -> None:
        """Put on the timeline what a model says while it works."""
        ...
