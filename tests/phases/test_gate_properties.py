"""Whatever a policy says: less may never allow more, nor may more danger (10 s)."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.phases.test_decide import GOOD, match, service
from tests.phases.values import plan
from tests.support.hand_clock import START
from tests.support.world import catalogue

from vigil.decide.gate import STRICTNESS, Facts, judge
from vigil.domain.catalogue import Processes
from vigil.domain.effects import Call, Effect, EffectKind, Effects, Risk
from vigil.domain.executed import Executed
from vigil.domain.plan import Action, Plan
from vigil.domain.policy import Policy
from vigil.domain.policy_rules import DANGER_GROWS
from vigil.domain.proof import Outcome

CATALOGUE = catalogue()
WEBS = Processes(supervisor="unix:///s.sock", names=("web-1", "web-2"))
KINDS = st.sampled_from(EffectKind)
# Most of what is drawn would be allowed, or nothing could be allowed more or less.
MILD = st.sampled_from([EffectKind.READ, EffectKind.REVERSIBLE, EffectKind.DISRUPTIVE])
CALLS = {
    "release": Call(verb="release.switch", grant="release", arguments=("sha256:1",)),
    "process": Call(verb="process.restart", grant="restart", arguments=("web-1",)),
}
RESOURCES = ("release:release", "process:restart/web-1", "process:restart/web-2", "file:/x", "?")


@st.composite
def actions(draw: st.DrawFn, name: str = "action-1") -> Action:
    touched = draw(st.lists(st.tuples(MILD, st.sampled_from(RESOURCES)), min_size=1, max_size=2))
    effects = tuple(
        Effect(kind=kind, resource=resource, reason="drawn", line=1) for kind, resource in touched
    )
    worst = max((each.kind for each in effects), key=lambda kind: kind.rank)
    calls = tuple(draw(st.lists(st.sampled_from(list(CALLS.values())), max_size=1)))
    return Action(
        id=name,
        title=name,
        script="true",
        grants=tuple({call.grant for call in calls}),
        effects=Effects(kind=worst, effects=effects, calls=calls),
        undo=draw(st.sampled_from(["true", None])),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    number = draw(st.integers(1, 2))
    drawn = (draw(actions(f"action-{nth}")) for nth in range(1, number + 1))
    return plan(CATALOGUE, *drawn).model_copy(
        update={"declared_risk": draw(st.sampled_from([Risk.LOW, Risk.MEDIUM]))}
    )


ANY_OF = {
    "services": ("web", "db"),
    "verbs": ("release.*", "process.restart"),
    "resources": ("release:*", "process:*"),
}
LIMITS: dict[str, tuple[Any, ...]] = {
    "effects": tuple(EffectKind),
    "risk": tuple(Risk),
    "resource_count": (0, 1, 2, 3),
    "share_of_instances": (0, 50, 100),
    "executed_in_all": (0, 1, 2),
    "executed_on_service": (0, 1, 2),
    "confidence": (50, 90, 95),
    "context_match": (50, 85, 95),
}


@st.composite
def rules(draw: st.DrawFn, number: int, names: list[str]) -> dict[str, Any]:
    then = draw(st.sampled_from(["allow", "allow", "ask", "deny"]))
    when: dict[str, Any] = {}
    for name in (name for name in names if draw(st.integers(0, 3))):
        if name in ANY_OF:
            when[name] = [draw(st.sampled_from(ANY_OF[name]))]
        else:
            side = "at_most" if (then == "allow") == (name in DANGER_GROWS) else "at_least"
            when[name] = {side: draw(st.sampled_from(LIMITS[name]))}
    most = {"most_per_hour": 1} if then == "allow" and draw(st.booleans()) else {}
    return {"id": f"r{number}", "when": when, "then": then, "because": "Drawn.", **most}


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    # Few conditions, and the same ones in all rules, so that rules overlap.
    names = draw(st.lists(st.sampled_from([*ANY_OF, *LIMITS]), min_size=1, max_size=2, unique=True))
    drawn = [draw(rules(number, names)) for number in range(draw(st.integers(0, 3)))]
    limits = {
        "auto_confidence": 0,
        "auto_context_match": 0,
        "auto_max_risk": "HIGH",
        "auto_max_resources": 99,
    }
    try:
        return Policy.model_validate({"rules": drawn, **limits})
    except ValidationError:
        assume(condition=False)
        raise


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    lately = Executed(
        incident="i",
        service=draw(st.sampled_from(["web", "db"])),
        at=START,
        runbook=draw(st.sampled_from(["bad-release", None])),
        policy_rules=("r0", "r1"),
        outcome=draw(st.sampled_from([*Outcome, None])),
    )
    return replace(
        GOOD,
        at=START,
        confidence=draw(st.sampled_from([50, 90, 99])),
        match=match(draw(st.sampled_from([50, 90, 99]))),
        service=service(processes=WEBS),
        executed_last_hour=draw(st.integers(0, 2)),
        executed=(lately,) * draw(st.sampled_from([0, 0, 0, 1])),
    )


def strictness(planned: Plan, policy: Policy, known: Facts) -> int:
    return STRICTNESS.index(judge(planned, policy, known).decision)


MANY = settings(max_examples=100, deadline=None)


@MANY
@given(plans(), policies(), facts(), st.data())
def test_without_a_rule_that_allows_no_more_is_allowed(
    planned: Plan, policy: Policy, known: Facts, data: st.DataObject
) -> None:
    had = policy.rules or ()
    allows = [rule for rule in had if rule.then == "allow"]
    assume(allows)
    gone = data.draw(st.sampled_from(allows))
    fewer = tuple(rule for rule in had if rule is not gone)
    less = policy.model_copy(update={"rules": fewer})
    assert strictness(planned, less, known) >= strictness(planned, policy, known)


@MANY
@given(plans(), policies(), facts())
def test_rules_never_allow_what_is_not_allowed_without_them(
    planned: Plan, policy: Policy, known: Facts
) -> None:
    none = policy.model_copy(update={"rules": None})
    assert strictness(planned, policy, known) >= strictness(planned, none, known)


@MANY
@given(plans(), policies(), facts(), st.sampled_from(list(GOOD.service.grants)))
def test_without_a_grant_no_more_is_allowed(
    planned: Plan, policy: Policy, known: Facts, grant: str
) -> None:
    grants = {name: each for name, each in known.service.grants.items() if name != grant}
    poorer = replace(known, service=known.service.model_copy(update={"grants": grants}))
    assert strictness(planned, policy, poorer) >= strictness(planned, policy, known)


@MANY
@given(plans(), policies(), facts(), st.sampled_from(Risk))
def test_a_higher_risk_is_never_allowed_more(
    planned: Plan, policy: Policy, known: Facts, risk: Risk
) -> None:
    worse = max(planned.declared_risk, risk, key=lambda each: each.rank)
    riskier = planned.model_copy(update={"declared_risk": worse})
    assert strictness(riskier, policy, known) >= strictness(planned, policy, known)


@MANY
@given(plans(), policies(), facts(), KINDS, st.data())
def test_worse_effects_are_never_allowed_more(
    planned: Plan, policy: Policy, known: Facts, kind: EffectKind, data: st.DataObject
) -> None:
    nth = data.draw(st.integers(0, len(planned.actions) - 1))
    effects = planned.actions[nth].effects
    worst = max(effects.kind, kind, key=lambda each: each.rank)
    worse = with_effects(planned, nth, effects.model_copy(update={"kind": worst}))
    assert strictness(worse, policy, known) >= strictness(planned, policy, known)


@MANY
@given(plans(), policies(), facts(), st.sampled_from(RESOURCES), st.data())
def test_more_resources_and_calls_are_never_allowed_more(
    planned: Plan, policy: Policy, known: Facts, resource: str, data: st.DataObject
) -> None:
    nth = data.draw(st.integers(0, len(planned.actions) - 1))
    effects = planned.actions[nth].effects
    further = Effect(kind=EffectKind.REVERSIBLE, resource=resource, reason="drawn", line=2)
    more = effects.model_copy(
        update={
            "effects": (*effects.effects, further),
            "kind": max(effects.kind, further.kind, key=lambda each: each.rank),
            "calls": (*effects.calls, *data.draw(st.lists(st.sampled_from(list(CALLS.values()))))),
        }
    )
    wider = with_effects(planned, nth, more)
    assert strictness(wider, policy, known) >= strictness(planned, policy, known)


@MANY
@given(plans(), policies(), facts(), actions("action-9"))
def test_a_further_action_is_never_allowed_more(
    planned: Plan, policy: Policy, known: Facts, further: Action
) -> None:
    longer = planned.model_copy(update={"actions": (*planned.actions, further)})
    assert strictness(longer, policy, known) >= strictness(planned, policy, known)


@MANY
@given(plans(), policies(), facts(), st.integers(0, 3))
def test_less_confidence_and_more_executions_are_never_allowed_more(
    planned: Plan, policy: Policy, known: Facts, more: int
) -> None:
    worse = replace(
        known,
        confidence=max(0, known.confidence - 20 * more),
        match=match(max(0, known.context_match - 20 * more)),
        executed_last_hour=known.executed_last_hour + more,
        executed=known.executed + known.executed[:1] * more,
    )
    assert strictness(planned, policy, worse) >= strictness(planned, policy, known)


@given(plans(), st.data())
def test_one_changed_letter_of_a_plan_is_another_plan(planned: Plan, data: st.DataObject) -> None:
    """Wherever in it: in a script, an effect, a title, a probe that proves it."""
    text = planned.model_dump_json()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("abcxyz0189"))
    assume(text[place].isalnum() and text[place] != letter)
    try:
        other = Plan.model_validate_json(text[:place] + letter + text[place + 1 :])
    except ValidationError:
        return  # no plan at all any more
    assert other == planned or other.digest != planned.digest


def with_effects(planned: Plan, nth: int, effects: Effects) -> Plan:
    changed = planned.actions[nth].model_copy(update={"effects": effects})
    before, after = planned.actions[:nth], planned.actions[nth + 1 :]
    return planned.model_copy(update={"actions": (*before, changed, *after)})
