"""What people decide, and what the clock decides for them, as the engine takes it.

Which of several decisions wins is the journal's matter. This is what comes before: the moment at
which it was said, and noticing that nobody answered.
"""

import asyncio

import structlog

from vigil.decide.breakers import looks_back, tripped
from vigil.decide.facts import HOUR, Lately
from vigil.domain.breaker import Breaker, Reset
from vigil.domain.change import OWN_NAME
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.ports.journal import Decided
from vigil.story.parts import Parts

log = structlog.get_logger()

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

    async def breakers(self) -> tuple[Breaker, ...]:
        """All that are tripped now."""
        parts, now = self._parts, self._parts.senses.clock.now()
        many = await parts.journal.executions_since(now - HOUR, besides="")
        if parts.policy.rules is None and many < parts.policy.max_executions_per_hour:
            return ()
        executed = await parts.journal.executed_since(now - looks_back(parts.policy), besides="")
        lately = Lately(executed_last_hour=many, at=now, executed=executed)
        return tripped(parts.policy, lately)

    async def reset(self, breaker: str, incident_id: str, by: str, why: str) -> Decided:
        """A person closes a breaker that this incident tripped, and of several who do one wins.

        Whoever has not seen yet that another plan tripped it meanwhile does not reset that.
        """
        standing = {each.id: each for each in await self.breakers()}
        found = standing.get(breaker)
        if found is None:
            known = ", ".join(standing) or "none"
            return _refused(f"no breaker '{breaker}' is tripped now; tripped: {known}")
        if found.incident != incident_id:
            return _refused(
                f"{breaker} is tripped by incident {found.incident} and not by {incident_id}; look "
                "at that one, then reset it"
            )
        given = Reset(breaker=breaker, by=by, why=why, at=self._parts.senses.clock.now())
        decided = await self._parts.journal.reset(found.incident, found.attempt, given)
        log.warning("breaker reset", breaker=breaker, by=by, won=decided.won)
        return decided

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


def _refused(text: str) -> Decided:
    return Decided(won=False, text=text, approval=None)
