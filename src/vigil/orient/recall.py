"""CONTEXT_RETRIEVED: which runbooks fit, how well, and what became of them before."""

from vigil.domain.case import Ranking, Recollection
from vigil.domain.catalogue import Environment
from vigil.domain.hypothesis import Hypothesis
from vigil.domain.runbook import CheckResult, Record, Runbook, RunbookMatch
from vigil.orient.diagnose import diagnose
from vigil.orient.scene import Scene
from vigil.ports.memory import Memory, Occurrence, Recalled

LIMIT = 5
PAST = 3
"""Lessons of incidents like this one that are cited."""

# A match of 100 is made of these shares.
FOR_SERVICE = 25
FOR_FAILURE_TYPE = 30
FOR_TEXT = 15
FOR_CHECKS = 30


async def recall(scene: Scene, ranking: Ranking, memory: Memory) -> Recollection:
    """Runbooks found by text, scored against the leading hypothesis, best match first."""
    service = scene.service
    if service is None:
        return Recollection(matches=())
    top = ranking.top
    words = " ".join(
        [top.failure_type.replace("_", " "), scene.incident.symptom, top.text, service.kind]
    )
    recalled = await memory.recall(words, LIMIT)
    checks = await diagnose(tuple(r.runbook for r in recalled), scene)
    names = (service.kind, scene.incident.service)
    matches = [
        _match(
            found,
            top,
            names,
            checks[found.runbook.id],
            await _record(scene, memory, found.runbook, service.kind),
        )
        for found in recalled
    ]
    matches.sort(key=lambda match: (-match.context_match, match.runbook.id))
    alike = Occurrence(
        incident=scene.incident.id,
        service=scene.incident.service,
        symptom=scene.incident.symptom,
        failure_type=top.failure_type,
    )
    return Recollection(matches=tuple(matches), past=await memory.like(alike, PAST))


def _match(
    found: Recalled,
    top: Hypothesis,
    names: tuple[str, str],
    checks: tuple[CheckResult, ...],
    record: Record,
) -> RunbookMatch:
    """The match from 0 to 100 and the reasons for it; a check nobody could run has not passed."""
    runbook = found.runbook
    fits_service = bool(set(names) & set(runbook.service))
    fits_type = top.failure_type in runbook.failure_types
    passed = sum(1 for check in checks if check.passed)
    share = passed / len(checks) if checks else 0.0
    score = (
        FOR_SERVICE * fits_service
        + FOR_FAILURE_TYPE * fits_type
        + FOR_TEXT * found.text_score
        + FOR_CHECKS * share
    )
    return RunbookMatch(
        runbook=runbook,
        context_match=round(score),
        checks=checks,
        record=record,
        reasons=(
            f"{'written' if fits_service else 'not written'} for {names[0]}",
            f"{'covers' if fits_type else 'does not cover'} {top.failure_type}",
            f"text match {found.text_score:.2f}",
            f"{passed} of {len(checks)} diagnosis checks passed",
        ),
    )


async def _record(scene: Scene, memory: Memory, runbook: Runbook, kind: str) -> Record:
    """What was measured here; in a lab what was measured in the lab counts as well."""
    in_lab = scene.catalogue.environment is Environment.LAB
    here = await memory.record(runbook, kind)
    return here.with_lab(runbook.lab_record if in_lab else None)
