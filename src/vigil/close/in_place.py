"""What of a plan is in place: the exact state that a person takes over."""

from collections.abc import Iterator

from vigil.domain.plan import Action, ActionResult, ActionStatus, Execution, Plan


def in_place(plan: Plan, execution: Execution, undoing: Execution | None = None) -> Iterator[str]:
    """What of a plan was begun and not undone, and how each piece would be undone."""
    results = {result.action: result for result in execution.results}
    begun = [action for action in plan.actions if action.id in results]
    undone = sum(1 for r in undoing.results if r.status is ActionStatus.SUCCEEDED) if undoing else 0
    # An undo begins with what was done last, and leaves out what has none.
    gone = [action.id for action in reversed(begun) if action.undo is not None][:undone]
    return (_left(action, results[action.id]) for action in begun if action.id not in gone)


def _left(action: Action, result: ActionResult) -> str:
    sure = "in place" if result.status is ActionStatus.SUCCEEDED else "perhaps in place"
    undo = (
        f"its undo would be: {_in_one_line(action.undo)}"
        if action.undo
        else f"it has no undo: {action.no_undo}"
    )
    return f"{action.title}: {result.status}, {sure}; {undo}"


def _in_one_line(script: str) -> str:
    """Without the lines that only say how a shell is to take the others."""
    lines = (line.strip() for line in script.splitlines())
    return "; ".join(line for line in lines if line and not line.startswith(("#", "set ")))
