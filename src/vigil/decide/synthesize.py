"""SYNTHESIZING: a draft from the reasoner becomes a frozen plan with computed effects.

The reasoner is not trusted: what its scripts would do is computed by the guard, what proves the
plan comes from the catalogue, so that nobody can choose easier probes for their own plan, and the
record of a runbook speaks for nothing but what that runbook says.
"""

from collections.abc import Iterator

from vigil.decide.choose import choose
from vigil.domain.briefing import Briefing, Draft, DraftAction
from vigil.domain.catalogue import Catalogue
from vigil.domain.cost import NOTHING, Cost
from vigil.domain.filled_in import filled_in
from vigil.domain.granted import digests_of
from vigil.domain.parameters import parameters_of
from vigil.domain.plan import Action, Execution, Plan, PlanKind, Reason, Role
from vigil.domain.runbook import Runbook
from vigil.domain.value import Value
from vigil.guard import analyse_action, with_raw
from vigil.ports.changes import Changes
from vigil.ports.reasoner import Reasoner


class Synthesis(Value):
    """A plan, or the reasons why there is none."""

    plan: Plan | None
    reasons: tuple[Reason, ...]
    cost: Cost = NOTHING
    configuration: dict[str, str] = {}
    """The digests that the service's configuration files had before the plan was written."""
    grants: dict[str, str] = {}
    """Those of what the service's grants said then; see ``domain/granted.py``."""


async def synthesize(
    briefing: Briefing, catalogue: Catalogue, reasoner: Reasoner, changes: Changes
) -> Synthesis:
    """Have a plan written and freeze it."""
    # Before: a reasoner may take its time, and what is changed meanwhile it does not know of.
    configuration = await changes.configuration(briefing.incident.service) or {}
    draft = await reasoner.draft(briefing)
    return Synthesis(
        plan=_frozen(briefing, draft, catalogue) if draft.actions else None,
        reasons=draft.reasons,
        cost=draft.cost,
        configuration=dict(configuration),
        grants=digests_of(catalogue.services[briefing.incident.service]),
    )


def _frozen(briefing: Briefing, draft: Draft, catalogue: Catalogue) -> Plan:
    incident, top = briefing.incident, briefing.hypotheses[0]
    runbook = _followed(briefing, draft)
    actions = tuple(_action(n, action) for n, action in enumerate(draft.actions, start=1))
    chosen = choose(incident, top, actions, runbook, catalogue)
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
        reasons=draft.reasons if runbook else (*draft.reasons, *_departed(draft)),
        actions=actions,
        declared_risk=draft.declared_risk,
        proving=tuple(each.ref for each in chosen if each.role is Role.SYMPTOM),
        neighbours=tuple(each.ref for each in chosen if each.role is not Role.SYMPTOM),
        chosen=chosen,
        runner=catalogue.services[incident.service].runner,
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
