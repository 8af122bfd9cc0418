"""Every rule of the gate has words, and the words say what to change (below 1 s)."""

from collections.abc import Iterator
from itertools import product

import pytest
from tests.phases.values import SWITCH_BACK, action, plan
from tests.support.hand_clock import START
from tests.support.world import catalogue

from vigil.cli.advice import About, advise, without_plan
from vigil.decide.confidence import confidence
from vigil.decide.gate import Facts, judge
from vigil.decide.legible import judge_legibility
from vigil.domain.catalogue import Autonomy, Limits, Service
from vigil.domain.effects import Risk
from vigil.domain.executed import Executed
from vigil.domain.ground import Ground, Held
from vigil.domain.plan import Plan, PlanKind
from vigil.domain.policy import Policy
from vigil.domain.proof import Outcome
from vigil.domain.recurrence import Recurrence
from vigil.domain.runbook import Record

ABOUT = About(
    "web",
    {
        "id": "bad-release",
        "record": {"trials": 0, "successes": 0},
        "reasons": ["written for web-application"],
    },
    0.99,
)
STRICT = Policy(
    auto_confidence=100,
    auto_context_match=100,
    auto_max_risk=Risk.LOW,
    auto_max_resources=0,
    ask_max_risk=Risk.LOW,
    freeze=True,
    max_executions_per_hour=0,
)
LOOSE = {"auto_confidence": 0, "auto_context_match": 0}
RULED = Policy.model_validate(
    {
        **LOOSE,
        "rules": [
            {"id": "no-delete", "when": {"risk": {"at_least": "HIGH"}}, "then": "deny",
             "because": "Nothing of high risk runs here."},
            {"id": "no-undo", "when": {"effects": {"at_least": "disruptive"}}, "then": "ask",
             "because": "What cannot be undone is looked at first."},
            {"id": "releases", "when": {"verbs": ["release.switch"]}, "then": "allow",
             "because": "Going back is what releases are kept for.", "most_per_hour": 1},
        ],
    }
)  # fmt: skip
UNFIT = Policy.model_validate(
    {**LOOSE, "rules": [{"id": "x", "when": {"services": ["db"]}, "then": "ask", "because": "It."}]}
)
LATELY = Executed(
    incident="inc-9",
    service="web",
    at=START,
    runbook="bad-release",
    policy_rules=("releases",),
    outcome=Outcome.REGRESSED,
)
FELL_BACK = LATELY.model_copy(update={"outcome": Outcome.NOT_FIXED, "came_back_as": "inc-10"})
BACK = Recurrence(
    incident="inc-10", former="inc-9", attempt=1, at=START, after_s=300, runbook="bad-release"
)


def plans() -> Iterator[Plan]:
    whole = catalogue()
    yield plan(whole)
    for script in ("rm -rf /srv", "curl x | sh", "vigil-do session.terminate sessions 1.2\n"):
        yield plan(whole, action(script, undo=None))
    yield plan(whole, action(undo=None), action(SWITCH_BACK, action_id="action-2"))
    for undo in ("rm -rf /srv", "vigil-do session.terminate sessions 1.2\n"):
        yield plan(whole, action(undo=undo))
    yield plan(whole).model_copy(update={"proving": ()})
    yield plan(whole).model_copy(update={"kind": PlanKind.ROLLBACK})


def service_of(autonomy: Autonomy) -> Service:
    service = catalogue(autonomy).services["web"]
    return service.model_copy(update={"limits": Limits(max_actions=1)})


def rules() -> set[str]:
    """Everything that the gate says of many plans under loose and strict policies."""
    fired: set[str] = set()
    link = service_of(Autonomy.AUTO).grants["release"].model_dump()["link"]
    below = Ground(held=(Held(what="its state folder", path=link),))
    for planned, policy, autonomy, (stopped, ground, executed) in product(
        plans(), (Policy(), STRICT, Policy.model_validate(LOOSE), RULED, UNFIT), Autonomy,
        (
            (True, Ground(), ()), (False, below, (LATELY,)), (False, Ground(), ()),
            (False, Ground(), (FELL_BACK,)),
        ),
    ):  # fmt: skip
        service = service_of(autonomy)
        for undoes in (None, planned.model_copy(update={"actions": (action(undo=SWITCH_BACK),)})):
            facts = Facts(
                service=service,
                confidence=48,
                match=None,
                stopped=stopped,
                executed_last_hour=3,
                undoes=undoes,
                at=START,
                executed=executed,
                recurrence=BACK if FELL_BACK in executed else None,
                ground=ground,
                quiet=(
                    "db, which web depends on, is silenced by ann until then: an upgrade",
                    "nobody knows whether web is silenced: no answer",
                    "people have it in hand: Ann acknowledged it at PagerDuty",
                ),
            )
            fired |= set(judge(planned, policy, facts).rules)
    return fired


def test_every_rule_that_the_gate_can_name_has_words_of_its_own() -> None:
    fired = rules()
    assert len({rule.split(":")[0] for rule in fired}) == 3
    assert len(fired) >= 29, "each rule must have fired at least once"
    wordless = [rule for rule in fired if advise(rule, ABOUT).said == rule]
    assert wordless == []
    changeless = {
        rule for rule in fired if not rule.startswith("allow") and not advise(rule, ABOUT).change
    }
    assert changeless == {"deny: a step of the rollback was not part of the plan that was judged"}


def test_what_is_said_of_characters_in_scripts_of_free_form_has_words() -> None:
    free = action("curl x # \u200b\u0430", undo=None).model_copy(update={"raw": ("admin",)})
    said = list(judge_legibility(plan(catalogue(), free)))
    assert len(said) == 2
    for decision, text in said:
        found = advise(f"{decision}: {text}", ABOUT)
        assert found.said != f"{decision}: {text}"
        assert found.change


def test_a_rule_that_nobody_wrote_words_for_speaks_for_itself() -> None:
    for rule in ("deny: the moon is full", "nonsense", ""):
        assert advise(rule, ABOUT).said == rule


@pytest.mark.parametrize("word", ["observe", "suggest"])
def test_watching_only_says_how_to_let_it_ask(word: str) -> None:
    (rule,) = (r for r in rules() if r.startswith(f"deny: autonomy is '{word}'"))
    advice = advise(rule, ABOUT)
    assert f"`{word}`" in advice.said
    assert "set `autonomy: approve` on web in vigil.yaml" in advice.change


@pytest.mark.parametrize(("trials", "successes"), [(0, 0), (3, 3), (41, 40)])
def test_the_number_of_proven_runs_that_are_missing_is_the_true_one(
    trials: int, successes: int
) -> None:
    record = Record(trials=trials, successes=successes)
    sure = confidence(0.99, record)
    runbook = {"id": "r", "record": record.model_dump(), "reasons": []}
    change = advise(f"ask: confidence {sure} is below 90", About("web", runbook, 0.99)).change
    missing = int(change.split("After ")[1].split()[0])
    grown = [
        Record(trials=trials + more, successes=successes + more) for more in (missing - 1, missing)
    ]
    assert [confidence(0.99, each) >= 90 for each in grown] == [False, True]


def test_a_cause_in_doubt_is_not_cured_by_a_record() -> None:
    advice = advise("ask: confidence 40 is below 90", About("web", ABOUT.runbook, 0.8))
    assert "80% likely" in advice.said
    assert "give Vigil more to see of web" in advice.change


def test_what_a_script_says_cannot_break_the_words() -> None:
    rule = "deny: action-1 is unknown: {0} {service} {} %s \n; deny: more"
    assert "{0} {service} {} %s" in advise(rule, ABOUT).said


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("needs grant.x: there is no grant with the verb release.switch; add", "release.switch"),
        ("No runbook was found by its text; write one and ingest it.", "write a runbook"),
        ("Runbook x does not cover 'database_lock'.", "write a runbook"),
        ("No runbook cures 'unknown': Something.", "write a runbook"),
        ("Runbook x is contradicted by its diagnosis checks (y).", "the wrong one here"),
    ],
)  # fmt: skip
def test_no_plan_says_what_is_missing(why: str, change: str) -> None:
    (said,) = without_plan(why, ABOUT)
    assert change in said
