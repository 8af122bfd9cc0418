"""Evidence and context in, a draft of a plan out."""

from typing import Protocol

from vigil.domain.briefing import Briefing, Draft


class Reasoner(Protocol):
    """Something that writes plans; it is not trusted.

    1. A draft has exactly five reasons, in the order symptom, cause, runbook, actions, proof.
    2. With nothing sound to propose the draft has no actions and its last reason says why.
    3. Every action has either an undo or the reason why there is none.
    """

    async def draft(self, briefing: Briefing) -> Draft:
        """Write a draft."""
        ...
