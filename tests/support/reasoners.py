"""Reasoners that a test writes: nothing, or what the playbook says at a price."""

from vigil.domain.briefing import Briefing, Draft
from vigil.domain.cost import Cost
from vigil.integrations.reasoner.embedded import PlaybookReasoner


class Paid:
    """Fulfils ``ports.reasoner.Reasoner``: the playbook's word, which cost something."""

    def __init__(self, cost: Cost, *, speechless: bool = False) -> None:
        self._cost, self._speechless = cost, speechless

    async def draft(self, briefing: Briefing) -> Draft:
        draft = await PlaybookReasoner().draft(briefing)
        nothing = {"runbook": None, "actions": ()} if self._speechless else {}
        return draft.model_copy(update={"cost": self._cost, **nothing})
