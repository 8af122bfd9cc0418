"""The journal's promises, by number."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.support.record import (
    OTHER_PLAN,
    PLAN,
    Record,
    at,
    erase_payloads,
    hear,
    kinds,
    open_record,
    opened,
    resolved,
    waiting,
)

from vigil.domain.alert import AlertStatus
from vigil.domain.breaker import ALL, Reset
from vigil.domain.cost import Cost, Spent
from vigil.domain.errors import NotFound, PermanentError
from vigil.domain.executed import Executed
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.proof import Outcome
from vigil.domain.recurrence import Recurrence
from vigil.domain.switch import SwitchState
from vigil.domain.timeline import GENESIS
from vigil.domain.verdict import Answer, Approval, Cancellation
from vigil.integrations.journal import SqlJournal
from vigil.ports.journal import NextSegment, Note, Proviso, StageOutput
from vigil.ports.workflow import Segment


@pytest.fixture
def record(tmp_path: Path, database_url: str) -> Iterator[Record]:
    made = open_record(tmp_path, database_url)
    yield made
    made.engine.dispose()


def investigating(incident: Incident) -> Incident:
    return incident.moved(Stage.INVESTIGATING, at(1))


async def text_of(
    record: Record, incident: Incident, attempt: int = 1, name: str = "output"
) -> str | None:
    """JSON of what its investigation gave, if it gave something."""
    written = await record.journal.outputs(incident.id, attempt)
    places = {(each.stage, each.name): each.json_text for each in written}
    return places.get((Stage.INVESTIGATING, name))


def output(incident: Incident, json_text: str) -> StageOutput:
    return StageOutput(
        incident=incident.id, attempt=1, stage=Stage.INVESTIGATING, json_text=json_text
    )


async def test_10_it_is_over_when_the_last_word_says_so(record: Record) -> None:
    joined = await hear(record, 1, AlertStatus.FIRING, "a")
    assert joined.incident is not None
    assert not await record.journal.said_to_be_over("a")
    await hear(record, 2, AlertStatus.RESOLVED, "-")
    assert await record.journal.said_to_be_over("a")
    await record.journal.append("a", [Note(kind="evidence")], at(3))
    assert await record.journal.said_to_be_over("a"), "what is no alert says nothing of it"
    await hear(record, 4, AlertStatus.FIRING, "b")
    assert not await record.journal.said_to_be_over("a")


async def test_1_commit_writes_everything_or_nothing(record: Record) -> None:
    incident = await opened(record)
    following = NextSegment(segment=Segment.DECIDE, incident=incident.id, attempt=1)
    moved = investigating(incident)
    assert await record.journal.commit(
        incident=moved,
        expected=(Stage.TRIGGERED, 1),
        now=at(1),
        outputs=[output(incident, "{}")],
        notes=[Note(kind="stage_entered", payload={"stage": "INVESTIGATING"})],
        following=following,
    )
    assert await record.journal.incident(incident.id) == moved
    assert await text_of(record, incident) == "{}"
    assert await kinds(record, incident) == ["opened", "stage_entered"]
    assert following in await record.journal.due(10)


@pytest.mark.parametrize("expected", [(Stage.INVESTIGATING, 1), (Stage.TRIGGERED, 2)])
async def test_1_unexpected_stage_or_attempt_writes_nothing(
    record: Record, expected: tuple[Stage, int]
) -> None:
    incident = await opened(record)
    due = await record.journal.due(10)
    assert not await record.journal.commit(
        incident=investigating(incident),
        expected=expected,
        now=at(1),
        outputs=[output(incident, "{}")],
        notes=[Note(kind="stage_entered")],
        following=NextSegment(segment=Segment.DECIDE, incident=incident.id, attempt=1),
    )
    assert await record.journal.incident(incident.id) == incident
    assert await text_of(record, incident) is None
    assert await kinds(record, incident) == ["opened"]
    assert await record.journal.due(10) == due


async def test_1_failing_halfway_writes_nothing(record: Record) -> None:
    """The following segment names no incident that exists, which the database refuses at last."""
    incident = await opened(record)
    stray = NextSegment(segment=Segment.DECIDE, incident="nobody", attempt=1)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await record.journal.commit(
            incident=investigating(incident),
            expected=(Stage.TRIGGERED, 1),
            now=at(1),
            notes=[Note(kind="stage_entered")],
            following=stray,
        )
    assert await record.journal.incident(incident.id) == incident
    assert await kinds(record, incident) == ["opened"]


async def test_1_of_many_commits_at_once_one_wins(record: Record) -> None:
    incident = await opened(record)
    won = await asyncio.gather(
        *(
            record.journal.commit(
                incident=investigating(incident),
                expected=(Stage.TRIGGERED, 1),
                now=at(1),
                notes=[Note(kind="stage_entered")],
            )
            for _ in range(8)
        )
    )
    assert sum(won) == 1
    assert await kinds(record, incident) == ["opened", "stage_entered"]


async def test_1_unknown_incident_is_not_found(record: Record) -> None:
    incident = (await opened(record)).model_copy(update={"id": "nobody"})
    with pytest.raises(NotFound):
        await record.journal.commit(incident=incident, expected=(Stage.TRIGGERED, 1), now=at(1))
    with pytest.raises(NotFound):
        await record.journal.incident("nobody")
    with pytest.raises(NotFound):
        await record.journal.append("nobody", [Note(kind="x")], at(1))


async def test_2_first_output_stays(record: Record) -> None:
    incident = await opened(record)
    moved = investigating(incident)
    for json_text in ("1", "2"):
        await record.journal.commit(
            incident=moved.model_copy(update={"stage": Stage.TRIGGERED}),
            expected=(Stage.TRIGGERED, 1),
            now=at(1),
            outputs=[output(incident, json_text)],
        )
    assert await text_of(record, incident) == "1"
    assert await text_of(record, incident, name="other") is None
    assert await text_of(record, incident, 2) is None


async def test_3_appending_at_once_never_shares_a_place(record: Record) -> None:
    incident = await opened(record)
    notes = [Note(kind="one"), Note(kind="two")]
    await asyncio.gather(*(record.journal.append(incident.id, notes, at(2)) for _ in range(15)))
    events = await record.journal.events(incident.id)
    assert [event.seq for event in events] == list(range(1, 32))
    assert [event.previous for event in events[1:]] == [event.hash for event in events[:-1]]
    assert [event.kind for event in events[1:]] == ["one", "two"] * 15
    assert await record.journal.events(incident.id, after=29) == events[29:]


def approval(by: str, answer: Answer = Answer.APPROVED, digest: str = PLAN) -> Approval:
    return Approval(plan_digest=digest, answer=answer, by=by, at=at(5))


@pytest.mark.parametrize(
    ("answer", "segment"), [(Answer.APPROVED, Segment.ACT), (Answer.REJECTED, Segment.CLOSE)]
)
async def test_4_an_answer_wins_with_its_segment(
    record: Record, answer: Answer, segment: Segment
) -> None:
    incident = await waiting(record)
    given = approval("ada", answer)
    decided = await record.journal.answer(incident.id, given)
    assert (decided.won, decided.approval) == (True, given)
    assert await record.journal.approval(incident.id, PLAN) == given
    assert (await record.journal.incident(incident.id)).waiting_on is None
    last = (await record.journal.events(incident.id))[-1]
    assert (last.kind, last.at, last.payload) == (
        answer.value,
        at(5),
        {"by": "ada", "plan_digest": PLAN},
    )
    following = NextSegment(segment=segment, incident=incident.id, attempt=1)
    assert following in await record.journal.due(10)


async def test_4_of_many_answers_at_once_exactly_one_wins(record: Record) -> None:
    incident = await waiting(record)
    answers = [
        approval(f"person{n}", Answer.APPROVED if n % 2 else Answer.REJECTED) for n in range(12)
    ]
    decided = await asyncio.gather(*(record.journal.answer(incident.id, a) for a in answers))
    assert sum(each.won for each in decided) == 1
    [winner] = [each.approval for each in decided if each.won]
    assert {each.approval for each in decided} == {winner}
    ends = {Segment.ACT, Segment.CLOSE}
    assert len([s for s in await record.journal.due(10) if s.segment in ends]) == 1


async def test_4_another_digest_never_wins(record: Record) -> None:
    incident = await waiting(record)
    decided = await record.journal.answer(incident.id, approval("ada", digest=OTHER_PLAN))
    assert not decided.won
    assert PLAN in decided.text
    assert (await record.journal.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
    assert await record.journal.approval(incident.id, OTHER_PLAN) is None


async def test_4_nobody_answers_what_does_not_wait(record: Record) -> None:
    incident = await opened(record)
    assert not (await record.journal.answer(incident.id, approval("ada"))).won
    with pytest.raises(NotFound):
        await record.journal.answer("nobody", approval("ada"))


async def test_4_a_replay_cannot_ask_again_for_an_answer_that_was_given(record: Record) -> None:
    incident = await waiting(record)
    await record.journal.answer(incident.id, approval("ada"))
    assert not await record.journal.commit(
        incident=incident, expected=(Stage.SYNTHESIZING, 1), now=at(9)
    )
    assert (await record.journal.incident(incident.id)).waiting_on is None


async def test_4_what_is_said_too_late_or_too_early_never_wins(record: Record) -> None:
    incident = await waiting(record, until=60)
    early = approval("vigil", Answer.EXPIRED).model_copy(update={"at": at(59)})
    late = approval("ada").model_copy(update={"at": at(60)})
    for given in (early, late):
        decided = await record.journal.answer(incident.id, given)
        assert not decided.won
        assert "until 2026-03-01 12:01:00 UTC" in decided.text
    no = approval("vigil", Answer.EXPIRED).model_copy(update={"at": at(60)})
    assert (await record.journal.answer(incident.id, no)).won
    assert (await record.journal.incident(incident.id)).expires_at is None
    told = (await record.journal.answer(incident.id, late)).text
    assert "expired by vigil at 2026-03-01 12:01:00 UTC, as nobody had answered it" in told


async def test_4_while_stopped_nothing_is_approved_and_anything_else_is(record: Record) -> None:
    says = SwitchState(stopped=True, by="Lin", text="a drill")
    journal = SqlJournal(record.engine, record.keys, switched=lambda _: says)
    incident = await waiting(record, until=60)
    decided = await journal.answer(incident.id, approval("ada"))
    assert not decided.won
    assert "stopped by Lin (a drill)" in decided.text
    assert "goes on waiting until 2026-03-01 12:01:00 UTC" in decided.text
    assert (await journal.incident(incident.id)).waiting_on is WaitingOn.APPROVAL
    assert (await journal.answer(incident.id, approval("ada", Answer.REJECTED))).won


async def test_5_due_gives_oldest_first_and_marking_is_idempotent(record: Record) -> None:
    first, second = await opened(record, symptom="errors"), await opened(record, symptom="slow")
    segments = [
        NextSegment(segment=Segment.ORIENT, incident=i.id, attempt=1) for i in (first, second)
    ]
    assert list(await record.journal.due(10)) == segments
    assert list(await record.journal.due(1)) == segments[:1]
    await record.journal.mark(segments[0])
    await record.journal.mark(segments[0])
    assert list(await record.journal.due(10)) == segments[1:]
    await record.journal.mark(*reversed(segments))
    assert await record.journal.due(10) == ()


async def test_6_checkpoints_sign_all_heads_and_are_chained(record: Record) -> None:
    assert await record.journal.checkpoint(at(0)) is None
    first, second = await opened(record, symptom="errors"), await opened(record, symptom="slow")
    one = await record.journal.checkpoint(at(1))
    assert one is not None
    assert {head.incident for head in one.heads} == {first.id, second.id}
    assert (one.number, one.previous) == (1, GENESIS)
    assert await record.journal.checkpoint(at(2)) is None
    await record.journal.append(first.id, [Note(kind="more")], at(3))
    two = await record.journal.checkpoint(at(3))
    assert two is not None
    assert (two.number, two.previous, len(two.heads)) == (2, one.digest, 2)
    public_key = record.keys.audit.public_key()
    for checkpoint in (one, two):
        public_key.verify(bytes.fromhex(checkpoint.signature), bytes.fromhex(checkpoint.digest))


def segment(incident: Incident, segment: Segment, attempt: int = 1) -> NextSegment:
    return NextSegment(segment=segment, incident=incident.id, attempt=attempt)


async def hand_over_all(record: Record) -> None:
    for following in await record.journal.due(100):
        await record.journal.mark(following)
    assert await record.journal.due(100) == ()


async def go_on(record: Record, incident: Incident, now: float, following: NextSegment) -> None:
    assert await record.journal.commit(
        incident=incident,
        expected=(incident.stage, incident.attempt),
        now=at(now),
        following=following,
    )


async def test_7_of_what_is_under_way_the_last_segment_is_due_again(record: Record) -> None:
    early, late = await opened(record, symptom="errors"), await opened(record, symptom="slow")
    # The clock was set back before the last ones were written.
    await go_on(record, late, 9, segment(late, Segment.DECIDE))
    await go_on(record, late, 8, segment(late, Segment.ACT))
    await go_on(record, late, 7, segment(late, Segment.DECIDE, 2))
    await go_on(record, late, 6, segment(late, Segment.CLOSE, 2))
    await hand_over_all(record)
    await record.journal.due_again()
    await record.journal.due_again()
    last = {segment(early, Segment.ORIENT), segment(late, Segment.CLOSE, 2)}
    # In another turn: of one that it believes to have ended the workflow begins none twice.
    last = {each.model_copy(update={"turn": 2}) for each in last}
    assert set(await record.journal.due(10)) == last


async def test_7_what_waits_or_is_closed_is_not_due_again(record: Record) -> None:
    await resolved(record)
    asking = await waiting(record)
    await hand_over_all(record)
    await record.journal.due_again()
    assert await record.journal.due(10) == ()
    await record.journal.answer(asking.id, approval("ada"))
    await hand_over_all(record)
    await record.journal.due_again()
    again = segment(asking, Segment.ACT).model_copy(update={"turn": 2})
    assert await record.journal.due(10) == (again,)


async def test_7_what_was_not_handed_over_stays_due(record: Record) -> None:
    incident = await opened(record)
    await go_on(record, incident, 1, segment(incident, Segment.DECIDE))
    due = await record.journal.due(10)
    assert len(due) == 2
    await record.journal.due_again()
    assert await record.journal.due(10) == due


async def test_the_newest_event_of_a_kind(record: Record) -> None:
    incident = await opened(record)
    for number in (1, 2):
        await record.journal.append(
            incident.id, [Note(kind="judged", payload={"n": number})], at(2)
        )
    await record.journal.append(incident.id, [Note(kind="other")], at(3))
    assert (
        await record.journal.newest(incident.id, "judged")
        == (await record.journal.events(incident.id))[-2]
    )
    assert await record.journal.newest(incident.id, "closed") is None


async def test_executions_are_counted_once_an_attempt(record: Record) -> None:
    incident = await opened(record)
    executing = incident.model_copy(update={"stage": Stage.EXECUTING})
    await record.journal.commit(incident=executing, expected=(Stage.TRIGGERED, 1), now=at(10))
    await record.journal.commit(incident=executing, expected=(Stage.EXECUTING, 1), now=at(20))
    assert await record.journal.executions_since(at(10), besides="another") == 1
    assert await record.journal.executions_since(at(10), besides=incident.id) == 0
    assert await record.journal.executions_since(at(11), besides="another") == 0


async def executed(record: Record, service: str, second: float, **said: str) -> Incident:
    """A plan that came to be executed then, with what its stages recorded by their names."""
    incident = await opened(record, service)
    executing = incident.model_copy(update={"stage": Stage.EXECUTING})
    places = {
        "plan": (Stage.SYNTHESIZING, "output"),
        "verdict": (Stage.SYNTHESIZING, "verdict"),
        "last_word": (Stage.EXECUTING, "verdict"),
        "proof": (Stage.VERIFYING, "output"),
    }
    outputs = [
        StageOutput(
            incident=incident.id,
            attempt=1,
            stage=places[what][0],
            name=places[what][1],
            json_text=text,
        )
        for what, text in said.items()
    ]
    assert await record.journal.commit(
        incident=executing, expected=(Stage.TRIGGERED, 1), now=at(second), outputs=outputs
    )
    return executing


async def test_14_what_was_executed_is_told_with_its_runbook_rules_and_proof(
    record: Record,
) -> None:
    plan = '{"plan": {"runbook": "bad-release"}, "reasons": []}'
    verdict = '{"rules": ["ask: \\"outcome\\""], "policy_rules": ["by-hand", "ordinary"]}'
    looked_at = await executed(
        record, "web", 10, plan=plan, verdict=verdict, proof='{"outcome": "not_fixed"}'
    )
    older_verdict = '{"rules": ["allow: as before there were rules"]}'
    fresh = await executed(record, "worker", 20, plan=plan, verdict=older_verdict)
    await executed(record, "db", 30)  # the undo of a plan
    told = await record.journal.executed_since(at(10), besides="another")
    assert told == (
        Executed(incident=fresh.id, service="worker", at=at(20), runbook="bad-release"),
        Executed(
            incident=looked_at.id,
            service="web",
            at=at(10),
            runbook="bad-release",
            policy_rules=("by-hand", "ordinary"),
            outcome=Outcome.NOT_FIXED,
        ),
    )
    assert await record.journal.executed_since(at(20), besides=fresh.id) == ()
    without_runbook = '{"plan": {"runbook": null}}'
    await executed(record, "cache", 40, plan=without_runbook)
    assert (await record.journal.executed_since(at(40), besides="another"))[0].runbook is None


PLANNED = '{"plan": {"runbook": "bad-release"}}'


async def test_14_a_plan_that_was_interrupted_is_told_as_such(record: Record) -> None:
    proof = '{"outcome": "not_fixed", "interrupted": %s}'
    for second, (service, word) in enumerate([("web", "true"), ("db", "false")]):
        await executed(record, service, second, plan=PLANNED, proof=proof % word)
    told = await record.journal.executed_since(at(0), besides="another")
    assert {each.service: each.interrupted for each in told} == {"web": True, "db": False}


@pytest.mark.parametrize("spelled", [r"\u0000", r"\\u0000", r"\\\u0000"])
async def test_14_what_others_wrote_hides_nothing(record: Record, spelled: str) -> None:
    strange = '{"plan": {"runbook": "bad-release", "summary": "?"}}'.replace("?", spelled)
    proof = '{"outcome": "verified", "evidence": "?"}'.replace("?", spelled)
    await executed(record, "web", 10, plan=strange, proof=proof)
    (told,) = await record.journal.executed_since(at(0), besides="another")
    assert (told.runbook, told.outcome) == ("bad-release", Outcome.VERIFIED)
    assert await record.journal.spent_since(at(0)) == ()


def reset(breaker: str, by: str = "Ada") -> Reset:
    return Reset(breaker=breaker, by=by, why="mended by hand", at=at(50))


async def test_14_the_rules_are_those_by_which_it_was_begun_unasked(record: Record) -> None:
    first, last = '{"policy_rules": ["ordinary"]}', '{"policy_rules": []}'
    await executed(record, "web", 10, plan=PLANNED, verdict=first, last_word=last)
    (told,) = await record.journal.executed_since(at(0), besides="another")
    assert told.policy_rules == ()


async def test_15_of_many_resets_of_one_breaker_one_wins(record: Record) -> None:
    incident = await executed(record, "web", 10, plan=PLANNED)
    given = [reset("rule:going-back", by) for by in ("Ada", "Bob", "Eve", "Dan")]
    said = await asyncio.gather(*(record.journal.reset(incident.id, 1, each) for each in given))
    (winner,) = (one for one, each in zip(given, said, strict=True) if each.won)
    for each in (each for each in said if not each.won):
        assert each.text == f"{winner.by} reset rule:going-back at 2026-03-01 12:00:50 UTC"
    *_, event = await record.journal.events(incident.id)
    assert event.kind == "breaker_reset"
    assert event.payload == {
        "breaker": "rule:going-back",
        "by": winner.by,
        "why": "mended by hand",
    }
    assert (await record.journal.reset(incident.id, 1, reset("runbook:bad-release"))).won
    (told,) = await record.journal.executed_since(at(0), besides="another")
    assert sorted(told.resets) == ["rule:going-back", "runbook:bad-release"]


async def test_15_a_reset_that_cannot_be_read_resets_nothing(record: Record) -> None:
    incident = await executed(record, "web", 10, plan=PLANNED)
    assert (await record.journal.reset(incident.id, 1, reset("rule:sound"))).won
    odd = StageOutput(
        incident=incident.id,
        attempt=1,
        stage=Stage.VERIFYING,
        name="reset-odd",
        json_text='{"breaker": "rule:odd"}',
    )
    assert await record.journal.commit(
        incident=incident, expected=(incident.stage, 1), now=at(11), outputs=[odd]
    )
    (told,) = await record.journal.executed_since(at(0), besides="another")
    assert told.resets == ("rule:sound",)


async def test_15_the_breaker_of_all_counts_what_came_after_its_reset(record: Record) -> None:
    first = await executed(record, "web", 10, plan=PLANNED)
    await executed(record, "db", 20)
    assert await record.journal.executions_since(at(0), besides="another") == 2
    assert (await record.journal.reset(first.id, 1, reset("rate:few"))).won
    assert await record.journal.executions_since(at(0), besides="another") == 2
    assert (await record.journal.reset(first.id, 1, reset(ALL))).won
    assert await record.journal.executions_since(at(0), besides="another") == 1
    assert await record.journal.executions_since(at(20), besides="another") == 1


async def test_15_what_was_never_executed_trips_and_resets_nothing(record: Record) -> None:
    incident = await opened(record)
    refused = await record.journal.reset(incident.id, 1, reset(ALL))
    assert not refused.won
    assert await kinds(record, incident) == ["opened"]
    with pytest.raises(NotFound):
        await record.journal.reset("nobody", 1, reset(ALL))


async def test_14_it_is_told_when_the_proof_came(record: Record) -> None:
    proof = f'{{"outcome": "regressed", "decided_at": "{at(5).isoformat()}"}}'
    await executed(record, "web", 0, plan=PLANNED, proof=proof)
    (told,) = await record.journal.executed_since(at(0), besides="another")
    assert told.proven_at == at(5)


ODD = {
    "decided_at": '"yesterday"',
    "outcome": '"splendid"',
    "interrupted": '"perhaps"',
}


@pytest.mark.parametrize("field", ODD)
async def test_14_what_cannot_be_read_of_one_plan_counts_against_it_and_hides_no_other(
    record: Record, field: str
) -> None:
    said = {
        "outcome": '"verified"',
        "decided_at": f'"{at(9).isoformat()}"',
        "interrupted": "false",
    } | {field: ODD[field]}
    words = ", ".join(f'"{name}": {value}' for name, value in said.items())
    proof = f"{{{words}}}"
    odd = await executed(record, "web", 10, plan=PLANNED, proof=proof)
    sound = await executed(record, "db", 20, plan=PLANNED, proof='{"outcome": "regressed"}')
    told = {each.incident: each for each in await record.journal.executed_since(at(0), "nobody")}
    assert told[sound.id].outcome is Outcome.REGRESSED
    assert told[odd.id].outcome is Outcome.NOT_FIXED
    assert (told[odd.id].runbook, told[odd.id].interrupted) == ("bad-release", False)


async def test_14_rules_that_cannot_be_read_are_none(record: Record) -> None:
    verdict = '{"rules": [], "policy_rules": {"by-hand": true}}'
    await executed(record, "web", 10, plan=PLANNED, verdict=verdict)
    (told,) = await record.journal.executed_since(at(0), besides="another")
    assert (told.runbook, told.policy_rules) == ("bad-release", ())


async def test_15_nor_does_the_undo_of_what_was_begun_before_the_reset(record: Record) -> None:
    first = await executed(record, "web", 10, plan=PLANNED)
    last = await executed(record, "db", 20, plan=PLANNED)
    assert (await record.journal.reset(last.id, 1, reset(ALL))).won
    for second, incident in enumerate([first, last], start=30):
        undone = incident.model_copy(update={"attempt": 2, "stage": Stage.SYNTHESIZING})
        assert await record.journal.commit(
            incident=undone, expected=(Stage.EXECUTING, 1), now=at(second)
        )
        executing = undone.model_copy(update={"stage": Stage.EXECUTING})
        assert await record.journal.commit(
            incident=executing, expected=(Stage.SYNTHESIZING, 2), now=at(second)
        )
    assert await record.journal.executions_since(at(0), besides="another") == 0
    assert await record.journal.executions_since(at(30), besides="another") == 0
    await executed(record, "cache", 40)
    assert await record.journal.executions_since(at(30), besides="another") == 1


@pytest.mark.parametrize("cost", ['{"tokens_in": 1e30}', '{"money": "dear"}', '{"money": -1}'])
async def test_16_of_what_nobody_can_read_the_cost_is_unknown(record: Record, cost: str) -> None:
    spoiled = await executed(record, "web", 10, plan=f'{{"plan": null, "cost": {cost}}}')
    other = '{"plan": null, "cost": {"tokens_in": 3}}'
    sound = await executed(record, "db", 20, plan=other)
    assert {each.incident: each.cost for each in await record.journal.spent_since(at(0))} == {
        spoiled.id: None,
        sound.id: Cost(tokens_in=3),
    }


async def test_16_what_was_spent_is_summed_up_for_each_incident(record: Record) -> None:
    cost = (
        '{"plan": null, "reasons": [], "cost": {"tokens_in": %d, "tokens_out": 2, "money": "%s"}}'
    )
    web = await executed(record, "web", 10, plan=cost % (100, "0.30"))
    second = StageOutput(
        incident=web.id,
        attempt=2,
        stage=Stage.SYNTHESIZING,
        json_text=cost % (50, "0.120001"),
    )
    assert await record.journal.commit(
        incident=web, expected=(Stage.EXECUTING, 1), now=at(11), outputs=[second]
    )
    await executed(record, "db", 20, plan=PLANNED)
    free = '{"plan": null, "reasons": [], "cost": {}}'
    await executed(record, "cache", 30, plan=free)
    worker = await executed(record, "worker", 40, plan=cost % (1, "0"))
    closed = worker.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(60)})
    assert await record.journal.commit(incident=closed, expected=(Stage.EXECUTING, 1), now=at(60))
    of_web = Spent(
        incident=web.id,
        service="web",
        cost=Cost(tokens_in=150, tokens_out=4, money=Decimal("0.420001")),
    )
    of_worker = Spent(incident=worker.id, service="worker", cost=Cost(tokens_in=1, tokens_out=2))
    assert set(map(str, await record.journal.spent_since(at(60)))) == {str(of_web), str(of_worker)}
    assert await record.journal.spent_since(at(61)) == (of_web,), "it is open, so it may go on"


def recurrence(former: Incident, new: str, second: float = 500) -> Recurrence:
    return Recurrence(incident=new, former=former.id, attempt=1, at=at(second), after_s=60)


async def test_18_of_many_recurrences_of_an_attempt_one_is_written_and_all_are_told_it(
    record: Record,
) -> None:
    verified = f'{{"outcome": "verified", "decided_at": "{at(20).isoformat()}"}}'
    former = await executed(record, "web", 10, plan=PLANNED, proof=verified)
    (before,) = await record.journal.executed_since(at(0), besides="another")
    assert (before.outcome, before.came_back_as) == (Outcome.VERIFIED, None)
    stand = await asyncio.gather(
        *(record.journal.recur(recurrence(former, f"new-{n}", 500 + n)) for n in range(5))
    )
    (stands,) = set(stand)
    assert await record.journal.recur(recurrence(former, "late", 900)) == stands
    told = [e for e in await record.journal.events(former.id) if e.kind == "recurred"]
    assert [event.payload and event.payload["incident"] for event in told] == [stands.incident]
    (after,) = await record.journal.executed_since(at(0), besides="another")
    assert after == before.model_copy(
        update={
            "outcome": Outcome.NOT_FIXED,
            "proven_at": stands.at,
            "came_back_as": stands.incident,
        }
    )
    outputs = {(o.stage, o.name): o for o in await record.journal.outputs(former.id, 1)}
    assert outputs[Stage.VERIFYING, "output"].json_text == verified
    with pytest.raises(NotFound):
        await record.journal.recur(recurrence(former.model_copy(update={"id": "nobody"}), "new"))


async def test_18_one_that_cannot_be_read_counts_against_the_plan(record: Record) -> None:
    former = await executed(record, "web", 10, plan=PLANNED, proof='{"outcome": "verified"}')
    odd = StageOutput(
        incident=former.id,
        attempt=1,
        stage=Stage.VERIFYING,
        name="recurrence",
        json_text='{"incident": "new", "at": "some day"}',
    )
    assert await record.journal.commit(
        incident=former, expected=(Stage.EXECUTING, 1), now=at(50), outputs=[odd]
    )
    (told,) = await record.journal.executed_since(at(0), besides="another")
    assert (told.outcome, told.proven_at) == (Outcome.NOT_FIXED, None)
    with pytest.raises(PermanentError, match="another version"):
        await record.journal.recur(recurrence(former, "new"))


async def closed(
    record: Record, service: str, second: float, outcome: Outcome, symptom: str = "errors"
) -> Incident:
    incident = await opened(record, service, symptom)
    stage = Stage.RESOLVED if outcome is Outcome.VERIFIED else Stage.ESCALATED
    ended = incident.model_copy(
        update={"stage": stage, "closed_at": at(second), "outcome": outcome}
    )
    assert await record.journal.commit(
        incident=ended, expected=(Stage.TRIGGERED, 1), now=at(second)
    )
    return ended


async def test_19_what_was_verified_since_then_comes_last_closed_first(record: Record) -> None:
    early = await closed(record, "web", 10, Outcome.VERIFIED)
    late = await closed(record, "web", 30, Outcome.VERIFIED)
    other = await closed(record, "db", 20, Outcome.VERIFIED)
    slow = await closed(record, "web", 25, Outcome.VERIFIED, "slow")
    await closed(record, "web", 40, Outcome.NOT_FIXED, "odd")
    await opened(record)
    verified = record.journal.verified_since
    assert await verified(at(0), 10) == (late, slow, other, early)
    assert await verified(at(20), 10) == (late, slow, other)
    assert await verified(at(0), 2) == (late, slow)
    assert await verified(at(0), 10, ("web", "errors")) == (late, early)
    assert await verified(at(31), 10) == ()


async def test_erasing_keeps_the_chain_and_takes_what_it_said(record: Record) -> None:
    incident = await opened(record)
    before = await record.journal.events(incident.id)
    assert erase_payloads(record, incident.id, at(9)) == 1
    erased, said = await record.journal.events(incident.id)
    assert erased == before[0].model_copy(update={"salt": None, "payload": None})
    text = "erased, as the incident was closed 30 days ago"
    payload = {"count": 1, "after_days": 30, "text": text}
    assert (said.kind, said.payload) == ("payloads_erased", payload)


async def test_erasing_a_closed_incident_takes_its_outputs_too(record: Record) -> None:
    incident = await opened(record)
    await record.journal.commit(
        incident=incident.moved(Stage.ESCALATED, at(1)),
        expected=(Stage.TRIGGERED, 1),
        now=at(1),
        outputs=[output(incident, "{}")],
    )
    erase_payloads(record, incident.id, at(9))
    assert await text_of(record, incident) is None


async def test_8_heads_are_those_of_open_and_of_newest_incidents(record: Record) -> None:
    old = await opened(record, symptom="old")
    closed = old.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(2)})
    assert await record.journal.commit(incident=closed, expected=(old.stage, 1), now=at(2))
    first, second, third = [await opened(record, symptom=f"s{n}") for n in range(3)]
    gone = third.model_copy(update={"stage": Stage.ESCALATED, "closed_at": at(3)})
    assert await record.journal.commit(incident=gone, expected=(third.stage, 1), now=at(3))
    before = {head.incident: head for head in await record.journal.heads(2)}
    assert set(before) == {first.id, second.id, third.id}
    await record.journal.append(first.id, [Note(kind="n")], at(4))
    after = {head.incident: head for head in await record.journal.heads(2)}
    assert after[first.id].seq == before[first.id].seq + 1
    assert {i for i in after if after[i] != before[i]} == {first.id}


async def test_8_each_change_of_an_incident_is_another_version_of_it(record: Record) -> None:
    incident, other = await opened(record, symptom="a"), await opened(record, symptom="b")
    seen, untouched = [await record.journal.news(incident.id)], await record.journal.news(other.id)
    assert seen[0].incident == incident.id

    async def changed() -> None:
        seen.append(await record.journal.news(incident.id))

    await record.journal.append(incident.id, [Note(kind="n")], at(1))
    await changed()
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    await changed()
    await record.journal.let_go(mine)
    await changed()
    erase_payloads(record, incident.id, at(2))
    await changed()
    versions = [news.version for news in seen]
    assert versions == sorted(set(versions))
    assert [news.seq for news in seen] == [1, 2, 2, 2, 3]
    assert await record.journal.news(other.id) == untouched
    with pytest.raises(NotFound):
        await record.journal.news("nobody")


async def test_payloads_are_bounded_and_spelled_in_utf8(record: Record) -> None:
    incident = await opened(record)
    notes = [
        Note(kind="long", payload={"log": '"\\\n' * 50_000}),
        Note(kind="odd", payload={"log": "half a pair: \ud800"}),
    ]
    await record.journal.append(incident.id, notes, at(1))
    long, odd = (await record.journal.events(incident.id))[1:]
    assert long.payload is not None
    assert long.payload["truncated"] is True
    assert len(str(long.payload["head"])) > 20_000
    assert odd.payload == {"log": "half a pair: ?"}


async def test_9_an_incident_is_taken_up_by_one_worker_at_a_time(record: Record) -> None:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    assert (mine.claim, mine.claimed_by) == (1, "a")
    assert await record.journal.take_up(first, "b") is None
    assert await record.journal.claimants() == {"a"}
    await record.journal.forfeit(["a"])
    assert await record.journal.claimants() == frozenset()
    assert await record.journal.due(10) == (first.model_copy(update={"turn": 2}),)
    theirs = await record.journal.take_up(first, "b")
    assert theirs is not None
    assert not await record.journal.commit(
        incident=investigating(mine), expected=(Stage.TRIGGERED, 1), now=at(1)
    ), "it was overtaken"
    assert await record.journal.commit(
        incident=investigating(theirs), expected=(Stage.TRIGGERED, 1), now=at(1)
    )


async def test_9_what_an_earlier_run_of_the_same_worker_commits_is_refused(
    record: Record,
) -> None:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    before = await record.journal.take_up(first, "a")
    again = await record.journal.take_up(first, "a")
    assert before is not None
    assert again is not None
    await record.journal.let_go(before)
    assert await record.journal.take_up(first, "b") is None, "only the newest run may let go"
    expected = (Stage.TRIGGERED, 1)
    assert not await record.journal.commit(
        incident=investigating(before), expected=expected, now=at(1)
    )
    assert await record.journal.commit(incident=investigating(again), expected=expected, now=at(1))


async def test_9_nothing_is_left_of_a_segment_that_was_followed_by_another(
    record: Record,
) -> None:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ORIENT, incident=incident.id, attempt=1)
    second = NextSegment(segment=Segment.DECIDE, incident=incident.id, attempt=1)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    assert await record.journal.commit(
        incident=investigating(mine), expected=(Stage.TRIGGERED, 1), now=at(1), following=second
    )
    assert await record.journal.take_up(first, "a") is None
    other_attempt = second.model_copy(update={"attempt": 2})
    assert await record.journal.take_up(other_attempt, "b") is None
    assert await record.journal.take_up(second, "b") is not None, "who handed over has let go"
    with pytest.raises(NotFound):
        await record.journal.take_up(first.model_copy(update={"incident": "nobody"}), "a")


def cancelled(by: str = "ada", seconds: float = 5) -> Cancellation:
    return Cancellation(by=by, at=at(seconds), reason="mine")


async def test_11_of_a_plan_that_waits_a_cancellation_is_the_answer(record: Record) -> None:
    incident = await waiting(record, until=60)
    decided = await record.journal.cancel(incident.id, cancelled())
    assert decided.won
    given = await record.journal.approval(incident.id, PLAN)
    assert given == decided.approval == approval("ada", Answer.CANCELLED)
    assert await record.journal.cancellation(incident.id) == cancelled()
    after = await record.journal.incident(incident.id)
    assert (after.cancelled_by, after.waiting_on, after.expires_at) == ("ada", None, None)
    assert segment(incident, Segment.CLOSE) in await record.journal.due(10)
    last = (await record.journal.events(incident.id))[-1]
    assert (last.kind, last.at) == ("cancelled", at(5))
    assert last.payload is not None
    assert (last.payload["by"], last.payload["plan_digest"]) == ("ada", PLAN)
    late = await record.journal.answer(incident.id, approval("grace"))
    assert "cancelled by ada at 2026-03-01 12:00:05 UTC" in late.text


async def test_11_before_executing_the_run_under_way_is_overtaken(record: Record) -> None:
    incident = await opened(record)
    mine = await record.journal.take_up(segment(incident, Segment.ORIENT), "a")
    assert mine is not None
    decided = await record.journal.cancel(incident.id, cancelled())
    assert (decided.won, decided.approval) == (True, None)
    assert not await record.journal.commit(
        incident=investigating(mine), expected=(Stage.TRIGGERED, 1), now=at(6)
    )
    assert await record.journal.take_up(segment(incident, Segment.ORIENT), "a") is None
    assert await record.journal.take_up(segment(incident, Segment.CLOSE), "b") is not None


@pytest.mark.parametrize("stage", [Stage.EXECUTING, Stage.VERIFYING])
async def test_11_from_executing_on_the_run_goes_on_once_it_knows(
    record: Record, stage: Stage
) -> None:
    incident = await opened(record)
    acting = incident.model_copy(update={"stage": stage})
    await go_on(record, incident, 1, segment(incident, Segment.ACT))
    assert await record.journal.commit(incident=acting, expected=(Stage.TRIGGERED, 1), now=at(1))
    mine = await record.journal.take_up(segment(incident, Segment.ACT), "a")
    assert mine is not None
    assert (await record.journal.cancel(incident.id, cancelled())).won
    assert await record.journal.cancellation(incident.id) == cancelled()
    due = await record.journal.due(10)
    assert segment(incident, Segment.CLOSE) not in due
    assert not await record.journal.commit(incident=mine, expected=(stage, 1), now=at(6))
    knowing = mine.model_copy(update={"cancelled_by": "ada"})
    assert await record.journal.commit(incident=knowing, expected=(stage, 1), now=at(6))
    assert (await record.journal.incident(incident.id)).cancelled_by == "ada"


async def test_11_whoever_comes_too_late_is_told_what_happened(record: Record) -> None:
    twice, rejected, ending, closed = [await waiting(record, 60, s) for s in "abcd"]
    await record.journal.cancel(twice.id, cancelled("grace"))
    await record.journal.answer(rejected.id, approval("grace", Answer.REJECTED))
    await record.journal.answer(ending.id, approval("grace"))
    approved = await record.journal.incident(ending.id)
    await go_on(record, approved, 6, segment(ending, Segment.CLOSE))
    gone = closed.moved(Stage.ESCALATED, at(5))
    await record.journal.commit(incident=gone, expected=(Stage.SYNTHESIZING, 1), now=at(5))
    for incident, told in (
        (twice, "cancelled by grace at 2026-03-01 12:00:05 UTC: mine"),
        (rejected, "rejected by grace at 2026-03-01 12:00:05 UTC"),
        (ending, "is on record already"),
        (closed, "is ESCALATED"),
    ):
        before = await record.journal.events(incident.id)
        decided = await record.journal.cancel(incident.id, cancelled())
        assert not decided.won
        assert told in decided.text
        assert await record.journal.events(incident.id) == before
    with pytest.raises(NotFound):
        await record.journal.cancel("nobody", cancelled())


async def test_11_of_many_at_once_exactly_one_wins(record: Record) -> None:
    incident = await opened(record)
    calls = (record.journal.cancel(incident.id, cancelled(f"person{n}")) for n in range(8))
    decided = await asyncio.gather(*calls)
    assert sum(each.won for each in decided) == 1
    assert await kinds(record, incident) == ["opened", "cancelled"]


async def test_12_overdue_is_what_still_waits_after_its_time(record: Record) -> None:
    times = (60, 50, 40, None)
    later, sooner, answered, _ = [await waiting(record, each, f"s{each}") for each in times]
    await record.journal.answer(answered.id, approval("ada"))
    assert await record.journal.overdue(at(49), 10) == ()
    assert [i.id for i in await record.journal.overdue(at(60), 10)] == [sooner.id, later.id]
    assert [i.id for i in await record.journal.overdue(at(60), 1)] == [sooner.id]


async def waiting_for_locks(record: Record) -> Incident:
    incident = await opened(record)
    first = NextSegment(segment=Segment.ACT, incident=incident.id, attempt=1)
    assert await record.journal.commit(
        incident=incident.model_copy(update={"stage": Stage.SYNTHESIZING}),
        expected=(Stage.TRIGGERED, 1),
        now=at(1),
        following=first,
    )
    for due in await record.journal.due(10):
        await record.journal.mark(due)
    mine = await record.journal.take_up(first, "a")
    assert mine is not None
    asking = mine.model_copy(update={"waiting_on": WaitingOn.LOCKS})
    assert await record.journal.commit(incident=asking, expected=(Stage.SYNTHESIZING, 1), now=at(2))
    return asking


async def test_13_what_is_woken_is_due_in_another_turn_once(record: Record) -> None:
    incident = await waiting_for_locks(record)
    await record.journal.due_again()
    assert await record.journal.due(10) == (), "it waits"
    woken = await asyncio.gather(*(record.journal.wake(incident.id) for _ in range(4)))
    assert sum(woken) == 1
    now = await record.journal.incident(incident.id)
    assert (now.waiting_on, now.claimed_by) == (None, None)
    (due,) = await record.journal.due(10)
    assert (due.segment, due.turn) == (Segment.ACT, 2)
    await record.journal.mark(due.model_copy(update={"turn": 1}))
    assert await record.journal.due(10) == (due,), "only its own turn is marked"
    await record.journal.mark(due)
    assert await record.journal.due(10) == ()


async def test_13_a_run_that_was_about_to_wait_again_is_overtaken_by_whoever_takes_it_up(
    record: Record,
) -> None:
    incident = await waiting_for_locks(record)
    acting = NextSegment(segment=Segment.ACT, incident=incident.id, attempt=1)
    replay = await record.journal.take_up(acting, "a")
    assert replay is not None
    assert await record.journal.wake(incident.id)
    assert await record.journal.take_up(acting, "b") is not None
    assert not await record.journal.commit(
        incident=replay, expected=(Stage.SYNTHESIZING, 1), now=at(3)
    )


async def test_13_nothing_else_is_woken(record: Record) -> None:
    asking = await waiting(record)
    assert not await record.journal.wake(asking.id)
    assert (await record.journal.incident(asking.id)).waiting_on is WaitingOn.APPROVAL
    with pytest.raises(NotFound):
        await record.journal.wake("nobody")


async def count_in(journal: SqlJournal, incident: Incident, proviso: Proviso) -> bool:
    return await journal.count_in(
        incident=incident.model_copy(update={"stage": Stage.EXECUTING}),
        expected=(incident.stage, incident.attempt),
        now=at(40),
        outputs=[output(incident, "{}")],
        notes=[Note(kind="stage_entered")],
        proviso=proviso,
    )


@pytest.mark.parametrize("each", [True, False])
async def test_17_it_is_made_when_its_proviso_holds_of_what_others_executed(
    record: Record, each: bool
) -> None:
    await executed(record, "too-old", 10, plan=PLANNED)
    await executed(record, "web", 20, plan=PLANNED)
    await executed(record, "db", 30)  # the undo of a plan
    told: list[tuple[int, tuple[Executed, ...]]] = []

    def holds(many: int, executed: tuple[Executed, ...]) -> bool:
        told.append((many, executed))
        return True

    incident = await opened(record, "worker")
    assert await count_in(record.journal, incident, Proviso(since=at(20), each=each, holds=holds))
    plans = await record.journal.executed_since(at(20), besides=incident.id)
    assert [one.service for one in plans] == ["web"]
    assert told == [(2, plans if each else ())]
    assert (await record.journal.incident(incident.id)).stage is Stage.EXECUTING
    assert await text_of(record, incident) == "{}"
    assert await kinds(record, incident) == ["opened", "stage_entered"]
    assert await record.journal.executions_since(at(40), besides="another") == 1


async def test_17_it_is_nothing_where_its_proviso_does_not_hold(record: Record) -> None:
    incident = await opened(record)
    never = Proviso(since=at(0), each=False, holds=lambda _many, _each: False)
    assert not await count_in(record.journal, incident, never)
    assert await record.journal.incident(incident.id) == incident
    assert await text_of(record, incident) is None
    assert await kinds(record, incident) == ["opened"]
    assert await record.journal.executions_since(at(0), besides="another") == 0


async def test_17_of_many_at_once_each_sees_those_before_it(
    record: Record, tmp_path: Path, database_url: str
) -> None:
    """Through two connections of one process and of another, as it were."""
    other = open_record(tmp_path, database_url)
    few = Proviso(since=at(0), each=False, holds=lambda many, _each: many < 3)
    incidents = [await opened(record, symptom=f"s{number}") for number in range(12)]
    through = [(record, other)[number % 2].journal for number in range(12)]
    made = await asyncio.gather(
        *(count_in(journal, each, few) for journal, each in zip(through, incidents, strict=True))
    )
    other.engine.dispose()
    assert sum(made) == 3
    assert await record.journal.executions_since(at(0), besides="another") == 3
