"""What a model is told of an incident: a few pieces of text, bounded, each still to be redacted.

Each is JSON, so that a line of a log stays a string beside others, whatever is in it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from vigil.domain.briefing import Briefing, DraftAction
from vigil.domain.catalogue import Service
from vigil.domain.evidence import Evidence
from vigil.domain.filled_in import filled_in
from vigil.domain.lesson import Lesson
from vigil.domain.parameters import Missing, Parameters, parameters_of
from vigil.domain.runbook import RunbookMatch

MOST_EVIDENCE = 60
MOST_HYPOTHESES = 8
MOST_RUNBOOKS = 3
MOST_LESSONS = 5
MOST_TEXT = 800
"""Characters of one sentence."""
MOST_DATA = 2000
"""Characters of the data of one piece of evidence."""
MOST_BODY = 4000
"""Characters of what a runbook says to people."""
CUT = " [cut]"


class Material(NamedTuple):
    """A piece before it was redacted."""

    name: str
    text: str


def materials(briefing: Briefing) -> Iterator[Material]:
    """Everything that is known, what changes least first."""
    yield Material("service", _json(_service(briefing.incident.service, briefing.service)))
    for match in briefing.matches[:MOST_RUNBOOKS]:
        yield Material(f"runbook {match.runbook.id}", _json(_runbook(match, briefing)))
    past = [_lesson(each) for each in briefing.past[:MOST_LESSONS]]
    yield Material("past-incidents", _json(past))
    yield Material("incident", _json(_incident(briefing)))
    yield Material("hypotheses", _json(_hypotheses(briefing)))
    yield Material("evidence", _json(_evidence(briefing.evidence)))


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _cut(text: str, most: int = MOST_TEXT) -> str:
    if len(text) <= most:
        return text
    # Between two words: half of a secret would not be known for one.
    return text[: most + 1].rpartition(" ")[0] + CUT


def _service(name: str, service: Service) -> JsonValue:
    """What may be done to it and what it hangs together with; no address and no path."""
    private: dict[str, JsonValue] = {
        name: list(grant.private) for name, grant in service.raw_grants.items() if grant.private
    }
    return {
        "name": name,
        "kind": service.kind,
        "depends_on": list(service.depends_on),
        "processes": list(service.processes.names) if service.processes else [],
        "symptoms": list(service.symptoms),
        "probes": list(service.all_probes),
        "grants": {grant: given.verb for grant, given in service.grants.items()},
        "raw_grants": list(service.raw_grants),
        **({"private": private} if private else {}),
        "most_actions": service.limits.max_actions,
    }


def _runbook(match: RunbookMatch, briefing: Briefing) -> JsonValue:
    runbook = match.runbook
    parameters = parameters_of(
        briefing.incident.service,
        briefing.service,
        briefing.evidence,
        briefing.hypotheses[0].supported_by if briefing.hypotheses else (),
    )
    return {
        "id": runbook.id,
        "title": runbook.title,
        "cures": list(runbook.failure_types),
        "context_match": match.context_match,
        "risk": runbook.risk_level,
        "checks": [
            {"check": each.check, "passed": each.passed, "text": _cut(each.text)}
            for each in match.checks
        ],
        "record": {"trials": match.record.trials, "successes": match.record.successes},
        "actions_filled_in": list(_filled_in(match, parameters)),
        "text": _cut(runbook.body, MOST_BODY),
    }


def _filled_in(match: RunbookMatch, parameters: Parameters) -> Iterator[JsonValue]:
    for _, action in filled_in(match.runbook, parameters):
        if isinstance(action, Missing):
            yield {"missing": action.parameter, "why": _cut(action.reason)}
        else:
            yield _action(action)


def _action(action: DraftAction) -> JsonValue:
    return {
        "title": action.title,
        "script": action.script,
        "undo": action.undo,
        "no_undo": action.no_undo,
        "raw": list(action.raw),
    }


def _lesson(lesson: Lesson) -> JsonValue:
    return {
        "incident": lesson.incident,
        "on": lesson.at.date().isoformat(),
        "hypothesis": _cut(lesson.hypothesis),
        "actions": [_cut(each) for each in lesson.actions],
        "outcome": lesson.outcome,
        "came_back": lesson.came_back_as is not None,
    }


def _incident(briefing: Briefing) -> JsonValue:
    incident = briefing.incident
    return {
        "id": incident.id,
        "service": incident.service,
        "symptom": incident.symptom,
        "severity": incident.severity,
        "title": _cut(incident.title),
        "opened_at": incident.opened_at.isoformat(),
        "attempt": incident.attempt,
    }


def _hypotheses(briefing: Briefing) -> JsonValue:
    return [
        {
            "failure_type": each.failure_type,
            "component": each.component,
            "share": each.percent,
            "text": _cut(each.text),
            "supported_by": list(each.supported_by),
            "contradicted_by": list(each.contradicted_by),
        }
        for each in briefing.hypotheses[:MOST_HYPOTHESES]
    ]


def _evidence(evidence: Sequence[Evidence]) -> JsonValue:
    shown: list[JsonValue] = [_piece(each) for each in evidence[:MOST_EVIDENCE]]
    if len(evidence) > len(shown):
        shown.append({"left_out": len(evidence) - len(shown)})
    return shown


def _piece(each: Evidence) -> JsonValue:
    data = json.dumps(each.data, ensure_ascii=False)
    return {
        "id": each.id,
        "finding": each.finding,
        "component": each.component,
        "text": _cut(each.text),
        "data": dict(each.data) if len(data) <= MOST_DATA else _cut(data, MOST_DATA),
        "at": each.at.isoformat(),
    }


def numbered(sentences: Iterable[str]) -> str:
    """A list of mistakes, to be redacted and told."""
    return "\n".join(f"{number}. {each}" for number, each in enumerate(sentences, start=1))
