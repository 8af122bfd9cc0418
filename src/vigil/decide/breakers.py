"""Breakers: what was allowed often, or failed lately, is not allowed for a while.

They are worked out from what was executed. So nothing has to be kept in step with it, and a breaker
that somebody should reset is reset by the one thing that shows that it may be: a plan that a person
approved and that was proven.
"""

from collections.abc import Iterable
from datetime import timedelta

from vigil.decide.facts import Facts
from vigil.domain.executed import Executed
from vigil.domain.plan import Plan
from vigil.domain.policy import Policy
from vigil.domain.policy_rules import Rule
from vigil.domain.proof import Outcome
from vigil.domain.verdict import Decision, readable_time

FAILED = frozenset({Outcome.NOT_FIXED, Outcome.REGRESSED})


def tripped(rule: Rule, policy: Policy, facts: Facts) -> str | None:
    """Why a rule allows nothing now, as a sentence."""
    if rule.then is not Decision.ALLOW:
        return None
    many = sum(rule.id in each.policy_rules for each in facts.last_hour)
    if rule.most_per_hour is not None and many >= rule.most_per_hour:
        return (
            f"rule '{rule.id}' let {many} plans through in the last hour, its breaker is at "
            f"{rule.most_per_hour}"
        )
    under = (each for each in facts.executed if rule.id in each.policy_rules)
    return _failed(f"rule '{rule.id}'", under, policy, facts)


def runbook_tripped(plan: Plan, policy: Policy, facts: Facts) -> str | None:
    """Why everything of a plan's runbook is asked about now, whatever rule allows it."""
    if plan.runbook is None:
        return None
    same = (each for each in facts.executed if each.runbook == plan.runbook)
    return _failed(f"runbook '{plan.runbook}'", same, policy, facts)


def _failed(whose: str, executed: Iterable[Executed], policy: Policy, facts: Facts) -> str | None:
    """The newest proof decides: one that failed trips it, one that came out well resets it."""
    last = next((each for each in executed if each.outcome is not None), None)
    if last is None or last.outcome not in FAILED:
        return None
    rested = last.at + timedelta(seconds=policy.breaker_rests_s)
    if facts.at is not None and facts.at >= rested:
        return None
    return (
        f"the last plan of {whose} was {last.outcome} in incident {last.incident}; its breaker "
        f"is tripped until {readable_time(rested)}, or until a plan that a person approves is "
        "proven"
    )
