"""What people decide, and the clock: one compare-and-set each, under the incident's row lock.

Whoever comes first wins. Everybody else is told what happened instead, by whom and when. A stop is
one of them: an approval reads the switch in its own transaction, so it is on record before the stop
or not at all.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, insert

from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer, Approval, Cancellation, readable_time
from vigil.integrations.journal.chain import append_events
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.moves import get_output, put_outputs
from vigil.integrations.journal.outbox import has_later, put
from vigil.integrations.journal.rows import change_incident, get_approval, get_incident
from vigil.integrations.journal.tables import approvals
from vigil.ports.journal import Decided, NextSegment, Note, StageOutput
from vigil.ports.workflow import Segment

Switched = Callable[[Connection], SwitchState]
"""What the stop switch says to a transaction that has begun to write."""

_AFTER = {
    Answer.APPROVED: Segment.ACT,
    Answer.REJECTED: Segment.CLOSE,
    Answer.WITHDRAWN: Segment.CLOSE,
    Answer.EXPIRED: Segment.CLOSE,
    Answer.CANCELLED: Segment.CLOSE,
}
_BEGUN = frozenset({Stage.EXECUTING, Stage.VERIFYING})
_CANCELLED = "cancelled"
"""The name of the output, of the first stage of the first attempt, that says who cancelled."""


def never_stopped(_connection: Connection) -> SwitchState:
    """Of a record without a switch."""
    return SwitchState(stopped=False)


def answer(
    connection: Connection,
    keys: Keys,
    incident_id: str,
    approval: Approval,
    switched: Switched = never_stopped,
) -> Decided:
    """The caller's transaction holds the incident's row from here on."""
    incident = get_incident(connection, incident_id, to_change=True)
    before = get_approval(connection, incident_id, approval.plan_digest)
    if before is not None:
        return Decided(won=False, text=str(before), approval=before)
    refusal = _refusal(connection, incident, approval)
    if refusal is None and approval.answer is Answer.APPROVED:
        refusal = _halted(incident, switched(connection))
    if refusal is not None:
        return Decided(won=False, text=refusal, approval=None)
    _settle(connection, incident, approval)
    note = Note(
        kind=approval.answer.value,
        payload={"by": approval.by, "plan_digest": approval.plan_digest},
    )
    append_events(connection, keys, incident_id, [note], approval.at)
    return Decided(won=True, text=f"{approval.answer} by {approval.by}", approval=approval)


def _refusal(connection: Connection, incident: Incident, approval: Approval) -> str | None:
    if incident.stage is not Stage.SYNTHESIZING or incident.waiting_on is not WaitingOn.APPROVAL:
        return _waits_for_nothing(connection, incident)
    if incident.plan_digest != approval.plan_digest:
        return (
            f"the plan that waits is {incident.plan_digest}, not {approval.plan_digest}; "
            "look at it and answer that one"
        )
    return _untimely(incident, approval)


def _waits_for_nothing(connection: Connection, incident: Incident) -> str:
    cancelled = get_cancellation(connection, incident.id)
    if cancelled is not None:
        return str(cancelled)
    ended = f" since {readable_time(incident.closed_at)}" if incident.closed_at else ""
    return f"incident {incident.id} is {incident.stage}{ended} and waits for no answer"


def _untimely(incident: Incident, approval: Approval) -> str | None:
    """No answer means no from the moment on that was said, not from when somebody noticed."""
    if incident.expires_at is None:
        return None
    late = approval.at >= incident.expires_at
    when = readable_time(incident.expires_at)
    if approval.answer is Answer.APPROVED and late:
        return f"this plan waited until {when}, and no answer until then means no"
    if approval.answer is Answer.EXPIRED and not late:
        return f"this plan waits until {when}"
    return None


def _halted(incident: Incident, switch: SwitchState) -> str | None:
    """While Vigil is stopped no plan is approved: it goes on waiting."""
    if not switch.stopped:
        return None
    by = f" by {switch.by}" if switch.by else ""
    why = f" ({switch.text})" if switch.text else ""
    until = f" until {readable_time(incident.expires_at)}" if incident.expires_at else ""
    return (
        f"Vigil is stopped{by}{why}, so nothing may be approved; the plan goes on waiting{until}. "
        "Let Vigil act again (`vigil resume`), then approve it"
    )


def _settle(connection: Connection, incident: Incident, approval: Approval) -> None:
    """The plan waits no more, and what its answer leads to is due."""
    connection.execute(insert(approvals).values(incident=incident.id, **approval.model_dump()))
    # A replay of the segment that asked may have claimed it meanwhile; what follows is anybody's.
    change_incident(connection, incident.id, waiting_on=None, expires_at=None, claimed_by=None)
    put(connection, _following(incident, _AFTER[approval.answer]), approval.at)


def cancel(
    connection: Connection, keys: Keys, incident_id: str, cancellation: Cancellation
) -> Decided:
    """The caller's transaction holds the incident's row from here on."""
    incident = get_incident(connection, incident_id, to_change=True)
    if (refusal := _too_late(connection, incident)) is not None:
        return Decided(won=False, text=refusal, approval=None)
    approval = _as_answer(incident, cancellation)
    change_incident(connection, incident.id, cancelled_by=cancellation.by)
    put_outputs(connection, [_kept(incident, cancellation)])
    if approval is not None:
        _settle(connection, incident, approval)
    elif incident.stage not in _BEGUN:
        _take_away(connection, incident, cancellation.at)
    said = _what_follows(incident)
    note = _note(incident, cancellation, said)
    append_events(connection, keys, incident.id, [note], cancellation.at)
    return Decided(won=True, text=f"cancelled by {cancellation.by}: {said}", approval=approval)


def _too_late(connection: Connection, incident: Incident) -> str | None:
    """Why there is nothing left to cancel."""
    before = get_cancellation(connection, incident.id)
    if before is not None:
        return str(before)
    if incident.closed_at is not None:
        at = readable_time(incident.closed_at)
        return f"incident {incident.id} is {incident.stage} ({incident.outcome}) since {at}"
    if not has_later(connection, _following(incident, Segment.ACT)):
        return None
    answered = get_approval(connection, incident.id, incident.plan_digest or "")
    if answered is not None and answered.answer is not Answer.APPROVED:
        return str(answered)
    return f"how incident {incident.id} ends is on record already; it is being closed"


def _as_answer(incident: Incident, cancellation: Cancellation) -> Approval | None:
    """The answer to the plan that waits, if one does."""
    if incident.waiting_on is not WaitingOn.APPROVAL or incident.plan_digest is None:
        return None
    return Approval(
        plan_digest=incident.plan_digest,
        answer=Answer.CANCELLED,
        by=cancellation.by,
        at=cancellation.at,
    )


def _take_away(connection: Connection, incident: Incident, at: datetime) -> None:
    """From the run that has the incident, if there is one: what it commits from now on is refused.

    What waits for locks waits no more.
    """
    change_incident(
        connection, incident.id, claim=incident.claim + 1, claimed_by=None, waiting_on=None
    )
    put(connection, _following(incident, Segment.CLOSE), at)


def _what_follows(incident: Incident) -> str:
    undoing = incident.attempt > 1
    match incident.stage:
        case Stage.EXECUTING if undoing:
            return "no further step of the undo is begun; Vigil looks what came of it"
        case Stage.EXECUTING:
            return "no further action is begun, nothing is undone; Vigil looks whether it helped"
        case Stage.VERIFYING if undoing:
            return "Vigil looks to the end what came of the undo"
        case Stage.VERIFYING:
            return "Vigil looks to the end whether what was done helped, and undoes nothing"
        case _ if undoing:
            return "what was done stays in place, its undo is not begun"
        case _:
            return "nothing was begun"


def _note(incident: Incident, cancellation: Cancellation, said: str) -> Note:
    waited = incident.waiting_on is WaitingOn.APPROVAL
    return Note(
        kind=_CANCELLED,
        payload={
            "by": cancellation.by,
            "reason": cancellation.reason,
            "stage": incident.stage,
            "text": said,
            "plan_digest": incident.plan_digest if waited else None,
        },
    )


def _kept(incident: Incident, cancellation: Cancellation) -> StageOutput:
    return StageOutput(
        incident=incident.id,
        attempt=1,
        stage=Stage.TRIGGERED,
        name=_CANCELLED,
        json_text=cancellation.model_dump_json(),
    )


def get_cancellation(connection: Connection, incident_id: str) -> Cancellation | None:
    """Who took the incident in hand."""
    text = get_output(connection, incident_id, 1, Stage.TRIGGERED, _CANCELLED)
    return None if text is None else Cancellation.model_validate_json(text)


def _following(incident: Incident, segment: Segment) -> NextSegment:
    return NextSegment(segment=segment, incident=incident.id, attempt=incident.attempt)
