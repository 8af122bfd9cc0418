"""The gate: allow, ask or deny, with every rule that fired. The strictest rule wins."""

from dataclasses import dataclass

from vigil.domain.catalogue import Autonomy, Service
from vigil.domain.effects import RISK_OF, EffectKind, Risk
from vigil.domain.plan import Action, Plan, PlanKind
from vigil.domain.policy import Policy
from vigil.domain.runbook import RunbookMatch
from vigil.domain.verdict import Decision, Verdict

STRICTNESS = (Decision.ALLOW, Decision.ASK, Decision.DENY)


@dataclass(frozen=True)
class Facts:
    """What the gate knows besides plan and policy."""

    service: Service
    confidence: int
    match: RunbookMatch | None
    stopped: bool
    executed_last_hour: int
    undoes: Plan | None = None
    """For a rollback: the plan whose undo it is, which was allowed or approved."""


def judge(plan: Plan, policy: Policy, facts: Facts) -> Verdict:
    """The verdict on a plan; ``rules`` reads as a list of sentences for people."""
    risk = risk_of(plan)
    context_match = facts.match.context_match if facts.match else 0
    fired = [
        *_always(plan, policy, facts, risk),
        *(
            _rollback(plan, facts)
            if plan.kind is PlanKind.ROLLBACK
            else _unasked(plan, policy, facts, risk)
        ),
    ]
    decision = max((d for d, _ in fired), key=STRICTNESS.index, default=Decision.ALLOW)
    rules = tuple(f"{d}: {text}" for d, text in fired) or (_all_clear(plan, policy, facts, risk),)
    return Verdict(
        plan_digest=plan.digest,
        decision=decision,
        confidence=facts.confidence,
        context_match=context_match,
        risk=risk,
        rules=rules,
    )


def _all_clear(plan: Plan, policy: Policy, facts: Facts, risk: Risk) -> str:
    if plan.kind is PlanKind.ROLLBACK:
        return "allow: every step is an undo that was judged with its plan"
    match = facts.match.context_match if facts.match else 0
    return (
        f"allow: confidence {facts.confidence} >= {policy.auto_confidence}, context match {match} "
        f">= {policy.auto_context_match}, risk {risk} <= {policy.auto_max_risk}, autonomy "
        f"{facts.service.autonomy}"
    )


def risk_of(plan: Plan) -> Risk:
    """The worse of what the plan declares and what its computed effects say."""
    computed = RISK_OF[plan.effect_kind]
    # A plan that cannot be undone is not a small thing, however small its steps.
    if any(a.undo is None for a in plan.actions) and plan.kind is PlanKind.REMEDY:
        computed = max(computed, Risk.MEDIUM, key=lambda r: r.rank)
    return max(plan.declared_risk, computed, key=lambda r: r.rank)


def _always(plan: Plan, policy: Policy, facts: Facts, risk: Risk) -> list[tuple[Decision, str]]:
    """What no plan may do, whoever agrees to it."""
    fired: list[tuple[Decision, str]] = []
    if facts.stopped:
        fired.append((Decision.DENY, "the stop switch is on"))
    if facts.service.autonomy is Autonomy.OBSERVE:
        fired.append(
            (Decision.DENY, "autonomy is 'observe': Vigil only reports what it would have done")
        )
    if facts.service.autonomy is Autonomy.SUGGEST:
        fired.append((Decision.DENY, "autonomy is 'suggest': a person runs the plan"))
    if risk.rank > policy.ask_max_risk.rank:
        fired.append((Decision.DENY, f"risk {risk} is above {policy.ask_max_risk}"))
    most = facts.service.limits.max_actions
    if len(plan.actions) > most:
        fired.append(
            (
                Decision.DENY,
                f"{len(plan.actions)} actions, more than the {most} allowed",
            )
        )
    verbs = {name: grant.verb for name, grant in facts.service.grants.items()}
    for action in plan.actions:
        if action.effects.kind in (EffectKind.UNKNOWN, EffectKind.DESTRUCTIVE):
            fired.append((Decision.DENY, f"{action.id} is {action.effects.kind}: {_why(action)}"))
        fired += [
            (Decision.DENY, f"{action.id} needs the grant '{call.grant}' for {call.verb}")
            for call in action.effects.calls
            if verbs.get(call.grant) != call.verb
        ]
    return fired


def _why(action: Action) -> str:
    return "; ".join(e.reason for e in action.effects.effects[:3])


def _unasked(plan: Plan, policy: Policy, facts: Facts, risk: Risk) -> list[tuple[Decision, str]]:
    """What has to hold before a remedy may run without a person."""
    context_match = facts.match.context_match if facts.match else 0
    asks = {
        "autonomy is 'approve'": facts.service.autonomy is Autonomy.APPROVE,
        f"confidence {facts.confidence} is below {policy.auto_confidence}": (
            facts.confidence < policy.auto_confidence
        ),
        f"context match {context_match} is below {policy.auto_context_match}": (
            context_match < policy.auto_context_match
        ),
        f"risk {risk} is above {policy.auto_max_risk}": risk.rank > policy.auto_max_risk.rank,
        f"it touches {len(plan.resources)} resources, more than {policy.auto_max_resources}": (
            len(plan.resources) > policy.auto_max_resources
        ),
        "no probe could prove it": not plan.proving,
        "a change freeze is on": policy.freeze,
        f"{facts.executed_last_hour} plans were executed in the last hour, the breaker is at "
        f"{policy.max_executions_per_hour}": (
            facts.executed_last_hour >= policy.max_executions_per_hour
        ),
    }
    return [(Decision.ASK, text) for text, fires in asks.items() if fires]


def _rollback(plan: Plan, facts: Facts) -> list[tuple[Decision, str]]:
    """An undo needs no new record, but it must be the undo that was judged with its plan."""
    undos = {a.undo for a in facts.undoes.actions} if facts.undoes else set()
    if any(action.script not in undos for action in plan.actions):
        return [(Decision.DENY, "a step of the rollback was not part of the plan that was judged")]
    return []
