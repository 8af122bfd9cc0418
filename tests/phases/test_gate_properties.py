"""Whatever a policy says: less may never allow more, nor may more danger (15 s)."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.phases.second_reader import SEVERE, by_the_rules
from tests.phases.situations import (
    CALLS,
    LIMITS,
    RESOURCES,
    Situation,
    a_plan,
    a_rule,
    a_situation,
    an_action,
    some_rules,
)
from tests.phases.test_decide import match
from tests.support.hand_clock import START

from vigil.domain.catalogue import Autonomy, Limits
from vigil.domain.cost import Cost, Spent
from vigil.domain.effects import Effect, EffectKind, Risk
from vigil.domain.executed import Executed
from vigil.domain.ground import Ground, Held
from vigil.domain.plan import Plan
from vigil.domain.policy import Policy
from vigil.domain.policy_mistakes import contradictions
from vigil.domain.policy_rules import DANGER_GROWS, Bound, Rule
from vigil.domain.proof import Outcome
from vigil.domain.verdict import Decision

MANY = settings(max_examples=120, deadline=None)
SOME = settings(max_examples=40, deadline=None)
CHANCE = st.integers(0, 2**32).map(Random)
ALL_RULES = [*LIMITS, "services", "verbs", "hours"]


# --- what nothing lifts ----------------------------------------------------------------------


def of_kind(found: Situation, kind: EffectKind) -> Situation:
    return found.with_effects(-1, kind=kind)


def scripted(found: Situation, **scripts: str) -> Situation:
    last = found.plan.actions[-1].model_copy(update=scripts)
    return found.with_plan(actions=(*found.plan.actions[:-1], last))


def touching(found: Situation, number: int) -> Situation:
    effects = tuple(
        Effect(kind=EffectKind.REVERSIBLE, resource=f"r{n}", reason="drawn", line=1)
        for n in range(number)
    )
    return found.with_effects(0, effects=effects)


def standing_on_all(found: Situation) -> Situation:
    """What it calls is what Vigil stands on."""
    ground = Ground(held=(Held(what="all of it", path="/srv"), Held(what="more", path="/run")))
    return found.with_effects(-1, calls=CALLS).knowing(ground=ground)


Change = Callable[[Situation], Situation]

DENIED: dict[str, Change] = {
    "stopped": lambda found: found.knowing(stopped=True),
    "observed": lambda found: found.of_service(autonomy=Autonomy.OBSERVE),
    "suggested": lambda found: found.of_service(autonomy=Autonomy.SUGGEST),
    "unknown": lambda found: of_kind(found, EffectKind.UNKNOWN),
    "destructive": lambda found: of_kind(found, EffectKind.DESTRUCTIVE),
    "not granted": lambda found: found.with_effects(-1, calls=CALLS).of_service(grants={}),
    "granted for something else": lambda found: found.with_effects(
        -1, calls=(CALLS[0].model_copy(update={"verb": "process.restart"}),)
    ),
    "too risky": lambda found: found.with_plan(declared_risk=Risk.MEDIUM).with_policy(
        ask_max_risk=Risk.LOW
    ),
    "too long": lambda found: found.with_plan(
        actions=(*found.plan.actions, found.plan.actions[0])
    ).of_service(limits=Limits(max_actions=1)),
    "a credential": lambda found: scripted(found, script="export PGPASSWORD=hunter2hunter2\n"),
    "one in an undo": lambda found: scripted(found, undo="export PGPASSWORD=hunter2hunter2\n"),
    "an undo that nobody can read": lambda found: scripted(found, undo="rm -rf /srv\n"),
    "an undo that nobody has granted": lambda found: scripted(
        found, undo="vigil-do process.stop stop web-1\n"
    ),
    "its own ground": standing_on_all,
}

ASKED: dict[str, Change] = {
    "to be approved": lambda found: found.of_service(autonomy=Autonomy.APPROVE),
    "a freeze": lambda found: found.with_policy(freeze=True),
    "a silence": lambda found: found.knowing(quiet=("web is silenced by ann",)),
    "not sure": lambda found: found.knowing(confidence=89).with_policy(auto_confidence=90),
    "it does not fit": lambda found: found.knowing(match=match(84)).with_policy(
        auto_context_match=85
    ),
    "no runbook": lambda found: found.knowing(match=None).with_policy(auto_context_match=1),
    "no proof": lambda found: found.with_plan(proving=()),
    "risky": lambda found: found.with_plan(declared_risk=Risk.MEDIUM).with_policy(
        auto_max_risk=Risk.LOW
    ),
    "risky by what it does": lambda found: of_kind(found, EffectKind.DISRUPTIVE).with_policy(
        auto_max_risk=Risk.LOW
    ),
    "no way back": lambda found: scripted(found, undo=None).with_policy(auto_max_risk=Risk.LOW),  # type: ignore[arg-type] # as a plan may be
    "a wide blast": lambda found: touching(found, 3).with_policy(auto_max_resources=2),
    "too many": lambda found: found.knowing(executed_last_hour=2).with_policy(
        max_executions_per_hour=2
    ),
    "too dear": lambda found: found.knowing(spent=(spent(tokens_in=60, tokens_out=41),)),
    "too dear a day": lambda found: found.knowing(
        spent=(spent(tokens_in=1), spent("another", "db", money=Decimal("1.6")))
    ),
    "no rules": lambda found: found.with_policy(rules=()),
}


def spent(incident: str = "inc-1", service: str = "web", **cost: Any) -> Spent:  # noqa: ANN401
    return Spent(incident=incident, service=service, cost=Cost(**cost))


@pytest.mark.parametrize("change", DENIED.values(), ids=DENIED.keys())
@SOME
@given(CHANCE)
def test_whatever_else_holds_this_is_denied(change: Change, rng: Random) -> None:
    found = a_situation(rng)
    assert change(found).verdict.decision is Decision.DENY


@pytest.mark.parametrize("change", ASKED.values(), ids=ASKED.keys())
@SOME
@given(CHANCE)
def test_whatever_else_holds_this_does_not_run_unasked(change: Change, rng: Random) -> None:
    found = a_situation(rng)
    assert change(found).verdict.decision is not Decision.ALLOW


@MANY
@given(CHANCE)
def test_the_decision_is_that_of_the_strictest_sentence(rng: Random) -> None:
    found = a_situation(rng)
    verdict = found.verdict
    words = [text.partition(":")[0] for text in verdict.rules]
    assert verdict.decision == max(words, key=lambda word: SEVERE[word])
    assert verdict.plan_digest == found.plan.digest


# --- worse is never allowed more -------------------------------------------------------------


def fewer_rules(found: Situation, rng: Random) -> Situation:
    had = found.policy.rules or ()
    allows = [rule for rule in had if rule.then == "allow"]
    assume(allows)
    gone = rng.choice(list(allows))
    return found.with_policy(rules=tuple(rule for rule in had if rule is not gone))


def one_more_no(found: Situation, rng: Random) -> Situation:
    """Wherever it is put among the others, and whatever it is about."""
    had = found.policy.rules
    assume(had is not None)
    raw = a_rule(rng, 9, rng.sample(ALL_RULES, k=rng.choice([0, 1, 2])))
    assume(raw["then"] != "allow")
    place = rng.randint(0, len(had or ()))
    listed = list(had or ())
    return found.with_policy(rules=(*listed[:place], Rule.model_validate(raw), *listed[place:]))


def fewer_grants(found: Situation, rng: Random) -> Situation:
    grants = dict(found.facts.service.grants)
    del grants[rng.choice(sorted(grants))]
    return found.of_service(grants=grants)


def riskier(found: Situation, rng: Random) -> Situation:
    risk = rng.choice(list(Risk))
    worse = max(found.plan.declared_risk, risk, key=lambda each: each.rank)
    return found.with_plan(declared_risk=worse)


def worse_effects(found: Situation, rng: Random) -> Situation:
    nth = rng.randint(0, len(found.plan.actions) - 1)
    kinds = (found.plan.actions[nth].effects.kind, rng.choice(list(EffectKind)))
    return found.with_effects(nth, kind=max(kinds, key=lambda each: each.rank))


def touching_more(found: Situation, rng: Random) -> Situation:
    nth = rng.randint(0, len(found.plan.actions) - 1)
    effects = found.plan.actions[nth].effects
    kind, resource = EffectKind.REVERSIBLE, rng.choice(list(RESOURCES))
    return found.with_effects(
        nth,
        effects=(*effects.effects, Effect(kind=kind, resource=resource, reason="drawn", line=2)),
        kind=max(effects.kind, kind, key=lambda each: each.rank),
    )


def calling_more(found: Situation, rng: Random) -> Situation:
    nth = rng.randint(0, len(found.plan.actions) - 1)
    calls = found.plan.actions[nth].effects.calls
    return found.with_effects(nth, calls=(*calls, rng.choice(list(CALLS))))


def longer(found: Situation, rng: Random) -> Situation:
    return found.with_plan(actions=(*found.plan.actions, an_action(rng, "action-9")))


def less_sure(found: Situation, rng: Random) -> Situation:
    less = rng.choice([1, 5, 40])
    return found.knowing(confidence=max(0, found.facts.confidence - less))


def fitting_less(found: Situation, rng: Random) -> Situation:
    less = rng.choice([1, 5, 40])
    return found.knowing(match=match(max(0, found.facts.context_match - less)))


def executed_more(found: Situation, rng: Random) -> Situation:
    """Just now, by whichever rule; how it came out nobody knows yet."""
    facts = found.facts
    newest = Executed(
        incident="just now",
        service=rng.choice(["web", "db"]),
        at=max([facts.at or START, *(each.at for each in facts.executed)]),
        policy_rules=tuple(rng.sample(["r0", "r1"], k=rng.choice([0, 1, 2]))),
    )
    return found.knowing(
        executed=(newest, *facts.executed), executed_last_hour=facts.executed_last_hour + 1
    )


def failing_more(found: Situation, rng: Random) -> Situation:
    """The newest came out badly after all."""
    assume(found.facts.executed)
    newest, *others = found.facts.executed
    outcome = rng.choice([Outcome.NOT_FIXED, Outcome.REGRESSED])
    failed = newest.model_copy(update={"outcome": outcome, "interrupted": False})
    return found.knowing(executed=(failed, *others))


def never_reset(found: Situation, _: Random) -> Situation:
    return found.knowing(
        executed=tuple(each.model_copy(update={"resets": ()}) for each in found.facts.executed)
    )


def spending_more(found: Situation, rng: Random) -> Situation:
    more = spent(rng.choice(["inc-1", "another"]), tokens_out=70)
    return found.knowing(spent=(*found.facts.spent, more))


def without_a_clock(found: Situation, _: Random) -> Situation:
    return found.knowing(at=None)


def stricter(found: Situation, rng: Random) -> Situation:
    policy = found.policy
    return found.with_policy(
        auto_confidence=max(policy.auto_confidence, rng.choice([0, 90, 96])),
        auto_context_match=max(policy.auto_context_match, rng.choice([0, 85, 96])),
        auto_max_resources=min(policy.auto_max_resources, rng.randint(0, 3)),
        max_executions_per_hour=min(policy.max_executions_per_hour, rng.randint(0, 3)),
        auto_max_risk=min(policy.auto_max_risk, Risk.LOW, key=lambda each: each.rank),
    )


def breaking_earlier(found: Situation, _: Random) -> Situation:
    """Each allow has a breaker that is at one."""
    assume(found.policy.rules)
    return found.with_policy(
        rules=tuple(
            rule.model_copy(update={"most_per_hour": 1}) if rule.then == "allow" else rule
            for rule in found.policy.rules or ()
        )
    )


WORSE = (
    *(fewer_rules, one_more_no, fewer_grants, riskier, worse_effects, touching_more),
    *(calling_more, longer, less_sure, fitting_less, executed_more, failing_more),
    *(never_reset, spending_more, without_a_clock, stricter, breaking_earlier),
)


@pytest.mark.parametrize("change", WORSE, ids=lambda change: change.__name__)
@MANY
@given(CHANCE)
def test_it_is_never_allowed_more(
    change: Callable[[Situation, Random], Situation],
    rng: Random,
) -> None:
    found = a_situation(rng)
    assert change(found, rng).strictness >= found.strictness, found.told


# --- the rules -------------------------------------------------------------------------------


@settings(max_examples=600, deadline=None)
@given(CHANCE)
def test_the_rules_say_what_a_second_reader_finds_in_them(rng: Random) -> None:
    found = a_situation(rng)
    assume(found.policy.rules is not None)
    alone = found.with_policy(rules=None).verdict
    expected, named = by_the_rules(found)
    assert found.verdict.decision == max(alone.decision, expected, key=lambda each: SEVERE[each])
    assert set(found.verdict.policy_rules) == named


@MANY
@given(CHANCE)
def test_nothing_is_read_after_an_allow_that_fits_everything(rng: Random) -> None:
    everything = Rule.model_validate({"id": "all", "then": "allow", "because": "Anything."})
    later = (Rule.model_validate({**each, "id": f"later-{each['id']}"}) for each in some_rules(rng))
    found = a_situation(rng).knowing(executed=())
    before = (*(found.policy.rules or ()), everything)
    assert (
        found.with_policy(rules=(*before, *later)).verdict
        == found.with_policy(rules=before).verdict
    )


@settings(max_examples=150, deadline=None)
@given(CHANCE)
def test_a_rule_that_is_called_in_vain_changes_no_decision(rng: Random) -> None:
    """Where none has been executed, as a breaker lets what is below count, and the time is known.

    Without it an allow by the clock does not fire, and what is below it does.
    """
    drawn: tuple[Rule, ...] = ()
    in_vain: list[int] = []
    while not in_vain:
        drawn = tuple(Rule.model_validate(each) for each in some_rules(rng))
        in_vain = [
            place[1]
            for place, text in contradictions(tuple(enumerate(drawn)))
            if "in vain" in text and isinstance(place[1], int)
        ]
    for found in (a_situation(rng).knowing(executed=(), quiet=(), spent=()) for _ in range(3)):
        assume(found.facts.at is not None)
        for number in in_vain:
            fewer = (*drawn[:number], *drawn[number + 1 :])
            decided = [found.with_policy(rules=each).verdict.decision for each in (drawn, fewer)]
            assert decided[0] is decided[1], found.with_policy(rules=drawn).told


@MANY
@given(CHANCE)
def test_a_policy_with_contradictions_is_refused_and_any_other_is_loaded(rng: Random) -> None:
    raw = some_rules(rng)
    drawn = tuple(Rule.model_validate(each) for each in raw)
    if list(contradictions(tuple(enumerate(drawn)))):
        with pytest.raises(ValidationError):
            Policy.model_validate({"rules": raw})
    else:
        assert Policy.model_validate({"rules": raw}).rules == drawn


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("then", ["allow", "ask", "deny"])
def test_a_limit_the_wrong_way_round_is_refused(name: str, then: str) -> None:
    """One by which a plan would be allowed more because it is worse."""
    right = "at_most" if (then == "allow") == (name in DANGER_GROWS) else "at_least"
    wrong = {"at_most": "at_least", "at_least": "at_most"}[right]
    for side, loads in ((right, True), (wrong, False)):
        when = {name: {side: LIMITS[name][1]}}
        raw = {"id": "a", "then": then, "because": "Why not.", "when": when}
        if loads:
            assert Policy.model_validate({"rules": [raw]}).rules
        else:
            with pytest.raises(ValidationError, match="turn it round"):
                Policy.model_validate({"rules": [raw]})


@given(st.integers(0, 9), st.integers(0, 9))
def test_a_limit_counts_itself_in(limit: int, found: int) -> None:
    assert Bound[int](at_least=limit).holds(found) is (found >= limit)
    assert Bound[int](at_most=limit).holds(found) is (found <= limit)


# --- one changed byte ------------------------------------------------------------------------


@MANY
@given(CHANCE)
def test_one_changed_letter_of_a_plan_is_another_plan(rng: Random) -> None:
    """Wherever in it: in a script, an effect, a title, a probe that proves it."""
    planned = a_plan(rng)
    text = planned.model_dump_json()
    place = rng.randint(0, len(text) - 1)
    letter = rng.choice("abcxyz0189")
    assume(text[place].isalnum() and text[place] != letter)
    try:
        other = Plan.model_validate_json(text[:place] + letter + text[place + 1 :])
    except ValidationError:
        return  # no plan at all any more
    assert other == planned or other.digest != planned.digest


# --- whether there was anything to see -------------------------------------------------------


def test_enough_of_what_is_made_is_allowed_and_enough_is_not() -> None:
    """Or nothing above could fail."""
    found = [
        a_situation(Random(number)).verdict.decision  # noqa: S311 - nothing is kept secret by it
        for number in range(600)
    ]
    for decision in Decision:
        assert found.count(decision) > 60, Counter(found)
