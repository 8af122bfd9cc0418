"""Evidence and context in, a draft of a plan out."""

from typing import Protocol

from vigil.domain.briefing import Briefing, Draft
from vigil.ports.desk import Desk


class Reasoner(Protocol):
    """Something that writes plans; it is not trusted.

    1. A draft has exactly five reasons, in the order symptom, cause, runbook, actions, proof.
    2. With nothing sound to propose the draft has no actions and its last reason says why.
    3. Every action has either an undo or the reason why there is none.
    4. Whatever a model or its vendor does, there is a draft within the deadline and nothing is
       raised: a model that gave no plan leaves one without actions, ``unheard`` and the last reason
       say why.
    5. What was spent is in ``cost``, whatever came of it.
    """

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        """Write a draft; what the briefing does not say may be asked at the desk."""
        ...
