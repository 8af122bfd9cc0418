"""How each question to the desk is answered: one function for each, over ports that only look.

Nothing of a question reaches a port but names that were found in the catalogue or the record, and
numbers within their bounds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from pydantic import BaseModel, JsonValue

from vigil.domain.briefing import Briefing
from vigil.domain.catalogue import Catalogue, Condition
from vigil.domain.probe import ProbeRef
from vigil.domain.question import (
    LogTemplates,
    Metrics,
    PastIncidents,
    Question,
    ReadRunbook,
    RecentChanges,
    RunProbe,
)
from vigil.domain.runbook import Runbook
from vigil.ports.changes import Changes
from vigil.ports.clock import Clock
from vigil.ports.memory import Memory, Occurrence
from vigil.ports.probes import Probes
from vigil.ports.telemetry import Telemetry

MOST_RECALLED = 20
"""Runbooks among which one is looked for by its id."""
MOST_LESSONS = 10


@dataclass(frozen=True)
class Sources:
    """What is looked with."""

    catalogue: Catalogue
    probes: Probes
    telemetry: Telemetry
    changes: Changes
    memory: Memory
    clock: Clock


class Found(NamedTuple):
    """What a look gave, not yet bounded and not yet redacted."""

    content: JsonValue
    failed: bool = False


class Lookups:
    """Answers questions about one incident."""

    def __init__(self, briefing: Briefing, sources: Sources) -> None:
        self._briefing = briefing
        self._sources = sources
        self._around = _around(briefing.incident.service, sources.catalogue)

    async def look(self, question: Question) -> Found:
        """Look; a ``VigilError`` of a port is the caller's to tell."""
        match question:
            case Metrics():
                return await self._metrics(question)
            case LogTemplates():
                return await self._logs(question)
            case RecentChanges():
                return await self._changes(question)
            case RunProbe():
                return await self._probe(question)
            case ReadRunbook():
                return await self._runbook(question)
            case PastIncidents():
                return await self._past(question)

    async def _metrics(self, question: Metrics) -> Found:
        service = self._sources.catalogue.services.get(question.service)
        if service is None or question.service not in self._around:
            return self._no_such_service(question.service)
        symptom = service.symptoms.get(question.symptom)
        if symptom is None or symptom.condition is None:
            counted = [n for n, each in service.symptoms.items() if each.condition is not None]
            return _no_such("symptom that is counted", question.symptom, counted)
        wanted = symptom.condition.model_copy(update={"window_s": question.window_s})
        return Found(content=await self._measured(question.service, wanted))

    async def _measured(self, service: str, condition: Condition) -> JsonValue:
        telemetry, opened_at = self._sources.telemetry, self._briefing.incident.opened_at
        found = {
            "now": await telemetry.bad_ratio(service, condition),
            "usual_before_the_incident": await telemetry.usual(service, condition, opened_at),
            "seconds_since_the_incident": await telemetry.latency(
                service, opened_at, condition.where
            ),
        }
        return {name: _plain(value) for name, value in found.items()}

    async def _logs(self, question: LogTemplates) -> Found:
        if question.service not in self._around:
            return self._no_such_service(question.service)
        since = self._sources.clock.now() - timedelta(minutes=question.minutes)
        templates = await self._sources.telemetry.log_templates(question.service, since)
        errors = await self._sources.telemetry.log_errors(question.service, since)
        if templates is None and errors is None:
            return could_not(f"the logs of {question.service} cannot be read")
        return Found(
            content={
                "errors": [_plain(each) for each in errors or ()],
                "templates": [_plain(each) for each in templates or ()],
            }
        )

    async def _changes(self, question: RecentChanges) -> Found:
        if question.service not in self._around:
            return self._no_such_service(question.service)
        since = self._sources.clock.now() - timedelta(hours=question.hours)
        releases = await self._sources.changes.releases(question.service, since)
        if releases is None:
            return could_not(f"nobody writes down what is released of {question.service}")
        return Found(content=[_plain(release) for release in releases])

    async def _probe(self, question: RunProbe) -> Found:
        if question.service not in self._around:
            return self._no_such_service(question.service)
        catalogue = self._sources.catalogue
        quick = catalogue.quick_probes(self._briefing.incident.service)
        ref = ProbeRef(service=question.service, probe=question.probe)
        if ref not in quick:
            names = [
                each.probe
                for each in quick
                if each.service == question.service and catalogue.probe(each).only_reads
            ]
            return _no_such("probe that may be run to look around", question.probe, names)
        probe = catalogue.probe(ref)
        if not probe.only_reads:
            # Its owner wrote it down to see how the service is; a model would send it as it likes.
            why = "sends what may change something, so it is not run to look around"
            return could_not(f"the probe '{ref}' {why}")
        result = await self._sources.probes.run(ref, probe)
        return Found(content=result.model_dump(mode="json", exclude={"screenshot"}))

    async def _runbook(self, question: ReadRunbook) -> Found:
        briefed = [match.runbook for match in self._briefing.matches]
        words = question.runbook.replace("-", " ")
        recalled = [r.runbook for r in await self._sources.memory.recall(words, MOST_RECALLED)]
        known = {runbook.id: runbook for runbook in (*recalled, *briefed)}
        runbook = known.get(question.runbook)
        if runbook is None:
            return _no_such("runbook", question.runbook, known)
        return Found(content=_runbook(runbook))

    async def _past(self, question: PastIncidents) -> Found:
        incident = self._briefing.incident
        like = Occurrence(
            incident=incident.id,
            service=incident.service,
            symptom=incident.symptom,
            failure_type=question.failure_type,
        )
        lessons = await self._sources.memory.like(like, MOST_LESSONS)
        return Found(content=[_plain(lesson) for lesson in lessons])

    def _no_such_service(self, name: str) -> Found:
        return _no_such("service of this incident or beside it", name, self._around)


def _around(service: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The service, what it needs and what needs it: nobody asks about the others here."""
    needs = catalogue.services[service].depends_on
    needed_by = (name for name, each in catalogue.services.items() if service in each.depends_on)
    return tuple(dict.fromkeys((service, *needs, *needed_by)))


def _plain(value: BaseModel | None) -> JsonValue:
    return None if value is None else value.model_dump(mode="json")


def _runbook(runbook: Runbook) -> JsonValue:
    kept: dict[str, JsonValue] = runbook.model_dump(
        mode="json", include={"id", "title", "service", "failure_types", "risk_level", "body"}
    )
    return {
        **kept,
        "checks": [each.model_dump(mode="json") for each in runbook.checks],
        "steps": [each.model_dump(mode="json") for each in runbook.steps],
    }


def _no_such(what: str, name: str, known: Iterable[str]) -> Found:
    there = ", ".join(sorted(known)) or "none"
    return could_not(f"there is no {what} called '{name}'; known: {there}")


def could_not(why: str) -> Found:
    """Nobody looked, or nothing can be known."""
    return Found(content={"failed": why}, failed=True)
