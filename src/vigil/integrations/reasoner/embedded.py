"""The playbook reasoner: no model, no tokens; it fills in the best runbook that fits.

It proposes less rather than more: the cause must be covered by the runbook, no diagnosis check may
speak against it, and every parameter must come from evidence or catalogue.
"""

from collections.abc import Iterable, Iterator

from vigil.domain.briefing import Briefing, Draft, DraftAction
from vigil.domain.effects import Risk
from vigil.domain.evidence import Finding
from vigil.domain.filled_in import filled_in
from vigil.domain.hypothesis import FailureType, Hypothesis
from vigil.domain.lesson import Lesson
from vigil.domain.parameters import Missing, Parameters, names_in, parameters_of
from vigil.domain.plan import Reason
from vigil.domain.proof import TRIALS, Outcome
from vigil.domain.runbook import Runbook, RunbookMatch
from vigil.domain.value import Value
from vigil.ports.desk import Desk

_WITHOUT_CURE = (FailureType.NOTHING_WRONG, FailureType.UNKNOWN)
_SYMPTOM = (
    Finding.SYMPTOM_FAILING,
    Finding.SYMPTOM_PASSING,
    Finding.SYMPTOM_UNKNOWN,
    Finding.CONDITION_HOLDS,
    Finding.CONDITION_CLEAR,
    Finding.CONDITION_UNKNOWN,
)


class _Choice(Value):
    """A runbook with every script filled in."""

    match: RunbookMatch
    actions: tuple[DraftAction, ...]
    evidence: tuple[str, ...]


class PlaybookReasoner:
    """Takes what the runbook says and adds nothing of its own."""

    async def draft(self, briefing: Briefing, desk: Desk) -> Draft:  # noqa: ARG002 - it asks nobody
        """Write a draft, or say why there is none."""
        if not briefing.hypotheses:
            return _nothing(briefing, "There is no hypothesis, so there is nothing to cure.")
        top = briefing.hypotheses[0]
        if top.failure_type in _WITHOUT_CURE:
            return _nothing(briefing, f"No runbook cures '{top.failure_type}': {top.text}")
        parameters = parameters_of(
            briefing.incident.service, briefing.service, briefing.evidence, top.supported_by
        )
        refused: list[str] = []
        for match in briefing.matches:
            choice = _choose(match, top, parameters)
            if isinstance(choice, _Choice):
                return _proposal(briefing, top, choice, tuple(refused))
            refused.append(choice)
        why = " ".join(refused) or "No runbook was found by its text; write one and ingest it."
        return _nothing(briefing, why)


def _choose(match: RunbookMatch, top: Hypothesis, parameters: Parameters) -> _Choice | str:
    """This runbook's actions, or the sentence that says why not."""
    runbook = match.runbook
    if top.failure_type not in runbook.failure_types:
        return f"Runbook {runbook.id} does not cover '{top.failure_type}'."
    against = [check for check in match.checks if check.passed is False]
    if against:
        failed = "; ".join(f"{check.check}: {check.text}" for check in against)
        return f"Runbook {runbook.id} is contradicted by its diagnosis checks ({failed})."
    actions: list[DraftAction] = []
    for step, action in filled_in(runbook, parameters):
        if isinstance(action, Missing):
            return (
                f"Runbook {runbook.id} needs {action.parameter} for '{step.title}': "
                f"{action.reason}."
            )
        actions.append(action)
    if not actions:
        return f"Runbook {runbook.id} has no remediation steps."
    return _Choice(match=match, actions=tuple(actions), evidence=_sources(runbook, parameters))


def _sources(runbook: Runbook, parameters: Parameters) -> tuple[str, ...]:
    """The evidence that the parameters of this runbook came from."""
    named = (
        name
        for step in runbook.steps
        for name in (*names_in(f"{step.script}\n{step.undo or ''}"), step.for_each or "")
    )
    return _unique(piece for name in named for piece in parameters.evidence.get(name, ()))


def _unique(pieces: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pieces))


def _proposal(
    briefing: Briefing, top: Hypothesis, choice: _Choice, refused: tuple[str, ...]
) -> Draft:
    match = choice.match
    titles = "; then ".join(action.title for action in choice.actions)
    passed = sum(1 for check in match.checks if check.passed)
    return Draft(
        runbook=match.runbook.id,
        summary=f"{match.runbook.title}: {titles}.",
        reasons=(
            _symptom(briefing),
            _cause(top),
            Reason(
                step="runbook",
                text=f"{match.runbook.title} ({match.runbook.id}) fits by {match.context_match} "
                f"of 100; {passed} of {len(match.checks)} diagnosis checks passed, none speaks "
                f"against it. {_seen_before(briefing.past)}",
                evidence=_unique(e for check in match.checks for e in check.evidence),
            ),
            Reason(step="actions", text=f"{titles}.", evidence=choice.evidence),
            Reason(
                step="proof",
                text=f"What maps to '{briefing.incident.symptom}' must pass and stay passing, "
                "and nothing beside it may get worse.",
                evidence=_symptom(briefing).evidence,
            ),
        ),
        actions=choice.actions,
        declared_risk=match.runbook.risk_level,
        risk_reasons=tuple(_risks(match.runbook, choice.actions)),
        alternatives=refused,
        would_change_mind=tuple(_would_change_mind(briefing, match)),
    )


def _risks(runbook: Runbook, actions: tuple[DraftAction, ...]) -> Iterator[str]:
    yield f"Runbook {runbook.id} says {runbook.risk_level}."
    lasting = [action for action in actions if action.undo is None]
    yield from (f"{each.title}: nothing takes it back ({each.no_undo})." for each in lasting)
    if not lasting:
        yield "Each action has an undo."


def _would_change_mind(briefing: Briefing, match: RunbookMatch) -> Iterator[str]:
    """Another explanation wants another runbook, and a check that fails forbids this one."""
    for second in briefing.hypotheses[1:2]:
        yield f"More that speaks for the second explanation ({second.percent}): {second.text}"
    for check in match.checks:
        if check.passed is None:
            yield f"A failing check {check.check}, which could not tell until now: {check.text}"


def _seen_before(past: tuple[Lesson, ...]) -> str:
    """The newest lesson in which a cure was tried; without one the newest of all."""
    if not past:
        return "Nothing like it was seen here before."
    lesson = next((each for each in past if each.outcome in TRIALS), past[0])
    by = "; ".join(lesson.actions)
    seconds = f"{lesson.seconds:.0f} s"
    became = {
        Outcome.VERIFIED: f"proven in {seconds} by: {by}",
        Outcome.NOT_FIXED: f"not fixed by: {by}" if by else "not fixed",
        Outcome.REGRESSED: f"made worse by: {by}",
    }.get(lesson.outcome, "nothing was done then")
    if lesson.came_back_as:
        became = f"proven in {seconds} by: {by}, and back as incident {lesson.came_back_as}"
    return f"Seen before: incident {lesson.incident} on {lesson.at:%Y-%m-%d}, {became}."


def _nothing(briefing: Briefing, why: str) -> Draft:
    cause = (
        _cause(briefing.hypotheses[0])
        if briefing.hypotheses
        else Reason(step="cause", text="No cause was found.")
    )
    best = briefing.matches[0].runbook.id if briefing.matches else "none"
    return Draft(
        runbook=None,
        summary="Nothing is proposed.",
        reasons=(
            _symptom(briefing),
            cause,
            Reason(step="runbook", text=f"The best of {len(briefing.matches)} matches: {best}."),
            Reason(step="actions", text="None."),
            Reason(step="proof", text=why),
        ),
        actions=(),
        declared_risk=Risk.LOW,
    )


def _symptom(briefing: Briefing) -> Reason:
    seen = [e for e in briefing.evidence if e.finding in _SYMPTOM]
    text = " ".join(e.text for e in seen) or "Nobody looked at the symptom."
    return Reason(
        step="symptom",
        text=f"{briefing.incident.service}: {briefing.incident.symptom}. {text}",
        evidence=tuple(e.id for e in seen),
    )


def _cause(top: Hypothesis) -> Reason:
    return Reason(
        step="cause",
        text=f"{top.text} ({top.percent} among the competing explanations.)",
        evidence=top.supported_by,
    )
