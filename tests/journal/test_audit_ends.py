"""What remote runners have signed: who writes a record anew cannot write that anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.runner.far import NAME, new_identity
from tests.runner.test_signed import HUB, RUNNER, connection, frame, plan
from tests.support.record import at, open_record, opened
from typer.testing import CliRunner

from vigil.cli.audit import audit_app, signed_ends, write_export
from vigil.domain.audit_ends import SignedEnds
from vigil.domain.errors import SettingsError
from vigil.domain.plan import ActionResult, ActionStatus, Execution, PeakUse, Plan
from vigil.domain.timeline import Event
from vigil.integrations.journal import export_lines
from vigil.link.identity import genuine
from vigil.story.telling import tell_execution, tell_plan

STRANGER = new_identity().public
JUDGED = plan().model_copy(update={"runner": NAME})
DONE = ActionResult(
    action="a1",
    status=ActionStatus.SUCCEEDED,
    exit_code=0,
    output="done\n",
    seconds=1.25,
    peak=PeakUse(processes=3),
)


def signed(judged: Plan = JUDGED, action: str = "a1") -> ActionResult:
    here = connection()
    order = frame(here, approved_digest=judged.digest, action=action).order
    return here.attested(DONE, order)


def told(judged: Plan = JUDGED, result: ActionResult | None = None) -> list[Event]:
    """What an incident's timeline says of a plan and of what it came to."""
    execution = Execution(plan_digest=judged.digest, results=(result or signed(judged),))
    notes = [*tell_plan(judged), *tell_execution(execution)]
    return [
        Event(
            incident="inc-1",
            seq=number,
            at=at(number),
            kind=note.kind,
            payload_digest="",
            previous="",
            hash="",
            payload=note.payload,
        )
        for number, note in enumerate(notes, start=1)
    ]


def problems(ends: SignedEnds, events: list[Event]) -> list[str]:
    return [problem for event in events for problem in ends.add(event)]


def auditor(hub: str | None = HUB.public, runner: str | None = RUNNER.public) -> SignedEnds:
    return SignedEnds(genuine, hub, {} if runner is None else {NAME: runner})


def test_an_honest_end_is_checked_with_both_keys() -> None:
    ends = auditor()
    assert problems(ends, [*told(), *told()]) == []
    assert (ends.checked, ends.unchecked) == (2, 0)


@pytest.mark.parametrize(
    ("hub", "runner"),
    [(None, None), (HUB.public, None), (None, RUNNER.public)],
    ids=["no key", "the hub's only", "the runner's only"],
)
def test_without_a_key_it_is_said_that_nobody_checked(hub: str | None, runner: str | None) -> None:
    ends = auditor(hub, runner)
    assert problems(ends, told()) == []
    assert (ends.checked, ends.unchecked) == (0, 1)


def edited(**changes: object) -> Callable[[], list[Event]]:
    return lambda: told(result=signed().model_copy(update=changes))


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (edited(status=ActionStatus.FAILED), "has signed was something else"),
        (edited(output="nothing was done\n"), "has signed was something else"),
        (edited(attestation=None), "'edge-1' has not signed"),
        (lambda: told(result=signed(action="a2")), "of another action"),
        (lambda: told(result=signed(plan())), "that this incident never had"),
        (lambda: told(JUDGED.model_copy(update={"runner": "edge-2"})), "'edge-1' ran it"),
    ],
    ids=["status", "output", "stripped", "action", "plan", "runner"],
)
def test_what_was_written_anew_is_found(forged: Callable[[], list[Event]], why: str) -> None:
    ends = auditor()
    (problem,) = problems(ends, forged())
    assert problem.startswith("incident inc-1, event 2: ")
    assert why in problem
    assert ends.checked == 0


@pytest.mark.parametrize(
    ("ends", "why"),
    [(auditor(hub=STRANGER), "another hub"), (auditor(runner=STRANGER), "with another key")],
    ids=["hub", "runner"],
)
def test_keys_of_somebody_else_are_found(ends: SignedEnds, why: str) -> None:
    (problem,) = problems(ends, told())
    assert why in problem


def test_garbage_where_a_signature_should_be_is_told_and_erased_payloads_are_not() -> None:
    planned, executed = told()
    assert executed.payload is not None
    garbage = executed.model_copy(update={"payload": {**executed.payload, "attestation": {"x": 1}}})
    (problem,) = problems(auditor(), [planned, garbage])
    assert "cannot be read" in problem
    erased = [event.model_copy(update={"payload": None}) for event in (planned, executed)]
    assert problems(auditor(), erased) == []


@pytest.mark.parametrize("given", ["edge-1", "edge-1=", "edge-1=nonsense", "edge-1=ed25519:AAAA"])
def test_a_key_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(SettingsError):
        signed_ends(None, [given])


@pytest.mark.parametrize(
    ("key", "code"), [(RUNNER.public, 0), (STRANGER, 1)], ids=["the runner's", "a stranger's"]
)
async def test_an_export_is_checked_with_all_keys(tmp_path: Path, key: str, code: int) -> None:
    record = open_record(tmp_path)
    incident = await opened(record)
    execution = Execution(plan_digest=JUDGED.digest, results=(signed(),))
    notes = [*tell_plan(JUDGED), *tell_execution(execution)]
    await record.journal.append(incident.id, notes, at(1))
    export = tmp_path / "export"
    write_export(export_lines(record.engine, record.keys, at(2)), str(export))
    keys = [f"--public-key={record.keys.public_key}", f"--hub-key={HUB.public}"]
    words = ["verify", str(export), *keys, f"--runner-key={NAME}={key}"]
    done = CliRunner().invoke(audit_app, words)
    assert done.exit_code == code
    assert ("1 ends of remote runners are signed with the keys that you gave" in done.output) is (
        code == 0
    )
    record.engine.dispose()
