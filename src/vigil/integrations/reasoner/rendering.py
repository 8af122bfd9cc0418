"""What a model is told of an incident: a few pieces of text, bounded, each still to be redacted.

Each is JSON, so that a line of a log stays a string beside others, whatever is in it. How long a
text may be is only noted here: the desk redacts it first, and cuts it then.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from vigil.domain.briefing import Briefing, DraftAction
from vigil.domain.catalogue import Service
from vigil.domain.evidence import Evidence
from vigil.domain.filled_in import filled_in
from vigil.domain.lesson import Lesson
from vigil.domain.parameters import Missing, Parameters, parameters_of
from vigil.domain.runbook import RunbookMatch
from vigil.domain.shortened import Content, Long, written

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


class Material(NamedTuple):
    """A piece before it was redacted."""

    name: str
    content: Content

    @property
    def text(self) -> str:
        """As it would be told if nothing in it were private."""
        return written(self.content)


def materials(briefing: Briefing) -> Iterator[Material]:
    """Everything that is known, what changes least first."""
    yield Material("service", _service(briefing.incident.service, briefing.service))
    for match in briefing.matches[:MOST_RUNBOOKS]:
        yield Material(f"runbook {match.runbook.id}", _runbook(match, briefing))
    past = [_lesson(each) for each in briefing.past[:MOST_LESSONS]]
    yield Material("past-incidents", past)
    yield Material("incident", _incident(briefing))
    yield Material("hypotheses", _hypotheses(briefing))
    yield Material("evidence", _evidence(briefing.evidence))


def _long(text: str, most: int = MOST_TEXT) -> Long:
    return Long(text, most)


def _service(name: str, service: Service) -> Content:
    """What may be done to it and what it hangs together with; no address and no path."""
    private: dict[str, Content] = {
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


def _runbook(match: RunbookMatch, briefing: Briefing) -> Content:
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
            {"check": each.check, "passed": each.passed, "text": _long(each.text)}
            for each in match.checks
        ],
        "record": {"trials": match.record.trials, "successes": match.record.successes},
        "actions_filled_in": list(_filled_in(match, parameters)),
        "text": _long(runbook.body, MOST_BODY),
    }


def _filled_in(match: RunbookMatch, parameters: Parameters) -> Iterator[Content]:
    for _, action in filled_in(match.runbook, parameters):
        if isinstance(action, Missing):
            yield {"missing": action.parameter, "why": _long(action.reason)}
        else:
            yield _action(action)


def _action(action: DraftAction) -> Content:
    return {
        "title": action.title,
        "script": action.script,
        "undo": action.undo,
        "no_undo": action.no_undo,
        "raw": list(action.raw),
    }


def _lesson(lesson: Lesson) -> Content:
    return {
        "incident": lesson.incident,
        "on": lesson.at.date().isoformat(),
        "hypothesis": _long(lesson.hypothesis),
        "actions": [_long(each) for each in lesson.actions],
        "outcome": lesson.outcome,
        "came_back": lesson.came_back_as is not None,
    }


def _incident(briefing: Briefing) -> Content:
    incident = briefing.incident
    return {
        "id": incident.id,
        "service": incident.service,
        "symptom": incident.symptom,
        "severity": incident.severity,
        "title": _long(incident.title),
        "opened_at": incident.opened_at.isoformat(),
        "attempt": incident.attempt,
    }


def _hypotheses(briefing: Briefing) -> Content:
    return [
        {
            "failure_type": each.failure_type,
            "component": each.component,
            "share": each.percent,
            "text": _long(each.text),
            "supported_by": list(each.supported_by),
            "contradicted_by": list(each.contradicted_by),
        }
        for each in briefing.hypotheses[:MOST_HYPOTHESES]
    ]


def _evidence(evidence: Sequence[Evidence]) -> Content:
    shown: list[Content] = [_piece(each) for each in evidence[:MOST_EVIDENCE]]
    if len(evidence) > len(shown):
        shown.append({"left_out": len(evidence) - len(shown)})
    return shown


def _piece(each: Evidence) -> Content:
    data = json.dumps(each.data, ensure_ascii=False)
    return {
        "id": each.id,
        "finding": each.finding,
        "component": each.component,
        "text": _long(each.text),
        "data": dict(each.data) if len(data) <= MOST_DATA else _long(data, MOST_DATA),
        "at": each.at.isoformat(),
    }


def numbered(sentences: Iterable[str]) -> str:
    """A list of mistakes, to be redacted and told."""
    return "\n".join(f"{number}. {each}" for number, each in enumerate(sentences, start=1))
