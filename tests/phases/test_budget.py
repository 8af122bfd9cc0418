"""What thinking may cost, and that what cost nothing is none of its business (below 1 s)."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from tests.phases.test_decide import CATALOGUE
from tests.phases.values import plan

from vigil.decide.budget import overspent
from vigil.domain.cost import Allowance, Budget, Cost, Spent
from vigil.domain.policy import Policy

PLAN = plan(CATALOGUE)


def spent(incident: str = PLAN.incident, service: str = PLAN.service, **cost: Any) -> Spent:  # noqa: ANN401
    return Spent(incident=incident, service=service, cost=Cost(**cost))


def said(budget: dict[str, dict[str, object]], *all_of_it: Spent) -> list[str]:
    return list(overspent(PLAN, Budget.model_validate(budget), all_of_it))


@pytest.mark.parametrize(
    ("budget", "all_of_it", "words"),
    [
        ({}, (spent(tokens_in=10**9, money=10**5),), []),
        ({"per_incident": {"tokens": 100}}, (spent(tokens_in=60, tokens_out=40),), []),
        (
            {"per_incident": {"tokens": 100}},
            (spent(tokens_in=60, tokens_out=41),),
            ["the budget is used up: this incident has cost 101 tokens, more than 100"],
        ),
        (
            {"per_incident": {"tokens": 100}},
            (spent(tokens_in=1), spent("another", tokens_in=500)),
            [],
        ),
        (
            {"per_incident": {"money": "0.50"}},
            (spent(money=Decimal("0.51")),),
            ["the budget is used up: this incident has cost 0.51 in money, more than 0.50"],
        ),
        (
            {"per_service": {"money": 1}},
            (spent(money=Decimal("0.6")), spent("another", money=Decimal("0.6"))),
            ["the budget is used up: web within a day has cost 1.2 in money, more than 1"],
        ),
        (
            {"per_service": {"tokens": 10}},
            (spent(tokens_in=1), spent("another", "db", tokens_in=500)),
            [],
        ),
        (
            {"per_day": {"tokens": 500}},
            (spent(tokens_in=1), spent("another", "db", tokens_in=500)),
            ["the budget is used up: everything within a day has cost 501 tokens, more than 500"],
        ),
        ({"per_incident": {"tokens": 0}}, (), []),
        # Nothing was spent on this incident: whatever the others cost, no model was asked for it.
        ({"per_day": {"tokens": 0}}, (spent("another", "db", tokens_in=500),), []),
    ],
)
def test_what_is_beyond_an_allowance_is_told_with_both_numbers(
    budget: dict[str, dict[str, object]], all_of_it: tuple[Spent, ...], words: list[str]
) -> None:
    assert said(budget, *all_of_it) == words


UNREADABLE = Spent(incident="another", service="db", cost=None)
UNKNOWN = (
    "the budget may be used up: what {} has cost is not known, as what is on record of incident"
)


@pytest.mark.parametrize(
    ("budget", "all_of_it", "words"),
    [
        ({"per_day": {"tokens": 9}}, (spent(tokens_in=1), UNREADABLE), ["everything within a day"]),
        ({"per_day": {"money": 9}}, (spent(tokens_in=1), UNREADABLE), ["everything within a day"]),
        ({"per_day": {}}, (spent(tokens_in=1), UNREADABLE), []),
        ({"per_service": {"tokens": 9}}, (spent(tokens_in=1), UNREADABLE), []),
        ({"per_day": {"tokens": 9}}, (UNREADABLE,), []),
        (
            {"per_incident": {"tokens": 9}, "per_service": {"money": 1}},
            (UNREADABLE.model_copy(update={"incident": PLAN.incident, "service": "web"}),),
            ["this incident", "web within a day"],
        ),
    ],
)
def test_what_nobody_can_read_may_have_been_anything(
    budget: dict[str, dict[str, object]], all_of_it: tuple[Spent, ...], words: list[str]
) -> None:
    found = said(budget, *all_of_it)
    assert len(found) == len(words)
    for text, whose in zip(found, words, strict=True):
        assert text.startswith(UNKNOWN.format(whose))


def test_a_sum_may_be_above_what_one_answer_can_cost() -> None:
    dear = spent(money=600_000, tokens_in=10**12)
    (text,) = said({"per_day": {"money": 1}}, dear, dear.model_copy(update={"incident": "b"}))
    assert text.endswith("has cost 1200000 in money, more than 1")
    (text,) = said({"per_incident": {"tokens": 1}}, dear, dear)
    assert f"{2 * 10**12} tokens" in text


@pytest.mark.parametrize(
    "written",
    [
        {"per_incident": {"tokens": -1}},
        {"per_incident": {"tokens": 1.5}},
        {"per_incident": {"tokens": 10**30}},
        {"per_incident": {"money": "NaN"}},
        {"per_incident": {"money": -1}},
        {"per_incident": {"money": "1e99"}},
        {"per_hour": {"tokens": 1}},
        {"per_day": {"euros": 1}},
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"budget": written})


def test_money_adds_up_exactly() -> None:
    tenth = Cost(money=Decimal("0.1"))
    assert (tenth + tenth + tenth).money == Decimal("0.3")
    assert Allowance(money=Decimal("0.3")).exceeded_by(tenth + tenth + tenth) is None
