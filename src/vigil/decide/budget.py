"""The budget: beyond what thinking may cost, a person is asked."""

from collections.abc import Iterator, Sequence

from vigil.domain.cost import NOTHING, Budget, Cost, Spent
from vigil.domain.plan import Plan


def overspent(plan: Plan, budget: Budget, spent: Sequence[Spent]) -> Iterator[str]:
    """Why a plan is asked about, as sentences.

    ``spent`` is what incidents have cost that were open within the last day. A plan of an incident
    that has cost nothing is none of the budget's business: no model was asked for it.
    """
    own = _sum(each for each in spent if each.incident == plan.incident)
    if own == NOTHING:
        return
    of_service = _sum(each for each in spent if each.service == plan.service)
    for whose, allowance, cost in (
        ("this incident", budget.per_incident, own),
        (f"{plan.service} within a day", budget.per_service, of_service),
        ("everything within a day", budget.per_day, _sum(spent)),
    ):
        beyond = allowance.exceeded_by(cost)
        if beyond is not None:
            yield f"the budget is used up: {whose} has cost {beyond}"


def _sum(spent: "Sequence[Spent] | Iterator[Spent]") -> Cost:
    return sum((each.cost for each in spent), start=NOTHING)
