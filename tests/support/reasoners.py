"""Reasoners that a test writes: nothing, or what the playbook says at a price."""

from vigil.domain.briefing import Briefing, Draft
from vigil.domain.cost import Cost
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.ports.desk import Desk


class Paid:
    """Fulfils ``ports.reasoner.Reasoner``: the playbook's word, which cost something."""

    def __init__(self, cost: Cost, *, speechless: bool = False) -> None:
        self._cost, self._speechless = cost, speechless

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        draft = await PlaybookReasoner().draft(briefing, desk)
        nothing = {"runbook": None, "actions": ()} if self._speechless else {}
        return draft.model_copy(update={"cost": self._cost, **nothing})
