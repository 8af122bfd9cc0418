"""``vigil policy test``: a table of cases, judged by the gate itself (2 s)."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vigil.cli.policy import policy_app

EXAMPLES = Path(__file__).parents[2] / "examples" / "policy"
POLICY = """\
rules:
- {id: back, when: {verbs: [release.*]}, then: allow, because: "Releases are kept for it."}
- {id: rest, then: ask, because: "Everything else is looked at."}
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No word for Vigil in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if re.match("VIGIL_|CONFIDENCE_|CONTEXT_", name)]:
        monkeypatch.delenv(name)
    (tmp_path / "policy.yaml").write_text(POLICY)


def policy_test(cases: str, *options: str) -> tuple[int, str, str]:
    Path("cases.yaml").write_text(cases)
    run = CliRunner().invoke(policy_app, ["test", "cases.yaml", *options])
    return run.exit_code, run.stdout, run.stderr


def tried(cases: str) -> tuple[int, dict[str, Any]]:
    code, said, _ = policy_test(cases, "--policy", "policy.yaml", "--json")
    found: dict[str, Any] = json.loads(said)
    return code, found


BACK = "{calls: [release.switch x], resources: [release:r]}"


def test_the_example_is_as_expected() -> None:
    cases, policy = (str(EXAMPLES / name) for name in ("cases.yaml", "policy.yaml"))
    run = CliRunner().invoke(policy_app, ["test", cases, "--policy", policy])
    assert run.exit_code == 0, run.stdout
    assert run.stdout.endswith("12 cases, 0 not as expected\n")


def test_a_case_that_is_not_as_expected_is_told_with_what_fired() -> None:
    cases = (
        "cases:\n"
        f"- {{name: one, actions: [{BACK}], expect: allow, rules: [back]}}\n"
        "- {name: two, actions: [{calls: [queue.pause q]}], expect: allow}\n"
    )
    code, said, _ = policy_test(cases, "--policy", "policy.yaml")
    assert code == 1
    assert said.splitlines() == [
        "ok    one: allow (back)",
        "WRONG two: expected allow, got ask (rest)",
        "        ask: rule 'rest' on action-1: Everything else is looked at",
        "2 cases, 1 not as expected",
    ]
    code, answer = tried(cases)
    assert code == 1
    assert [answer["ok"], *(each["ok"] for each in answer["cases"])] == [False, True, False]
    assert answer["cases"][1]["got"] == {
        "decision": "ask",
        "policy_rules": ["rest"],
        "rules": ["ask: rule 'rest' on action-1: Everything else is looked at"],
    }


@pytest.mark.parametrize(("rules", "code"), [("[back]", 0), ("[]", 1), ("[back, rest]", 1)])
def test_the_rules_that_fire_are_compared_as_well(rules: str, code: int) -> None:
    cases = f"cases: [{{name: a, actions: [{BACK}], expect: allow, rules: {rules}}}]\n"
    assert tried(cases)[0] == code


@pytest.mark.parametrize(
    ("about", "expect"),
    [
        ("", "allow"),
        ("autonomy: approve", "ask"),
        ("autonomy: observe", "deny"),
        ("confidence: 89", "ask"),
        ("context_match: 84", "ask"),
        ("risk: HIGH", "ask"),
        ("provable: false", "ask"),
        ("granted: false", "deny"),
        ("stopped: true", "deny"),
    ],
)
def test_what_a_case_says_counts_and_the_rest_is_as_it_is_best(about: str, expect: str) -> None:
    cases = f"cases: [{{name: a, actions: [{BACK}], {about}, expect: {expect}}}]\n"
    assert tried(cases.replace(", ,", ","))[0] == 0


@pytest.mark.parametrize(
    ("action", "expect"),
    [
        ("{script: 'vigil-do release.switch r sha256:%s'}" % ("1" * 64), "allow"),
        ("{script: 'rm -rf /srv'}", "deny"),
        ("{effects: unknown}", "deny"),
    ],
)
def test_a_script_is_read_by_the_guard(action: str, expect: str) -> None:
    cases = f"cases: [{{name: a, actions: [{action}], expect: {expect}}}]\n"
    code, answer = tried(cases)
    assert code == 0, answer


@pytest.mark.parametrize(
    ("cases", "says"),
    [
        ("cases: []\n", ":1: 'cases': Tuple should have at least 1 item"),
        ("cases:\n- {name: a, expect: perhaps}\n", ":2: 'cases.0.expect'"),
        (
            "cases:\n- {name: a, expect: ask, executed: [{}]}\n",
            ":2: 'cases.0': 'executed' needs 'at'",
        ),
        (
            "cases:\n- {name: a, expect: ask, actions: [{script: 'true', calls: [a b]}]}\n",
            ":2: 'cases.0.actions.0': give either 'script' or what it does",
        ),
        (
            "cases:\n- {name: a, expect: ask, at: 2026-03-01 10:00:00}\n",
            "'cases.0.at': Input should have timezone info",
        ),
    ],
)
def test_a_table_with_mistakes_is_wrong_usage(cases: str, says: str) -> None:
    code, said, complaint = policy_test(cases, "--policy", "policy.yaml")
    assert (code, said) == (2, "")
    assert f"cases.yaml{says}" in complaint or says in complaint


def test_mistakes_of_the_policy_are_told_too() -> None:
    Path("policy.yaml").write_text("rules: [{id: a}]\n")
    code, _, complaint = policy_test("cases: [{name: a, expect: ask}]\n", "--policy", "policy.yaml")
    assert code == 2
    assert "policy.yaml:1: 'rules.0.then' is missing; add it" in complaint


@pytest.mark.parametrize(
    ("cost", "expect"),
    [("tokens: 100", "allow"), ("tokens: 101", "ask"), ("money: 2.51", "ask"), ("", "allow")],
)
def test_a_case_may_say_what_it_has_cost(cost: str, expect: str) -> None:
    Path("policy.yaml").write_text("budget: {per_incident: {tokens: 100, money: 2.50}}\n")
    cases = f"cases: [{{name: a, {cost}, expect: {expect}}}]\n".replace(", ,", ",")
    assert tried(cases)[0] == 0


def test_a_rule_whose_dates_are_over_is_named() -> None:
    gone = "{dates: [{from: 2020-01-01, until: 2020-02-01, zone: UTC}]}"
    span = "{from: 2020-01-01, until: %s, zone: UTC}"
    both = f"[{span % '2020-02-01'}, {span % '3000-01-01'}]"
    Path("policy.yaml").write_text(
        "rules:\n"
        f"- {{id: gone, when: {gone}, then: deny, because: Long ago.}}\n"
        f"- {{id: still, when: {{dates: {both}}}, then: ask, because: For long.}}\n"
    )
    cases = "cases: [{name: a, at: 2026-03-02T10:00:00Z, expect: ask, rules: [still]}]\n"
    code, said, complaint = policy_test(cases, "--policy", "policy.yaml")
    assert (code, said.splitlines()[0]) == (0, "ok    a: ask (still)")
    assert complaint == (
        "rule 'gone' fits nothing any more: its dates are over; remove or renew it\n"
    )


def test_without_a_policy_it_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = "cases: [{name: a, expect: %s, rules: %s}]\n"
    assert policy_test(cases % ("allow", "[]"))[0] == 0
    monkeypatch.setenv("VIGIL_POLICY", "policy.yaml")
    assert policy_test(cases % ("ask", "[rest]"))[0] == 1, "an action without calls fits 'back'"
    assert policy_test(cases % ("allow", "[back]"))[0] == 0
