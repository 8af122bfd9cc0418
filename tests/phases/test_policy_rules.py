"""The rules of policy.yaml: when each condition fits, and what comes of all of them (2 s)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.phases.test_decide import GOOD, match, service, undo_of
from tests.phases.values import RESTART, SWITCH_BACK, SWITCH_FORTH, action, plan
from tests.support.hand_clock import START
from tests.support.world import catalogue

from vigil.decide.gate import Facts, judge
from vigil.domain.catalogue import Autonomy, Environment, Processes
from vigil.domain.effects import EffectKind, Risk
from vigil.domain.executed import Executed
from vigil.domain.plan import Action, Plan
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.verdict import Decision, Verdict

CATALOGUE = catalogue()
SWITCH = action()
RESTARTING = action(RESTART, None)
REMEDY = plan(CATALOGUE)
FACTS = replace(GOOD, at=START)
"""A Sunday in March, at noon in UTC."""


def rule(then: str, name: str | None = None, **written: Any) -> dict[str, Any]:  # noqa: ANN401
    about = {key: written.pop(key) for key in ("most_per_hour",) if key in written}
    return {"id": name or then, "then": then, "because": "So it is.", "when": written, **about}


def policy(*rules: dict[str, Any], **limits: Any) -> Policy:  # noqa: ANN401
    return Policy.model_validate({"rules": rules, **limits})


def verdict(*rules: dict[str, Any], planned: Plan = REMEDY, facts: Facts = FACTS) -> Verdict:
    return judge(planned, policy(*rules), facts)


def changed(**update: object) -> Plan:
    return REMEDY.model_copy(update=update)


def of_kind(kind: EffectKind) -> Action:
    return SWITCH.model_copy(update={"effects": SWITCH.effects.model_copy(update={"kind": kind})})


# --- when a rule fits ------------------------------------------------------------------------

INSTANCES = Processes(supervisor="unix:///s.sock", names=("web-1", "web-2", "web-3"))
THREE = replace(FACTS, service=service(processes=INSTANCES))
FOUR = INSTANCES.model_copy(update={"names": ("web-1", "a", "b", "c")})
BEFORE = (Executed(incident="i", service="web", at=START),)
ELSEWHERE = (Executed(incident="i", service="db", at=START),)
LONG_BEFORE = (Executed(incident="i", service="web", at=START - timedelta(hours=1)),)
ANOTHER_CALL = RESTARTING.effects.calls[0].model_copy(update={"verb": "queue.pause"})
CALLED_ALIKE = RESTARTING.model_copy(
    update={"effects": RESTARTING.effects.model_copy(update={"calls": (ANOTHER_CALL,)})}
)
"""What it pauses has the name of a process."""
AT_NIGHT = replace(FACTS, at=START + timedelta(hours=12))


@pytest.mark.parametrize(
    ("when", "fits", "not_fits"),
    [
        ({"services": ["db", "we?"]}, {}, {"planned": changed(service="wide")}),
        (
            {"teams": ["pay*"]},
            {"facts": replace(FACTS, service=service(team="payments"))},
            {"facts": replace(FACTS, service=service(team="search"))},
        ),
        (
            {"environments": ["lab"]},
            {"facts": replace(FACTS, environment=Environment.LAB)},
            {"facts": FACTS},
        ),
        ({"failure_types": ["bad_*"]}, {}, {"planned": changed(failure_type="hung_worker")}),
        (
            {"autonomy": ["approve"]},
            {"facts": replace(FACTS, service=service(autonomy=Autonomy.APPROVE))},
            {"facts": FACTS},
        ),
        ({"verbs": ["release.*"]}, {}, {"planned": plan(CATALOGUE, RESTARTING)}),
        ({"resources": ["release:release"]}, {}, {"planned": plan(CATALOGUE, RESTARTING)}),
        ({"hours": [{"days": ["sun"], "zone": "UTC"}]}, {}, {"facts": AT_NIGHT}),
        (
            {"dates": [{"from": "2026-03-01", "until": "2026-03-02", "zone": "UTC"}]},
            {},
            {"facts": AT_NIGHT},
        ),
        (
            {"effects": {"at_least": "disruptive"}},
            {"planned": plan(CATALOGUE, of_kind(EffectKind.DISRUPTIVE))},
            {"planned": plan(CATALOGUE, of_kind(EffectKind.REVERSIBLE))},
        ),
        ({"risk": {"at_least": "MEDIUM"}}, {"planned": changed(declared_risk=Risk.MEDIUM)}, {}),
        (
            {"confidence": {"at_most": 94}},
            {"facts": replace(FACTS, confidence=94)},
            {"facts": replace(FACTS, confidence=95)},
        ),
        (
            {"context_match": {"at_most": 90}},
            {"facts": replace(FACTS, match=match(90))},
            {"facts": replace(FACTS, match=match(91))},
        ),
        (
            {"resource_count": {"at_least": 2}},
            {"planned": plan(CATALOGUE, SWITCH, RESTARTING.model_copy(update={"id": "action-2"}))},
            {},
        ),
        (
            {"share_of_instances": {"at_least": 35}},
            {"planned": REMEDY, "facts": THREE},  # it names none, so it may mean all
            {"planned": plan(CATALOGUE, RESTARTING), "facts": THREE},
        ),
        (
            {"share_of_instances": {"at_least": 34}},
            {"planned": plan(CATALOGUE, RESTARTING), "facts": THREE},
            {
                "planned": plan(CATALOGUE, RESTARTING),
                "facts": replace(THREE, service=service(processes=FOUR)),
            },
        ),
        (
            {"share_of_instances": {"at_least": 100}},
            {"planned": plan(CATALOGUE, CALLED_ALIKE), "facts": THREE},
            {"planned": plan(CATALOGUE, RESTARTING), "facts": THREE},
        ),
        (
            {"executed_in_all": {"at_least": 3}},
            {"facts": replace(FACTS, executed=BEFORE * 3)},
            {"facts": replace(FACTS, executed=BEFORE * 2 + LONG_BEFORE * 2)},
        ),
        (
            {"executed_on_service": {"at_least": 1}},
            {"facts": replace(FACTS, executed=BEFORE)},
            {"facts": replace(FACTS, executed=ELSEWHERE + LONG_BEFORE)},
        ),
    ],
)
def test_each_condition_fits_what_it_says_and_nothing_else(
    when: dict[str, Any], fits: dict[str, Any], not_fits: dict[str, Any]
) -> None:
    denied = rule("deny", **when)
    assert verdict(denied, **fits).policy_rules == ("deny",)
    assert verdict(denied, **fits).decision is Decision.DENY
    without = verdict(denied, **not_fits)
    assert without.policy_rules == ()
    assert without.decision is Decision.ASK, "there are rules, and none fits"
    assert f"ask: no rule of the policy fits {REMEDY.actions[0].id}" in without.rules


def test_conditions_of_a_rule_hold_together() -> None:
    both = rule("deny", services=["web"], verbs=["process.*"])
    assert verdict(both).policy_rules == ()
    assert verdict(both, planned=plan(CATALOGUE, RESTARTING)).policy_rules == ("deny",)


@pytest.mark.parametrize("kind", ["verbs", "resources"])
def test_an_allow_knows_everything_that_is_touched_and_the_others_one_thing(kind: str) -> None:
    """One action does two things, and the rules name one of them."""
    planned = plan(CATALOGUE, action(SWITCH_BACK + RESTART, None))
    named: Any = {"verbs": ["release.switch"], "resources": ["release:*"]}[kind]
    assert verdict(rule("deny", None, **{kind: named}), planned=planned).policy_rules == ("deny",)
    assert verdict(rule("allow", None, **{kind: named}), planned=planned).policy_rules == ()
    all_of_it: Any = {"verbs": ["*.*"], "resources": ["release:*", "process:restart/web-?"]}[kind]
    assert verdict(rule("allow", None, **{kind: all_of_it}), planned=planned).policy_rules == (
        "allow",
    )


@pytest.mark.parametrize("when", [
    {"hours": [{"zone": "UTC"}]},
    {"dates": [{"from": "2000-01-01", "until": "3000-01-01", "zone": "UTC"}]},
])  # fmt: skip
def test_where_nobody_knows_the_time_it_is_on_the_safe_side(when: dict[str, Any]) -> None:
    timeless = replace(FACTS, at=None)
    assert verdict(rule("allow", **when)).decision is Decision.ALLOW
    assert verdict(rule("allow", **when), facts=timeless).decision is Decision.ASK
    assert verdict(rule("deny", **when), facts=timeless).decision is Decision.DENY


# --- what comes of all of them ---------------------------------------------------------------


def test_without_rules_nothing_is_asked_that_was_not_asked_before() -> None:
    unruled = Policy()
    assert judge(REMEDY, unruled, FACTS).policy_rules == ()
    failed = Executed(
        incident="i", service="web", at=START, runbook="bad-release", outcome=Outcome.NOT_FIXED
    )
    judged = judge(REMEDY, unruled, replace(FACTS, executed=(failed,)))
    assert judged.decision is Decision.ALLOW


def test_with_a_list_of_no_rules_everything_is_asked() -> None:
    """Taking the last rule away must not be the same as never having had rules."""
    assert verdict().decision is Decision.ASK


@pytest.mark.parametrize(
    ("rules", "decision", "fired"),
    [
        ([rule("allow")], "allow", ("allow",)),
        ([rule("ask"), rule("deny")], "deny", ("ask", "deny")),
        ([rule("deny", "no", services=["db"]), rule("allow")], "allow", ("allow",)),
        # An ask counts although an allow comes later; what comes after an allow is not read.
        ([rule("ask", verbs=["*"]), rule("allow")], "ask", ("ask", "allow")),
        ([rule("allow", services=["web"]), rule("deny")], "allow", ("allow",)),
        (
            [rule("ask", verbs=["*"]), rule("allow", services=["web"]), rule("deny")],
            "ask",
            ("ask", "allow"),
        ),
    ],
)
def test_rules_are_read_up_to_the_first_allow_and_the_strictest_counts(
    rules: list[dict[str, Any]], decision: str, fired: tuple[str, ...]
) -> None:
    found = verdict(*rules)
    assert (found.decision, found.policy_rules) == (decision, fired)


def test_each_action_is_read_for_itself_and_the_plan_gets_the_strictest() -> None:
    second = RESTARTING.model_copy(update={"id": "action-2"})
    rules = rule("allow", "back", verbs=["release.*"]), rule("deny", "up", verbs=["process.*"])
    found = verdict(*rules, planned=plan(CATALOGUE, SWITCH, second))
    assert found.decision is Decision.DENY
    assert found.rules == (
        "allow: rule 'back' on action-1: So it is",
        "deny: rule 'up' on action-2: So it is",
    )
    found = verdict(rules[0], planned=plan(CATALOGUE, SWITCH, second))
    assert (found.decision, found.rules[-1]) == (
        "ask",
        "ask: no rule of the policy fits action-2",
    )


def test_an_allow_is_told_beside_what_the_thresholds_say() -> None:
    first, second = verdict(rule("allow")).rules
    assert first.startswith("allow: confidence 95 >= 90")
    assert second == "allow: rule 'allow' on action-1: So it is"


@pytest.mark.parametrize(
    ("planned", "facts", "decision"),
    [
        (REMEDY, replace(FACTS, confidence=89), "ask"),
        (REMEDY, replace(FACTS, match=match(84)), "ask"),
        (REMEDY, replace(FACTS, service=service(autonomy=Autonomy.APPROVE)), "ask"),
        (REMEDY, replace(FACTS, service=service(autonomy=Autonomy.OBSERVE)), "deny"),
        (REMEDY, replace(FACTS, service=service(grants={})), "deny"),
        (REMEDY, replace(FACTS, stopped=True), "deny"),
        (REMEDY, replace(FACTS, executed_last_hour=10), "ask"),
        (changed(declared_risk=Risk.HIGH), FACTS, "ask"),
        (changed(proving=()), FACTS, "ask"),
        (plan(CATALOGUE, action("reboot\n", SWITCH_FORTH)), FACTS, "deny"),
    ],
)
def test_no_rule_allows_what_is_asked_or_denied_without_it(
    planned: Plan, facts: Facts, decision: str
) -> None:
    assert verdict(rule("allow"), planned=planned, facts=facts).decision == decision


def test_the_undo_of_a_plan_was_judged_with_it_and_needs_no_rule() -> None:
    facts = replace(FACTS, confidence=0, match=None, undoes=REMEDY)
    assert verdict(rule("deny"), planned=undo_of(REMEDY), facts=facts).decision is Decision.ALLOW


# --- breakers --------------------------------------------------------------------------------


def ran(outcome: Outcome | None, minutes: float = 10, **about: Any) -> Executed:  # noqa: ANN401
    return Executed(
        incident="inc-9",
        service="db",
        at=START - timedelta(minutes=minutes),
        outcome=outcome,
        **about,
    )


UNDER: dict[str, Any] = {"policy_rules": ("other", "allow")}
SAME: dict[str, Any] = {"runbook": "bad-release"}


@pytest.mark.parametrize("about", [UNDER, SAME], ids=["rule", "runbook"])
@pytest.mark.parametrize(
    ("outcomes", "decision"),
    [
        ([], "allow"),
        ([None], "allow"),
        ([Outcome.VERIFIED], "allow"),
        ([Outcome.NOT_EXECUTED], "allow"),
        ([Outcome.NOT_FIXED], "ask"),
        ([Outcome.REGRESSED], "ask"),
        ([None, Outcome.REGRESSED], "ask"),
        ([Outcome.VERIFIED, Outcome.REGRESSED], "allow"),
        ([Outcome.NOT_FIXED, Outcome.VERIFIED], "ask"),
        ([Outcome.NOT_EXECUTED, Outcome.REGRESSED], "ask"),
        ([Outcome.NOTHING_TO_CHECK, Outcome.NOT_FIXED], "ask"),
        ([Outcome.FALSE_ALARM, Outcome.NOT_FIXED, Outcome.VERIFIED], "ask"),
    ],
)
def test_a_failed_proof_trips_the_breaker_until_one_comes_out_well(
    about: dict[str, Any], outcomes: list[Outcome | None], decision: str
) -> None:
    facts = replace(FACTS, executed=tuple(ran(each, **about) for each in outcomes))
    assert verdict(rule("allow"), facts=facts).decision == decision


def test_a_breaker_says_what_tripped_it_and_until_when() -> None:
    facts = replace(FACTS, executed=(ran(Outcome.REGRESSED, **UNDER),))
    assert verdict(rule("allow"), facts=facts).rules[-1] == (
        "ask: the last plan of rule 'allow' was regressed in incident inc-9; its breaker is "
        "tripped until 2026-03-01 12:50:00 UTC, or until a plan that a person approves is proven"
    )


@pytest.mark.parametrize(("minutes", "decision"), [(59, "ask"), (60, "allow")])
def test_a_breaker_that_has_rested_long_enough_is_closed(minutes: float, decision: str) -> None:
    facts = replace(FACTS, executed=(ran(Outcome.NOT_FIXED, minutes, **UNDER),))
    assert verdict(rule("allow"), facts=facts).decision == decision


def test_what_other_rules_and_runbooks_did_trips_nothing_here() -> None:
    elsewhere = ran(Outcome.REGRESSED, policy_rules=("other",), runbook="restart-worker")
    facts = replace(FACTS, executed=(elsewhere,))
    assert verdict(rule("allow"), facts=facts).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("minutes", "decision"), [([10, 20], "ask"), ([10, 60], "allow"), ([10], "allow")]
)
def test_a_rule_lets_so_many_plans_through_within_an_hour(
    minutes: list[float], decision: str
) -> None:
    facts = replace(FACTS, executed=tuple(ran(Outcome.VERIFIED, m, **UNDER) for m in minutes))
    found = verdict(rule("allow", most_per_hour=2), facts=facts)
    assert found.decision == decision
    told = "ask: rule 'allow' let 2 plans through in the last hour, its breaker is at 2"
    assert (told in found.rules) is (decision == "ask")


def test_a_rule_that_rests_is_as_if_it_were_not_there() -> None:
    """What comes below it is read; of what is allowed all the same nobody needs to hear of it."""
    facts = replace(FACTS, executed=(ran(Outcome.VERIFIED, **UNDER),))
    rests = rule("allow", most_per_hour=1, verbs=["release.*"])
    wide = rule("allow", "wide", services=["web"])
    found = verdict(rests, wide, facts=facts)
    assert (found.decision, found.policy_rules) == ("allow", ("wide",))
    look = rule("ask", "look", resources=["release:*"])
    found = verdict(rests, look, wide, facts=facts)
    assert (found.decision, found.policy_rules) == ("ask", ("look", "wide"))
    found = verdict(rests, rule("deny", "never"), facts=facts)
    assert (found.decision, found.policy_rules) == ("deny", ("never", "allow"))
    found = verdict(rests, facts=facts)
    assert (found.decision, found.policy_rules) == ("ask", ("allow",))


def test_the_breaker_of_a_runbook_asks_whatever_rule_allows() -> None:
    facts = replace(FACTS, executed=(ran(Outcome.REGRESSED, **UNDER, **SAME),))
    narrow = rule("allow", verbs=["release.*"])
    found = verdict(narrow, rule("allow", "wide", services=["web"]), facts=facts)
    assert found.decision is Decision.ASK
    assert any("last plan of runbook 'bad-release' was regressed" in text for text in found.rules)


def proven(minutes: float) -> dict[str, Any]:
    return {"proven_at": START - timedelta(minutes=minutes)}


@pytest.mark.parametrize("about", [UNDER, SAME], ids=["rule", "runbook"])
def test_a_failure_after_a_reset_trips_it_although_that_plan_began_before(
    about: dict[str, Any],
) -> None:
    both = ("rule:allow", "runbook:bad-release")
    reset = ran(Outcome.NOT_FIXED, 20, **about, **proven(15), resets=both)
    late = ran(Outcome.REGRESSED, 30, **about, **proven(5))
    assert verdict(rule("allow"), facts=replace(FACTS, executed=(reset,))).decision == "allow"
    assert verdict(rule("allow"), facts=replace(FACTS, executed=(reset, late))).decision == "ask"
    known = ran(Outcome.REGRESSED, 30, **about, **proven(16))
    assert verdict(rule("allow"), facts=replace(FACTS, executed=(reset, known))).decision == "allow"


@pytest.mark.parametrize(("minutes", "decision"), [(5, "ask"), (16, "allow")])
def test_the_newest_proof_counts_and_not_the_newest_plan(minutes: float, decision: str) -> None:
    well = ran(Outcome.VERIFIED, 20, **UNDER, **proven(15))
    badly = ran(Outcome.REGRESSED, 30, **UNDER, **proven(minutes))
    facts = replace(FACTS, executed=(well, badly))
    assert verdict(rule("allow"), facts=facts).decision == decision


@pytest.mark.parametrize(("minutes", "decision"), [(59, "ask"), (60, "allow")])
def test_a_breaker_rests_from_the_proof_on(minutes: float, decision: str) -> None:
    failed = ran(Outcome.NOT_FIXED, 90, **UNDER, **proven(minutes))
    assert verdict(rule("allow"), facts=replace(FACTS, executed=(failed,))).decision == decision


@pytest.mark.parametrize(
    ("outcome", "alone"), [(Outcome.VERIFIED, "allow"), (Outcome.REGRESSED, "ask")]
)
def test_what_was_proven_at_a_time_to_come_resets_nothing(outcome: Outcome, alone: str) -> None:
    """A clock was set forwards and back: its word would stand above all others for so long."""
    ahead = ran(outcome, 10, **UNDER, **proven(-60 * 24))
    failed = ran(Outcome.NOT_FIXED, 20, **UNDER, **proven(5))
    assert verdict(rule("allow"), facts=replace(FACTS, executed=(ahead,))).decision == alone
    assert verdict(rule("allow"), facts=replace(FACTS, executed=(ahead, failed))).decision == "ask"
