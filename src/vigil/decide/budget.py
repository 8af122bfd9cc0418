"""The budget: beyond what thinking may cost, a person is asked."""

from collections.abc import Iterable, Iterator, Sequence

from vigil.domain.cost import NOTHING, Budget, Cost, Spent
from vigil.domain.plan import Plan


def overspent(plan: Plan, budget: Budget, spent: Sequence[Spent]) -> Iterator[str]:
    """Why a plan is asked about, as sentences.

    ``spent`` is what incidents have cost that were open within the last day. A plan of an incident
    that has cost nothing is none of the budget's business: no model was asked for it. What nobody
    can read may have been anything.
    """
    own = [each for each in spent if each.incident == plan.incident]
    if _sum(own) == NOTHING and _unreadable(own) is None:
        return
    of_service = [each for each in spent if each.service == plan.service]
    for whose, allowance, counted in (
        ("this incident", budget.per_incident, own),
        (f"{plan.service} within a day", budget.per_service, of_service),
        ("everything within a day", budget.per_day, spent),
    ):
        beyond, unreadable = allowance.exceeded_by(_sum(counted)), _unreadable(counted)
        if beyond is not None:
            yield f"the budget is used up: {whose} has cost {beyond}"
        elif allowance.limits and unreadable is not None:
            yield (
                f"the budget may be used up: what {whose} has cost is not known, as what is on "
                f"record of incident {unreadable} cannot be read"
            )


def _sum(spent: Iterable[Spent]) -> Cost:
    """Of what can be read."""
    return sum((each.cost for each in spent if each.cost is not None), start=NOTHING)


def _unreadable(spent: Iterable[Spent]) -> str | None:
    """The first incident of which nobody can read what it has cost."""
    return next((each.incident for each in spent if each.cost is None), None)
