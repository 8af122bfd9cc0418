"""A reasoner that asks a model: Claude, or any other behind the same small protocol.

Whatever becomes of it, there is a draft: without a plan it has no actions, and its last reason says
why no model was heard.
"""

import asyncio
from dataclasses import dataclass

from vigil.domain.alert import Severity
from vigil.domain.briefing import Briefing, Draft
from vigil.domain.cost import Cost
from vigil.domain.effects import Risk
from vigil.domain.plan import Author, Reason
from vigil.domain.run import Health
from vigil.domain.thinking import Unheard
from vigil.integrations.reasoner.calling import Caller, Mind, Patience, size
from vigil.integrations.reasoner.loop import Loop, opening
from vigil.integrations.reasoner.model import ModelFailed, Usage
from vigil.integrations.reasoner.prompts import version
from vigil.integrations.reasoner.rendering import materials
from vigil.ports.desk import Desk
from vigil.ports.ledger import Ledger

OF_THE_VENDOR = frozenset(
    {
        Unheard.OVERLOADED,
        Unheard.RATE_LIMITED,
        Unheard.SPEND_LIMIT,
        Unheard.TIMED_OUT,
        Unheard.UNREACHABLE,
        Unheard.BROKEN,
        Unheard.NOT_ADMITTED,
        Unheard.REJECTED,
    }
)
"""What is likely to be the same for the next incident; the others are of one incident."""
REMEDY = "run `vigil doctor`; until it answers, plans come from runbooks alone"
_BYTES_A_TOKEN = 4
"""Of ordinary English; what is saved is rather told too low."""


@dataclass(frozen=True)
class Minds:
    """Two models: a thorough one, and a cheap one for what is not urgent."""

    reasoning: Mind
    triage: Mind

    def of(self, severity: Severity) -> Mind:
        """Who is asked about trouble of this severity."""
        return self.triage if severity is Severity.LOW else self.reasoning


class ModelReasoner:
    """Fulfils ``ports.reasoner.Reasoner`` by asking a model."""

    def __init__(self, minds: Minds, ledger: Ledger, patience: Patience | None = None) -> None:
        self._minds = minds
        self._ledger = ledger
        self._patience = patience or Patience()
        self._last: Draft | None = None

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:
        """The model's draft, within the deadline; or one that says why there is none."""
        self._last = await self._draft(briefing, desk)
        return self._last

    async def _draft(self, briefing: Briefing, desk: Desk) -> Draft:
        mind = self._minds.of(briefing.incident.severity)
        author = Author(model=mind.model.name, prompt=version())
        caller = Caller(mind, self._patience, self._ledger, briefing.incident.id)
        try:
            async with asyncio.timeout(self._patience.deadline_s):
                draft = await Loop(caller, desk, briefing).run()
        except ModelFailed as failed:
            return _unheard(briefing, author, failed, caller.cost)
        except TimeoutError:
            late = ModelFailed(Unheard.TIMED_OUT, "it came to no answer in time")
            return _unheard(briefing, author, late, caller.cost)
        return draft.model_copy(update={"author": author, "cost": caller.cost})

    def first_question(self, briefing: Briefing) -> Cost:
        """What the first question about it would cost at least, if it were asked.

        Nothing leaves for it: what would be redacted is as long as it is.
        """
        mind = self._minds.of(briefing.incident.severity)
        told = sum(len(each.text.encode()) for each in materials(briefing))
        tokens = (size(opening(())) + told) // _BYTES_A_TOKEN
        return mind.price.of(Usage(fresh=tokens))

    async def health(self) -> Health:
        """How it went when it was asked last; nobody is asked for this, as it would cost time."""
        if self._last is not None and self._last.unheard in OF_THE_VENDOR:
            text = self._last.reasons[-1].text
            return Health(part="model", ok=False, text=text, remedy=REMEDY, vital=False)
        last = "not asked yet" if self._last is None else "was heard last time"
        text = f"{self._minds.reasoning.model.name}: {last}"
        return Health(part="model", ok=True, text=text, vital=False)

    async def close(self) -> None:
        """Let the models' connections go."""
        await self._minds.reasoning.model.close()
        await self._minds.triage.model.close()


def _unheard(briefing: Briefing, author: Author, failed: ModelFailed, cost: Cost) -> Draft:
    top = briefing.hypotheses[0].text if briefing.hypotheses else "No cause was found."
    said = {
        "symptom": f"{briefing.incident.service}: {briefing.incident.symptom}.",
        "cause": top,
        "runbook": "No model has weighed the runbooks.",
        "actions": "None.",
        "proof": f"The model {author.model} was not heard: {failed.text}.",
    }
    return Draft(
        runbook=None,
        summary="Nothing is proposed.",
        reasons=tuple(Reason(step=step, text=text) for step, text in said.items()),
        actions=(),
        declared_risk=Risk.LOW,
        author=author,
        unheard=failed.unheard,
        cost=cost,
    )
