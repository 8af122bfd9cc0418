"""A runbook filled in: its steps as actions, with a value in place of each parameter."""

from collections.abc import Iterator

from vigil.domain.briefing import DraftAction
from vigil.domain.parameters import Missing, Parameters, bind
from vigil.domain.runbook import Runbook, Step


def filled_in(
    runbook: Runbook, parameters: Parameters
) -> Iterator[tuple[Step, DraftAction | Missing]]:
    """Each step's actions in order, or what they lack; a list gives one for each of its values."""
    for step in runbook.steps:
        for action in _actions(step, parameters):
            yield step, action


def _actions(step: Step, parameters: Parameters) -> Iterator[DraftAction | Missing]:
    if step.for_each is None:
        yield _action(step, parameters, None)
        return
    values = parameters.values.get(step.for_each, ())
    if not values:
        reason = parameters.missing.get(step.for_each, "nothing gives it a value")
        yield Missing(parameter=step.for_each, reason=reason)
    for value in values:
        yield _action(step, parameters, value)


def _action(step: Step, parameters: Parameters, item: str | None) -> DraftAction | Missing:
    bound = [
        bind(template, parameters, item) for template in (step.title, step.script, step.undo or "")
    ]
    for each in bound:
        if isinstance(each, Missing):
            return each
    title, script, undo = (str(each) for each in bound)
    return DraftAction(
        title=title, script=script, undo=undo or None, no_undo=step.no_undo, raw=step.raw
    )
