"""What is told of a model's part in a plan: who was asked, what it cost, what was saved."""

from vigil.decide.synthesize import Synthesis
from vigil.domain.cost import NOTHING, Cost


def said_of(synthesis: Synthesis) -> str | None:
    """In one sentence or two; None where no model could have had a part in it."""
    if synthesis.unheard is not None:
        why = synthesis.unheard.replace("_", " ")
        return f"No model was heard ({why}). {_paid(synthesis.cost)}"
    if synthesis.author is not None:
        by = f"{synthesis.author.model} (prompt {synthesis.author.prompt})"
        did = "wrote the plan" if synthesis.plan else "was asked and proposes nothing"
        return f"{by} {did}. {_paid(synthesis.cost)}"
    if synthesis.saved != NOTHING:
        return (
            "No model was asked, as a runbook fits with full confidence; the first question alone "
            f"would have taken about {_amount(synthesis.saved)}."
        )
    return None


def _paid(cost: Cost) -> str:
    return f"It took {_amount(cost)}." if cost != NOTHING else "It cost nothing."


def _amount(cost: Cost) -> str:
    return f"{cost.tokens:,} tokens and {cost.money:.4f} in money"
