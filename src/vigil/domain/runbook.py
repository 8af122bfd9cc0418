"""A runbook: what people know about one kind of failure, in a form that can be checked and bound.

It speaks of parameters, never of names, so that one runbook serves many services. Parameters are
written ``{{name}}`` in scripts and are bound from evidence and catalogue.
"""

import operator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from vigil.domain.effects import Risk
from vigil.domain.evidence import Finding
from vigil.domain.hypothesis import FailureType
from vigil.domain.identity import content_digest
from vigil.domain.value import Name, Value


class CheckExpectation(StrEnum):
    """Whether a finding has to be there or has to be missing."""

    PRESENT = "present"
    ABSENT = "absent"


ONE, SEVERAL = "one", "several"
"""How a check's finding is written; not part of what anybody writes."""


def _how_many(finding: object) -> str:
    return SEVERAL if isinstance(finding, list | tuple) else ONE


class Check(Value):
    """One read-only diagnosis check: look again for a finding, on the service or what it needs.

    Of several findings any one is enough.
    """

    id: str
    title: str
    finding: Annotated[
        Annotated[Finding, Tag(ONE)]
        | Annotated[tuple[Finding, ...], Field(min_length=1), Tag(SEVERAL)],
        # Told apart by its form, so that a mistake in it is told once and in its own words.
        Discriminator(_how_many),
    ]
    expect: CheckExpectation = CheckExpectation.PRESENT

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that are looked for."""
        return (self.finding,) if isinstance(self.finding, Finding) else self.finding


class CheckResult(Value):
    """What a diagnosis check gave: ``passed`` is None when it could not look."""

    check: str
    passed: bool | None
    text: str
    evidence: tuple[str, ...] = ()


class Step(Value):
    """One remediation step: a script with parameters, its grants by verb, its undo or why none.

    ``for_each`` repeats the step for each value of a list parameter, bound as ``{{item}}``.
    """

    title: str
    script: str
    verbs: tuple[str, ...]
    for_each: str | None = None
    undo: str | None = None
    no_undo: str | None = None
    # Left out where it is empty, so that runbooks from before there were any keep their digest.
    raw: tuple[str, ...] = Field(default=(), max_length=4, exclude_if=operator.not_)
    """Names of raw grants: with them the script is of free form, and a person is always asked."""


class Record(Value):
    """How often plans of a runbook were tried and proven; ``commit`` says of which code."""

    trials: int = Field(ge=0)
    successes: int = Field(ge=0)
    commit: str | None = None
    measured_on: str | None = None

    def with_lab(self, lab: "Record | None") -> "Record":
        """Both counted together: what was measured here, and what was measured in the lab."""
        if lab is None:
            return self
        trials, successes = self.trials + lab.trials, self.successes + lab.successes
        return lab.model_copy(update={"trials": trials, "successes": successes})


class Runbook(Value):
    """One file of the knowledge base, parsed."""

    id: str
    title: str
    service: tuple[str, ...]
    """Kinds of service (``web-application``) or names it was written for."""
    failure_types: tuple[FailureType, ...] = Field(min_length=1)
    severity: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    risk_level: Risk
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]
    verify: Literal["symptom"] = "symptom"
    """What proves the cure: the probes that map to the symptom, whatever else is looked at."""
    # Left out where it is empty, so that runbooks from before it was said keep their digest.
    verify_with: tuple[Name, ...] = Field(default=(), max_length=10, exclude_if=operator.not_)
    """Names of further probes that have to pass after it, of the service or of what it needs."""
    lab_record: Record | None = None
    body: str
    path: str

    @property
    def digest(self) -> str:
        """Digest of what a plan would take from it; the measured record is not part of it."""
        return content_digest(self.model_dump(mode="json", exclude={"lab_record", "path"}))


class RunbookMatch(Value):
    """A runbook recalled for a hypothesis, with how well it fits, 0 to 100, and why."""

    runbook: Runbook
    context_match: int
    checks: tuple[CheckResult, ...]
    record: Record
    """The record that counts here: that of this installation, and the lab's in a lab."""
    reasons: tuple[str, ...]
