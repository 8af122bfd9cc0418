"""ESCALATED because a person took the incident in hand: what was done stays, and is told whole.

Nothing is undone then. Who takes over decides that, and is told how.
"""

from vigil.close.in_place import in_place
from vigil.domain.ending import Ending
from vigil.domain.plan import Execution, Plan
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


def _in_hand(cancelled: Cancellation) -> str:
    return f"{cancelled.by} has it in hand: ask there first."
