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
from vigil.domain.private import read_by
from vigil.domain.quoted import called, said
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
    alternatives: tuple[str, ...] = ()
    """What it weighed besides, which a person who takes over wants to know as well."""
    would_change_mind: tuple[str, ...] = ()
    """What would have to be seen for another proposal."""
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
        alternatives=draft.alternatives,
        would_change_mind=draft.would_change_mind,
        configuration=dict(configuration),
        grants=digests_of(catalogue.services[briefing.incident.service]),
    )


def _frozen(briefing: Briefing, draft: Draft, catalogue: Catalogue) -> Plan:
    incident, top = briefing.incident, briefing.hypotheses[0]
    departed, match = _departed(briefing, draft), briefing.match(draft.runbook)
    runbook = match.runbook if match is not None and not departed else None
    steps = draft.actions if runbook else _as_quoted(draft)
    actions = tuple(_action(n, action) for n, action in enumerate(steps, start=1))
    asked = {
        Role.RUNBOOK: (f"Runbook {runbook.id}", runbook.verify_with) if runbook else ("", ()),
        Role.AUTHOR: ("The plan", draft.verify_with),
    }
    found = {
        role: named(names, by, incident.service, top, catalogue)
        for role, (by, names) in asked.items()
    }
    chosen = choose(incident, top, actions, found, catalogue)
    but = [Reason(step="runbook", text=departed)] if departed else []
    further = (*but, *_not_there(found.values()))
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


def _departed(briefing: Briefing, draft: Draft) -> str:
    """Why the record of the runbook that it names does not speak for it; empty where it does.

    That was measured where the runbook is meant for the cause and no check speaks against it, and
    of its steps, all of them and nothing besides.
    """
    match, top = briefing.match(draft.runbook), briefing.hypotheses[0]
    if match is None:
        return "" if draft.runbook is None else f"There is no runbook {draft.runbook}."
    if top.failure_type not in match.runbook.failure_types:
        why = f"Runbook {draft.runbook} is no cure for '{top.failure_type}'"
    elif any(check.passed is False for check in match.checks):
        why = f"The diagnosis checks of runbook {draft.runbook} speak against it"
    elif _steps(match.runbook, briefing) != draft.actions:
        why = f"It is not what runbook {draft.runbook} says"
    else:
        return ""
    return f"{why}, so that its record does not count."


def _steps(runbook: Runbook, briefing: Briefing) -> tuple[object, ...]:
    parameters = parameters_of(
        briefing.incident.service,
        briefing.service,
        briefing.evidence,
        briefing.hypotheses[0].supported_by,
    )
    return tuple(action for _, action in filled_in(runbook, parameters))


def _as_quoted(draft: Draft) -> tuple[DraftAction, ...]:
    """Its steps, with what a model says about them as its own words."""
    author = draft.author
    if author is None:
        return draft.actions
    return tuple(
        each.model_copy(
            update={
                "title": called(author, each.title),
                "no_undo": each.no_undo and said(author, each.no_undo),
            }
        )
        for each in draft.actions
    )


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
        private=read_by(draft.script, draft.undo),
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
