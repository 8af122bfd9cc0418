"""One changed byte of a plan is another plan to the broker, which works that out itself (1 s)."""

from random import Random

import pytest
from pydantic import ValidationError
from tests.runner.bench import lease_of
from tests.runner.test_signed import plan

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import PlanMismatch
from vigil.domain.plan import Plan
from vigil.domain.run import RunOrder
from vigil.guard import analyse
from vigil.runner.orders import checked

KNOWN = Catalogue.model_validate({"version": 1, "services": {"shop": {}}})


def order(whole: Plan) -> RunOrder:
    """As it was judged, but for the plan that it carries."""
    return RunOrder(
        run_key="run-1",
        plan=whole,
        approved_digest=plan().digest,
        action="a1",
        lease=lease_of(60, "shop/process:restart/web-1"),
    )


def test_the_plan_that_was_judged_is_taken() -> None:
    assert checked(order(plan()), KNOWN, analyse).digest == plan().digest


def test_each_place_of_the_text_counts() -> None:
    """Every letter and digit, one after the other: another plan, or none at all."""
    text, tried = plan().model_dump_json(), 0
    rng = Random(5)  # noqa: S311 - nothing is kept secret by it
    for place, letter in enumerate(text):
        if not letter.isalnum():
            continue
        changed = text[:place] + rng.choice("abcxyz0189".replace(letter, "")) + text[place + 1 :]
        try:
            other = Plan.model_validate_json(changed)
        except ValidationError:
            continue
        if other == plan():
            continue  # the same in another spelling
        tried += 1
        with pytest.raises(PlanMismatch, match="nothing was run"):
            checked(order(other), KNOWN, analyse)
    assert tried > 100
