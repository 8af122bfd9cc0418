"""Everybody decides at once, in threads and in processes: one wins, the others are told who (12 s).

Approving twice, rejecting, expiring, taking back, cancelling and stopping, against the real journal
and the real switch.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.record import PLAN, Record, at, open_record, waiting

from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.integrations.journal import SqlJournal
from vigil.integrations.switch.embedded import FileSwitch
from vigil.integrations.switch.shared import SharedSwitch
from vigil.ports.journal import Decided
from vigil.ports.workflow import Segment

ROOT = Path(__file__).parents[2]
UNTIL = 10.0
CONTENDERS = (
    (Answer.APPROVED, "Ada"),
    (Answer.APPROVED, "Grace"),
    (Answer.REJECTED, "Edsger"),
    (Answer.EXPIRED, "vigil"),
    (Answer.WITHDRAWN, "vigil"),
    (Answer.CANCELLED, "Barbara"),
)
ROUNDS = 25
MILLISECOND = 0.001
PROCESSES = 3


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


async def decide(record: Record, incident: str, answer: Answer, by: str) -> Decided:
    """At the last moment at which it may be approved, or the first at which it expires."""
    moment = at(UNTIL) if answer is Answer.EXPIRED else at(UNTIL - 1)
    if answer is Answer.CANCELLED:
        return await record.journal.cancel(incident, Cancellation(by=by, at=moment))
    approval = Approval(plan_digest=PLAN, answer=answer, by=by, at=moment)
    return await record.journal.answer(incident, approval)


async def one_won(record: Record, incident: str, decided: list[Decided]) -> Answer:
    """One answer to the plan; what was approved and not begun is cancelled after that as well."""
    winner = await record.journal.approval(incident, PLAN)
    assert winner is not None
    assert (winner.answer, winner.by) in CONTENDERS
    [won] = [each.approval for each in decided if each.won and each.approval]
    assert won == winner
    for each in decided:
        words = (winner.answer.value, f"by {winner.by}")
        assert each.won or all(word in each.text for word in words), each.text
    approved = winner.answer is Answer.APPROVED
    assert sum(each.won for each in decided) == 1 + approved
    kinds = [event.kind for event in await record.journal.events(incident)]
    told = [kind for kind in kinds if kind in set(Answer)]
    assert told == ([winner.answer, Answer.CANCELLED] if approved else [winner.answer])
    after = await record.journal.incident(incident)
    assert (after.waiting_on, after.expires_at) == (None, None)
    assert after.cancelled_by == ("Barbara" if Answer.CANCELLED in told else None)
    due = {each.segment for each in await record.journal.due(10_000) if each.incident == incident}
    expected = {Segment.ACT, Segment.CLOSE} if approved else {Segment.CLOSE}
    assert due - {Segment.ORIENT} == expected
    return winner.answer


async def test_in_threads_of_one_process(record: Record) -> None:
    won = set[Answer]()
    for number in range(ROUNDS):
        incident = await waiting(record, UNTIL, f"s{number}")
        turned = CONTENDERS[number % 6 :] + CONTENDERS[: number % 6]
        calls = (decide(record, incident.id, *each) for each in turned)
        won.add(await one_won(record, incident.id, await asyncio.gather(*calls)))
    assert len(won) > 1, "it was no race"


PROCESS = """
import asyncio, sys
from pathlib import Path
from tests.lifecycle.test_decisions_race import CONTENDERS, PROCESSES, decide
from tests.support.record import open_record

async def main(directory, url, number, *incidents):
    record = open_record(Path(directory), url)
    print("ready", flush=True)
    sys.stdin.readline()
    for place, incident in enumerate(incidents):
        # Another one in each round: one process may be quicker than the others all the time.
        mine = CONTENDERS[(int(number) + place) % PROCESSES :: PROCESSES]
        for decided in await asyncio.gather(*(decide(record, incident, *each) for each in mine)):
            print(decided.model_dump_json())

asyncio.run(main(*sys.argv[1:]))
"""


def test_in_processes(record: Record, tmp_path: Path, database_url: str) -> None:
    async def all_wait() -> list[str]:
        return [(await waiting(record, UNTIL, f"s{n}")).id for n in range(ROUNDS)]

    incidents = asyncio.run(all_wait())
    begun = [sys.executable, "-c", PROCESS, str(tmp_path), database_url]
    processes = [
        subprocess.Popen(
            [*begun, str(number), *incidents],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    decided: dict[str, list[Decided]] = {incident: [] for incident in incidents}
    for process in processes:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        each_twice = [incident for incident in incidents for _ in range(2)]
        for incident, line in zip(each_twice, said.splitlines(), strict=True):
            decided[incident].append(Decided.model_validate_json(line))

    async def all_told() -> set[Answer]:
        return {await one_won(record, incident, decided[incident]) for incident in incidents}

    assert len(asyncio.run(all_told())) > 1, "it was no race"


# --- approving and stopping ------------------------------------------------------------------

RUNS = SwitchState(stopped=False)
STOPS = SwitchState(stopped=True, by="Lin", text="a drill")
Switched = tuple[SqlJournal, FileSwitch | SharedSwitch]


@pytest.fixture
def switched(record: Record, tmp_path: Path) -> Switched:
    """A journal and the switch that it heeds, as they are put together for its database."""
    path, alone = tmp_path / "switch.json", record.engine.dialect.name == "sqlite"
    switch = FileSwitch(path, record.engine) if alone else SharedSwitch(path, record.engine)
    switch.set(RUNS)
    return SqlJournal(record.engine, record.keys, switched=switch.read_within), switch


async def approve(journal: SqlJournal, incident: str) -> Decided:
    ada = Approval(plan_digest=PLAN, answer=Answer.APPROVED, by="Ada", at=at(2))
    return await journal.answer(incident, ada)


async def test_an_approval_that_was_under_way_loses_to_a_stop(
    record: Record, switched: Switched
) -> None:
    """It stands in line behind somebody who writes while Vigil is stopped."""
    journal, switch = switched
    incident = await waiting(record)
    with record.engine.connect() as other:
        locked = other.begin()
        if record.engine.dialect.name == "postgresql":
            other.exec_driver_sql("SELECT 1 FROM incidents FOR UPDATE")
        approving = asyncio.create_task(approve(journal, incident.id))
        await asyncio.sleep(0.05)
        assert not approving.done()
        stopping = asyncio.create_task(asyncio.to_thread(switch.set, STOPS))
        while not switch.read().stopped:  # noqa: ASYNC110 - a file is looked at
            await asyncio.sleep(0.001)
        locked.rollback()
    decided = await approving
    await stopping
    assert not decided.won
    assert "Vigil is stopped by Lin (a drill)" in decided.text
    assert await journal.approval(incident.id, PLAN) is None
    await asyncio.to_thread(switch.set, RUNS)
    assert (await approve(journal, incident.id)).won


async def test_once_a_stop_holds_no_approval_comes_to_be(
    record: Record, switched: Switched
) -> None:
    """The one comes ever sooner, the other ever later."""
    journal, switch = switched

    async def approve_after(pause_s: float, incident: str) -> Decided:
        await asyncio.sleep(pause_s)
        return await approve(journal, incident)

    async def stop_after(pause_s: float, incident: str) -> Approval | None:
        await asyncio.sleep(pause_s)
        await asyncio.to_thread(switch.set, STOPS)
        return await journal.approval(incident, PLAN)

    won = set[bool]()
    for number in range(ROUNDS):
        incident = await waiting(record, None, f"t{number}")
        sooner, later = (ROUNDS - number) * MILLISECOND, number * MILLISECOND
        decided, then = await asyncio.gather(
            approve_after(sooner, incident.id), stop_after(later, incident.id)
        )
        assert decided.approval == then == await journal.approval(incident.id, PLAN)
        assert decided.won or "Vigil is stopped by Lin" in decided.text
        won.add(decided.won)
        await asyncio.to_thread(switch.set, RUNS)
    assert won == {True, False}, "it was no race"
