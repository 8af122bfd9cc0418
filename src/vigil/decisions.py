"""What people decide, and what the clock decides for them, as the engine takes it.

Which of several decisions wins is the journal's matter. This is what comes before: the moment at
which it was said, and noticing that nobody answered.
"""

import asyncio

from vigil.domain.change import OWN_NAME
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.parts import Parts
from vigil.ports.journal import Decided

EXPIRY_S = 1.0
"""How often it is looked for plans whose time is up."""
BATCH = 100


class Decisions:
    """Takes answers and cancellations, and answers for those who did not."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, incident_id: str, plan_digest: str, answer: Answer, by: str) -> Decided:
        """Of several answers to one plan exactly one wins; NotFound.

        While Vigil is stopped no plan is approved: it goes on waiting, until somebody lets Vigil
        act again and approves it then.
        """
        at = self._parts.senses.clock.now()
        approval = Approval(plan_digest=plan_digest, answer=answer, by=by, at=at)
        return await self._parts.journal.answer(incident_id, approval)

    async def cancel(self, incident_id: str, by: str, reason: str = "") -> Decided:
        """A person takes the incident in hand: Vigil begins nothing more of it; NotFound."""
        cancellation = Cancellation(by=by, at=self._parts.senses.clock.now(), reason=reason)
        return await self._parts.journal.cancel(incident_id, cancellation)

    async def expire(self) -> None:
        """Answer for everybody who did not, without end: no answer means no."""
        while True:
            now = self._parts.senses.clock.now()
            late = await self._parts.journal.overdue(now, BATCH)
            won = 0
            for incident in late:
                digest = incident.plan_digest or ""
                decided = await self.answer(incident.id, digest, Answer.EXPIRED, OWN_NAME)
                won += decided.won
            await asyncio.sleep(0 if won == BATCH else EXPIRY_S)
