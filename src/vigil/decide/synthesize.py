"""SYNTHESIZING: a draft from the reasoner becomes a frozen plan with computed effects.

The reasoner is not trusted: what its scripts would do is computed by the guard, what proves the
plan comes from the catalogue, so that nobody can choose easier probes for their own plan, and the
record of a runbook speaks for nothing but what that runbook says.
"""

from collections.abc import Iterable, Iterator

from vigil.decide.choose import choose
from vigil.decide.named import Named, named
from vigil.domain.briefing import Briefing, Draft, DraftAction
from vigil.domain.catalogue import Catalogue
from vigil.domain.cost import NOTHING, Cost
from vigil.domain.filled_in import filled_in
from vigil.domain.granted import digests_of
from vigil.domain.parameters import parameters_of
from vigil.domain.plan import Action, Author, Execution, Plan, PlanKind, Reason, Role
from vigil.domain.runbook import Runbook
from vigil.domain.thinking import Unheard
from vigil.domain.value import Value
from vigil.guard import analyse_action, with_raw
from vigil.ports.changes import Changes
from vigil.ports.desk import Desk
from vigil.ports.reasoner import Reasoner


class Synthesis(Value):
    """A plan, or the reasons why there is none."""

    plan: Plan | None
    reasons: tuple[Reason, ...]
    cost: Cost = NOTHING
    saved: Cost = NOTHING
    """What asking a model would have cost at least, where nobody had to ask one."""
    author: Author | None = None
    """The model whose word this is."""
    unheard: Unheard | None = None
    """Why a model that was to be asked gave none."""
    configuration: dict[str, str] = {}
    """The digests that the service's configuration files had before the plan was written."""
    grants: dict[str, str] = {}
    """Those of what the service's grants said then; see ``domain/granted.py``."""


async def synthesize(
    briefing: Briefing, catalogue: Catalogue, reasoner: Reasoner, changes: Changes, desk: Desk
) -> Synthesis:
    """Have a plan written and freeze it."""
    # Before: a reasoner may take its time, and what is changed meanwhile it does not know of.
    configuration = await changes.configuration(briefing.incident.service) or {}
    draft = await reasoner.draft(briefing, desk)
    return Synthesis(
        plan=_frozen(briefing, draft, catalogue) if draft.actions else None,
        reasons=draft.reasons,
        cost=draft.cost,
        saved=draft.saved,
        author=draft.author,
        unheard=draft.unheard,
        configuration=dict(configuration),
        grants=digests_of(catalogue.services[briefing.incident.service]),
    )


def _frozen(briefing: Briefing, draft: Draft, catalogue: Catalogue) -> Plan:
    incident, top = briefing.incident, briefing.hypotheses[0]
    runbook = _followed(briefing, draft)
    actions = tuple(_action(n, action) for n, action in enumerate(draft.actions, start=1))
    asked = {
        Role.RUNBOOK: (f"Runbook {runbook.id}", runbook.verify_with) if runbook else ("", ()),
        Role.AUTHOR: ("The plan", draft.verify_with),
    }
    found = {
        role: named(names, by, incident.service, top, catalogue)
        for role, (by, names) in asked.items()
    }
    chosen = choose(incident, top, actions, found, catalogue)
    departed = () if runbook else _departed(draft)
    further = (*departed, *_not_there(found.values()))
    return Plan(
        incident=incident.id,
        attempt=incident.attempt,
        service=incident.service,
        symptom=incident.symptom,
        failure_type=top.failure_type,
        component=top.component,
        runbook=runbook.id if runbook else None,
        runbook_digest=runbook.digest if runbook else None,
        summary=draft.summary,
        reasons=(*draft.reasons, *further),
        actions=actions,
        declared_risk=draft.declared_risk,
        proving=tuple(each.ref for each in chosen if each.role is Role.SYMPTOM),
        neighbours=tuple(each.ref for each in chosen if each.role is not Role.SYMPTOM),
        chosen=chosen,
        runner=catalogue.services[incident.service].runner,
        risk_reasons=draft.risk_reasons,
        alternatives=draft.alternatives,
        would_change_mind=draft.would_change_mind,
        author=draft.author,
    )


def _followed(briefing: Briefing, draft: Draft) -> Runbook | None:
    """The runbook that it names, if its actions are that one's steps, all and nothing besides."""
    match = briefing.match(draft.runbook)
    if match is None:
        return None
    parameters = parameters_of(
        briefing.incident.service,
        briefing.service,
        briefing.evidence,
        briefing.hypotheses[0].supported_by,
    )
    steps = tuple(action for _, action in filled_in(match.runbook, parameters))
    return match.runbook if steps == draft.actions else None


def _departed(draft: Draft) -> Iterator[Reason]:
    if draft.runbook is not None:
        text = f"It is not what runbook {draft.runbook} says, whose record does not count for it."
        yield Reason(step="runbook", text=text)


def _not_there(found: Iterable[Named]) -> Iterator[Reason]:
    """What somebody wants to see, and nobody can look at, is told to whoever judges the plan."""
    for each in found:
        yield from (Reason(step="proof", text=text) for text in each.missing)


def _action(number: int, draft: DraftAction) -> Action:
    effects = with_raw(analyse_action(draft.script, draft.undo), draft.raw)
    return Action(
        id=f"action-{number}",
        title=draft.title,
        script=draft.script,
        grants=tuple(sorted({call.grant for call in effects.calls})),
        effects=effects,
        undo=draft.undo,
        no_undo=draft.no_undo,
        raw=draft.raw,
    )


def rollback(plan: Plan, execution: Execution) -> Plan | None:
    """The undo of each action that was started, newest first; None when there is nothing to undo.

    It is a plan like any other, one attempt later, and nothing in it is new: each script is the
    undo that was part of the plan that was judged.
    """
    started = {result.action for result in execution.results}
    undone = [a for a in reversed(plan.actions) if a.id in started and a.undo is not None]
    if not undone:
        return None
    actions = tuple(
        _action(
            number,
            DraftAction(
                title=f"Undo: {action.title}",
                script=action.undo or "",
                no_undo="this is itself the undo of an earlier action",
                raw=action.raw,
            ),
        )
        for number, action in enumerate(undone, start=1)
    )
    return plan.model_copy(
        update={
            "attempt": plan.attempt + 1,
            "kind": PlanKind.ROLLBACK,
            "summary": f"Undo what was done: {plan.summary}",
            "actions": actions,
        }
    )
