"""Who writes plans: the playbook alone, or a model where no runbook fits for sure."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from vigil.bootstrap.minds import choose_minds, patience_of
from vigil.decide.chain import Chain
from vigil.domain.cost import Allowance
from vigil.domain.policy import Policy
from vigil.domain.run import Health
from vigil.integrations.journal import Caps
from vigil.integrations.reasoner.embedded import PlaybookReasoner
from vigil.integrations.reasoner.modelled import ModelReasoner
from vigil.ports.ledger import Ledger
from vigil.ports.reasoner import Reasoner
from vigil.settings import Settings


@dataclass(frozen=True)
class Author:
    """Who writes plans, and what has to be let go when nobody does any more."""

    reasoner: Reasoner
    closing: tuple[Callable[[], Awaitable[None]], ...] = ()
    checks: Mapping[str, Callable[[], Awaitable[Health]]] = field(default_factory=dict)
    """What `/ready` asks of it: the playbook cannot fail to answer."""


def choose_author(settings: Settings, policy: Policy, ledger: Ledger) -> Author:
    """The playbook, before a model where one is chosen."""
    playbook, minds = PlaybookReasoner(), choose_minds(settings)
    if minds is None:
        return Author(playbook)
    model = ModelReasoner(minds, ledger, patience_of(settings))
    return Author(Chain(playbook, model, policy), (model.close,), {"model": model.health})


def caps_of(settings: Settings) -> Caps:
    """The most that models may cost."""
    return Caps(
        per_incident=Allowance(
            tokens=settings.llm_tokens_per_incident, money=settings.llm_money_per_incident
        ),
        per_day=Allowance(tokens=settings.llm_tokens_per_day, money=settings.llm_money_per_day),
    )
