"""The gate: allow, ask or deny, with every rule that fired. The strictest rule wins."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from vigil.decide import breakers
from vigil.decide.budget import overspent
from vigil.decide.facts import Facts
from vigil.decide.free_form import judge_free_form
from vigil.decide.legible import judge_legibility
from vigil.decide.rules import NOT_READ, Says, read
from vigil.decide.undoes import lacking, resources_of, undoes
from vigil.domain.catalogue import Autonomy
from vigil.domain.effects import RISK_OF, EffectKind, Risk
from vigil.domain.plan import Action, Plan, PlanKind
from vigil.domain.policy import Policy
from vigil.domain.recurrence import lasting
from vigil.domain.verdict import Decision, Verdict
from vigil.guard.credentials import credentials_in

__all__ = ["Facts", "Weighed", "judge", "risk_of", "weigh"]

STRICTNESS = (Decision.ALLOW, Decision.ASK, Decision.DENY)


class Weighed(NamedTuple):
    """What the gate says of a plan that nobody may ever carry out."""

    decision: Decision
    risk: Risk
    rules: tuple[str, ...]
    """Every rule that fired, as sentences for people."""
    policy_rules: tuple[str, ...]
    """Ids of those of the policy."""


def judge(plan: Plan, policy: Policy, facts: Facts) -> Verdict:
    """The verdict on a plan; ``rules`` reads as a list of sentences for people."""
    weighed = weigh(plan, policy, facts)
    return Verdict(
        plan_digest=plan.digest,
        confidence=facts.confidence,
        context_match=facts.context_match,
        missing_grants=lacking(plan, facts.service),
        **weighed._asdict(),
    )


def weigh(plan: Plan, policy: Policy, facts: Facts) -> Weighed:
    """What a verdict would say; it names no plan, so nothing can be done with it."""
    risk = risk_of(plan)
    reading = NOT_READ
    fired: list[Says] = [(Decision.DENY, text) for text in _never(plan, policy, facts, risk)]
    fired += [*judge_free_form(plan, facts), *judge_legibility(plan)]
    if plan.kind is PlanKind.ROLLBACK:
        # Its steps were judged as undos of their plan, by the rules as well.
        fired += [(Decision.DENY, text) for text in _no_undo(plan, facts)]
    else:
        fired += [(Decision.ASK, text) for text in _unasked(plan, policy, facts, risk)]
        if policy.rules is not None:
            reading = read(policy, plan, facts, risk)
            rests = breakers.of_runbook(plan.runbook, policy, facts)
            fired += [*reading.says, *((Decision.ASK, each.text) for each in (rests,) if each)]
    decision = max((d for d, _ in fired), key=STRICTNESS.index, default=Decision.ALLOW)
    if decision is Decision.ALLOW:
        fired.insert(0, _all_clear(plan, policy, facts, risk))
    return Weighed(
        decision=decision,
        risk=risk,
        rules=tuple(f"{d}: {text}" for d, text in fired),
        policy_rules=reading.ids,
    )


def _all_clear(plan: Plan, policy: Policy, facts: Facts, risk: Risk) -> Says:
    if plan.kind is PlanKind.ROLLBACK:
        return Decision.ALLOW, "every step is an undo that was judged with its plan"
    return Decision.ALLOW, (
        f"confidence {facts.confidence} >= {policy.auto_confidence}, context match "
        f"{facts.context_match} >= {policy.auto_context_match}, risk {risk} <= "
        f"{policy.auto_max_risk}, autonomy {facts.service.autonomy}"
    )


def risk_of(plan: Plan) -> Risk:
    """The worst of what the plan declares and what is computed of its actions and their undos."""
    kinds = (plan.effect_kind, *(each.effects.kind for each in undoes(plan)))
    computed = RISK_OF[max(kinds, key=lambda kind: kind.rank)]
    # A plan that cannot be undone is not a small thing, however small its steps.
    if any(a.undo is None for a in plan.actions) and plan.kind is PlanKind.REMEDY:
        computed = max(computed, Risk.MEDIUM, key=lambda r: r.rank)
    return max(plan.declared_risk, computed, key=lambda r: r.rank)


def _never(plan: Plan, policy: Policy, facts: Facts, risk: Risk) -> Iterator[str]:
    """What no plan may do, whoever agrees to it."""
    if facts.stopped:
        yield "the stop switch is on"
    if facts.service.autonomy is Autonomy.OBSERVE:
        yield "autonomy is 'observe': Vigil only reports what it would have done"
    if facts.service.autonomy is Autonomy.SUGGEST:
        yield "autonomy is 'suggest': a person runs the plan"
    if risk.rank > policy.ask_max_risk.rank:
        yield f"risk {risk} is above {policy.ask_max_risk}"
    most = facts.service.limits.max_actions
    if len(plan.actions) > most:
        yield f"{len(plan.actions)} actions, more than the {most} allowed"
    yield from _too_bad((*plan.actions, *undoes(plan)))
    for action in plan.actions:
        for script in (action.script, action.undo or ""):
            for found in credentials_in(script)[:1]:
                looked = found.kind is not EffectKind.UNKNOWN
                holds = "holds a credential" if looked else "may hold a credential"
                yield f"{action.id} {holds}: {found.reason}"
    yield from _out_of_reach(plan, facts)


def _too_bad(actions: Iterable[Action]) -> Iterator[str]:
    """What nobody can say of, and what loses data or protection."""
    for action in actions:
        known = action.effects.kind is not EffectKind.UNKNOWN or bool(action.raw)
        if not known or action.effects.kind is EffectKind.DESTRUCTIVE:
            yield f"{action.id} is {action.effects.kind}: {_why(action)}"


def _out_of_reach(plan: Plan, facts: Facts) -> Iterator[str]:
    """What nobody has granted, and what nobody can grant: what Vigil needs to see how it ends."""
    yield from map(str, lacking(plan, facts.service))
    own = list(_on_own_ground(plan.actions, facts))
    said = {held for _, held in own}
    back = [each for each in _on_own_ground(undoes(plan), facts) if each[1] not in said]
    for action, held in (*own, *back):
        yield f"{action.id} would act on what Vigil itself stands on: {held}"


def _on_own_ground(actions: Iterable[Action], facts: Facts) -> Iterator[tuple[Action, str]]:
    for action in actions:
        for call in action.effects.calls:
            grant = facts.service.grants.get(call.grant)
            held = facts.ground.under(grant, call.arguments, facts.service) if grant else None
            if held is not None:
                yield action, held


def _why(action: Action) -> str:
    return "; ".join(e.reason for e in action.effects.effects[:3])


def _unasked(plan: Plan, policy: Policy, facts: Facts, risk: Risk) -> Iterator[str]:
    """What has to hold before a remedy may run without a person."""
    number = len(resources_of(plan))
    asks = {
        "autonomy is 'approve'": facts.service.autonomy is Autonomy.APPROVE,
        f"confidence {facts.confidence} is below {policy.auto_confidence}": (
            facts.confidence < policy.auto_confidence
        ),
        f"context match {facts.context_match} is below {policy.auto_context_match}": (
            facts.context_match < policy.auto_context_match
        ),
        f"risk {risk} is above {policy.auto_max_risk}": risk.rank > policy.auto_max_risk.rank,
        f"it touches {number} resources, more than {policy.auto_max_resources}": (
            number > policy.auto_max_resources
        ),
        "no probe could prove it": not plan.proving,
        "a change freeze is on": policy.freeze,
    }
    yield from (text for text, fires in asks.items() if fires)
    yield from _tried_before(plan, facts)
    yield from (text for text in (breakers.of_all(policy, facts),) if text)
    if policy.budget is not None:
        yield from overspent(plan, policy.budget, facts.spent)
    yield from facts.quiet


def _tried_before(plan: Plan, facts: Facts) -> Iterator[str]:
    """Whoever does again and again what holds for minutes only hides what is wrong."""
    back = facts.recurrence
    if back is not None and plan.runbook is not None and plan.runbook == back.runbook:
        yield (
            f"the same trouble came back {lasting(back.after_s)} after runbook '{back.runbook}' "
            f"was proven to have cured it in incident {back.former}"
        )


def _no_undo(plan: Plan, facts: Facts) -> Iterator[str]:
    """An undo needs no new record, but it must be the undo that was judged with its plan."""
    undos = {(a.undo, a.raw) for a in facts.undoes.actions} if facts.undoes else set()
    if any((action.script, action.raw) not in undos for action in plan.actions):
        yield "a step of the rollback was not part of the plan that was judged"
