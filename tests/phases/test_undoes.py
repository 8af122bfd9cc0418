"""An undo is judged with its plan, as nobody is asked again before it is run (1 s)."""

from dataclasses import replace
from typing import Any

import pytest
from tests.phases.test_decide import GOOD, POLICY, REMEDY, service
from tests.phases.values import RESTART, SWITCH_BACK, SWITCH_FORTH, action, plan
from tests.support.world import catalogue

from vigil.decide.gate import judge, risk_of
from vigil.decide.rules import share_of_instances
from vigil.domain.catalogue import Processes
from vigil.domain.effects import Risk
from vigil.domain.ground import Ground, Held
from vigil.domain.plan import Plan
from vigil.domain.policy import Policy
from vigil.domain.policy_rules import Rule
from vigil.domain.verdict import Decision, Verdict

STOP = "vigil-do process.stop stop web-1\n"


def taking_back(undo: str | None, script: str = SWITCH_BACK) -> Plan:
    return plan(catalogue(), action(script, undo))


def policy(*rules: dict[str, Any], **limits: Any) -> Policy:  # noqa: ANN401 - as it is written
    made = [
        Rule.model_validate({"id": f"r{n}", "because": "So it is written.", **each})
        for n, each in enumerate(rules)
    ]
    return Policy.model_validate({"rules": made, **limits})


def rules_of(verdict: Verdict) -> str:
    return "\n".join(verdict.rules)


@pytest.mark.parametrize(
    ("undo", "why"),
    [
        ("rm -rf /srv\n", "the undo of action-1 is unknown: "),
        ("x=vigil-do; $x process.stop stop web-1\n", "the undo of action-1 is unknown: "),
        ("# it goes back by itself\n", "the undo of action-1 is unknown: "),
        (STOP, "the undo of action-1 needs the grant 'stop' for process.stop"),
    ],
    ids=["deletes", "hidden", "only words", "not granted"],
)
def test_an_undo_that_could_not_be_run_is_none_and_nobody_is_shown_it_for_one(
    undo: str, why: str
) -> None:
    """It would be denied when it is needed: whoever approved the plan has counted on it."""
    verdict = judge(taking_back(undo), POLICY, GOOD)
    assert verdict.decision is Decision.DENY
    assert f"deny: {why}" in rules_of(verdict)


def test_a_grant_that_only_the_undo_needs_is_told_to_the_owner() -> None:
    (missing,) = judge(taking_back(STOP), POLICY, GOOD).missing_grants
    assert (missing.grant, missing.verb) == ("stop", "process.stop")


def test_what_is_missing_for_both_is_said_once() -> None:
    verdict = judge(REMEDY, POLICY, replace(GOOD, service=service(grants={})))
    assert len(verdict.missing_grants) == 1


def test_an_undo_does_not_act_on_what_vigil_stands_on() -> None:
    link = GOOD.service.grants["release"].model_dump()["link"]
    facts = replace(GOOD, ground=Ground(held=(Held(what="its state folder", path=link),)))
    verdict = judge(taking_back(SWITCH_FORTH, RESTART), POLICY, facts)
    said = "deny: the undo of action-1 would act on what Vigil itself stands on: its state folder"
    assert said in rules_of(verdict)


def test_a_plan_is_as_risky_as_its_undo() -> None:
    assert risk_of(taking_back(SWITCH_FORTH)) is Risk.LOW
    assert risk_of(taking_back(SWITCH_FORTH + RESTART)) is Risk.MEDIUM


def test_what_an_undo_touches_counts() -> None:
    wide = judge(taking_back(SWITCH_FORTH + RESTART), Policy(auto_max_resources=1), GOOD)
    assert "ask: it touches 2 resources, more than 1" in wide.rules


def test_the_rules_of_the_policy_are_read_for_undos_too() -> None:
    """Otherwise what a rule denies would be done by a plan that fails."""
    allow = {"when": {}, "then": "allow"}
    deny = {"when": {"verbs": ["process.*"]}, "then": "deny"}
    assert judge(REMEDY, policy(deny, allow), GOOD).decision is Decision.ALLOW
    verdict = judge(taking_back(SWITCH_FORTH + RESTART), policy(deny, allow), GOOD)
    assert verdict.decision is Decision.DENY
    assert "deny: rule 'r0' on the undo of action-1: So it is written" in verdict.rules


def test_an_undo_that_no_rule_allows_is_asked_about() -> None:
    only = {"when": {"verbs": ["release.*"]}, "then": "allow"}
    assert judge(REMEDY, policy(only), GOOD).decision is Decision.ALLOW
    verdict = judge(taking_back(SWITCH_FORTH + RESTART), policy(only), GOOD)
    assert "ask: no rule of the policy fits the undo of action-1" in verdict.rules


def test_an_undo_that_changes_nothing_needs_no_rule() -> None:
    only = {"when": {"effects": {"at_most": "disruptive"}, "verbs": ["r*"]}, "then": "allow"}
    verdict = judge(taking_back("true", SWITCH_BACK), policy(only), GOOD)
    assert verdict.decision is Decision.ALLOW
    assert "undo" not in rules_of(verdict)
    back = {"when": {"verbs": ["release.*"]}, "then": "allow"}
    again = {"when": {"verbs": ["process.*"]}, "then": "allow"}
    assert judge(taking_back("true", RESTART), policy(back, again), GOOD).policy_rules == ("r1",)


def test_a_rule_that_fits_an_action_and_its_undo_is_said_of_the_action() -> None:
    verdict = judge(REMEDY, policy({"when": {}, "then": "allow"}), GOOD)
    assert "allow: rule 'r0' on action-1: So it is written" in verdict.rules


def test_the_instances_that_an_undo_restarts_count() -> None:
    webs = Processes(supervisor="unix:///s.sock", names=("web-1", "web-2", "web-3"))
    facts = replace(GOOD, service=service(processes=webs))
    other = RESTART.replace("web-1", "web-2")
    assert share_of_instances(taking_back(None, RESTART), facts) == 34
    assert share_of_instances(taking_back(other, RESTART), facts) == 67
