"""Reasoners that write what the test says."""

from vigil.domain.briefing import Briefing, Draft, DraftAction
from vigil.domain.cost import NOTHING, Cost
from vigil.domain.effects import Risk
from vigil.domain.plan import Reason


class Written:
    """Fulfils ``ports.reasoner.Reasoner``: one plan by the best runbook, whatever is known."""

    def __init__(self, *actions: DraftAction, cost: Cost = NOTHING) -> None:
        self._actions, self._cost = actions, cost

    async def draft(self, briefing: Briefing) -> Draft:
        return Draft(
            runbook=briefing.matches[0].runbook.id,
            summary="Do as it is written.",
            reasons=(Reason(step="plan", text="so the test says"),),
            actions=self._actions,
            declared_risk=Risk.LOW,
            cost=self._cost,
        )
