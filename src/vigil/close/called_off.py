"""ESCALATED because a person took the incident in hand: what was done stays, and is told whole.

Nothing is undone then. Who takes over decides that, and is told how.
"""

from collections.abc import Iterator

from vigil.domain.ending import Ending
from vigil.domain.plan import Action, ActionResult, ActionStatus, Execution, Plan
from vigil.domain.proof import Outcome, Proof
from vigil.domain.verdict import Cancellation


def before_acting(cancelled: Cancellation, plan: Plan | None) -> Ending:
    """Nothing was begun; there may not even be a plan yet."""
    would = f" The plan would have been: {plan.summary}" if plan else ""
    return Ending(
        resolved=False,
        outcome=Outcome.NOT_EXECUTED,
        text=f"Nothing was done: {cancelled}.{would}",
        look_next=(_in_hand(cancelled),),
    )


def after_acting(cancelled: Cancellation, plan: Plan, execution: Execution, proof: Proof) -> Ending:
    """Something was begun, and its proof failed; without the cancellation it might be undone."""
    if not execution.results:
        return before_acting(cancelled, plan)
    return Ending(
        resolved=False,
        outcome=proof.outcome,
        text=f"{plan.summary} This is not proven: {proof.text} Nothing more was begun and nothing "
        f"was undone: {cancelled}.",
        look_next=(_in_hand(cancelled), *in_place(plan, execution)),
    )


def while_undoing(
    cancelled: Cancellation, tried: Plan, execution: Execution, proof: Proof, undoing: Execution
) -> Ending:
    """The undo was about to be begun, or was begun and not carried on."""
    if not undoing.results:
        return after_acting(cancelled, tried, execution, proof)
    return Ending(
        resolved=False,
        outcome=proof.outcome,
        text=f"{tried.summary} This is not proven: {proof.text} Its undo was begun and not carried "
        f"on: {cancelled}.",
        look_next=(_in_hand(cancelled), *in_place(tried, execution, undoing)),
    )


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


def _in_hand(cancelled: Cancellation) -> str:
    return f"{cancelled.by} has it in hand: ask there first."
