"""The runbooks that are shipped, and those that are given as examples."""

from pathlib import Path

import pytest

from vigil.cli.runbooks import read_library
from vigil.domain.effects import Call, EffectKind
from vigil.domain.parameters import SAMPLES, Parameters, bind
from vigil.domain.runbook import Runbook, Step
from vigil.guard import analyse

SHIPPED = Path(__file__).parents[2] / "runbooks"
LIBRARY = read_library(SHIPPED)


def runbook(name: str) -> Runbook:
    return next(each for each in LIBRARY.runbooks if each.id == name)


def calls(template: str | None) -> tuple[Call, ...]:
    bound = bind(template or "", Parameters(values=SAMPLES))
    assert isinstance(bound, str), bound
    return analyse(bound).calls


def test_they_have_no_mistakes_and_no_stale_record() -> None:
    assert LIBRARY.mistakes == ()
    assert LIBRARY.stale == ()
    assert {each.id for each in LIBRARY.runbooks} == {
        "bad-release",
        "leaked-session",
        "worker-hung",
    }


def test_each_shipped_one_carries_what_was_measured_in_the_lab() -> None:
    for each in LIBRARY.runbooks:
        assert each.lab_record is not None
        assert each.lab_record.trials >= 30
        assert each.lab_record.commit


def test_examples_have_no_mistakes() -> None:
    assert read_library(SHIPPED.parent / "examples" / "runbooks").mistakes == ()


def test_undoing_a_bad_release_restores_link_and_running_code() -> None:
    """What runs is what was started after the last switch, in the cure and in its undo."""
    (step,) = runbook("bad-release").steps
    running: dict[str, str] = {}
    link = SAMPLES["release.current"][0]
    for script, expected in (
        (step.script, SAMPLES["release.previous"][0]),
        (step.undo, SAMPLES["release.current"][0]),
    ):
        for call in calls(script):
            if call.verb == "release.switch":
                (link,) = call.arguments
            else:
                running[call.arguments[0]] = link
        assert link == expected
        assert running == dict.fromkeys(SAMPLES["processes"], expected)


@pytest.mark.parametrize(
    "step", [s for r in LIBRARY.runbooks for s in r.steps], ids=lambda s: s.title
)
def test_no_step_is_worse_than_disruptive(step: Step) -> None:
    bound = bind(step.script, Parameters(values=SAMPLES))
    assert isinstance(bound, str)
    assert analyse(bound).kind is EffectKind.DISRUPTIVE
