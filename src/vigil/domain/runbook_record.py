"""The lab's measured record of runbooks, kept beside them in ``records.json``.

It is not part of the runbooks' files, because a record names the digest of the text that was
measured: a runbook that was edited since has no record.
"""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from vigil.domain.runbook import Record, Runbook
from vigil.domain.runbook_file import Mistake
from vigil.domain.value import Sha256, Value


class LabRecord(Value):
    """What was measured, of which text and which code, and how to measure it again."""

    digest: Sha256
    trials: int = Field(ge=1)
    successes: int = Field(ge=0)
    commit: str = Field(min_length=7, max_length=64, pattern="^[0-9a-f]+$")
    measured_on: str = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    command: str = Field(min_length=1)

    @model_validator(mode="after")
    def _no_more_successes_than_trials(self) -> Self:
        if self.successes > self.trials:
            raise ValueError(f"{self.successes} successes of {self.trials} trials cannot be")
        return self


class LabRecords(Value):
    """``records.json``: a record for each runbook that was measured."""

    schema_: Literal["vigil.runbook-records/1"] = Field(alias="schema")
    records: dict[str, LabRecord]


def read_records(path: str, text: bytes) -> LabRecords | tuple[Mistake, ...]:
    """The records, or every mistake in the file."""
    try:
        return LabRecords.model_validate_json(text)
    except ValidationError as error:
        return tuple(
            Mistake(
                path=path,
                line=1,
                text=f"{'.'.join(str(p) for p in each['loc']) or 'the file'}: {each['msg']}",
                remedy="measure it again in the lab, or correct the file",
            )
            for each in error.errors()
        )


def unknown_in(path: str, records: LabRecords, runbooks: Iterable[Runbook]) -> tuple[Mistake, ...]:
    """Records of runbooks that do not exist."""
    known = {runbook.id for runbook in runbooks}
    return tuple(
        Mistake(
            path=path,
            line=1,
            text=f"there is no runbook {name!r}",
            remedy="remove its record, or rename it as the runbook was renamed",
        )
        for name in sorted(records.records.keys() - known)
    )


def with_record(runbook: Runbook, records: LabRecords) -> Runbook:
    """The runbook with its record, if one was measured of its present text."""
    record = records.records.get(runbook.id)
    if record is None or record.digest != runbook.digest:
        return runbook
    counted = Record(
        trials=record.trials,
        successes=record.successes,
        commit=record.commit,
        measured_on=record.measured_on,
    )
    return runbook.model_copy(update={"lab_record": counted})


def stale(runbooks: Iterable[Runbook], records: LabRecords) -> tuple[str, ...]:
    """Runbooks whose record does not count, because their text was changed since."""
    return tuple(
        runbook.id
        for runbook in runbooks
        if runbook.id in records.records and records.records[runbook.id].digest != runbook.digest
    )
