"""Signed orders in, signed ends out: one changed byte, and neither is used."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runner.bench import lease_of
from tests.runner.far import NAME, new_identity

from vigil.domain.catalogue import Catalogue
from vigil.domain.effects import Risk
from vigil.domain.errors import PermanentError, PlanMismatch
from vigil.domain.identity import canonical_json
from vigil.domain.plan import Action, ActionResult, ActionStatus, PeakUse, Plan
from vigil.domain.remote import OrderFrame, OrderText, attested_text
from vigil.domain.run import RunOrder
from vigil.domain.signed import ORDER, RESULT, Signed
from vigil.domain.switch import SwitchState
from vigil.guard import analyse
from vigil.integrations.sandbox.hub import Hub
from vigil.integrations.sandbox.remote import RemoteSandbox
from vigil.link.addresses import Address
from vigil.link.identity import Identity, genuine
from vigil.runner.orders import checked
from vigil.runner.remote.connection import MAX_AGE, Connection

HUB, RUNNER, STRANGER = (new_identity() for _ in range(3))
SCRIPT = "vigil-do process.restart restart web-1"


def plan(script: str = SCRIPT) -> Plan:
    action = Action(
        id="a1", title="t", script=script, grants=("restart",), effects=analyse(script), no_undo="-"
    )
    return Plan(
        incident="inc-1",
        attempt=1,
        service="shop",
        symptom="checkout",
        failure_type="worker_hung",
        component="shop",
        runbook=None,
        runbook_digest=None,
        summary="s",
        reasons=(),
        actions=(action,),
        declared_risk=Risk.LOW,
        proving=(),
        neighbours=(),
    )


def connection() -> Connection:
    return Connection(NAME, RUNNER, HUB.public)


def frame(to: Connection, number: int = 1, by: Identity = HUB, **changes: object) -> OrderFrame:
    judged = plan()
    fields = {
        "hub": by.public,
        "runner": NAME,
        "session": to.id,
        "number": number,
        "issued_at": datetime.now(UTC),
        "run_key": "run-1",
        "approved_digest": judged.digest,
        "action": "a1",
        "lease": lease_of(60, "shop/process:restart/web-1"),
        "only_if_known": False,
    }
    text = OrderText.model_validate({**fields, **changes})
    signed = by.signed(ORDER, canonical_json(text.model_dump(mode="json")))
    return OrderFrame(id=number, order=signed, plan=judged)


def test_a_right_order_is_opened_and_says_what_was_ordered() -> None:
    here = connection()
    order = here.opened(frame(here))
    assert (order.run_key, order.action, order.plan) == ("run-1", "a1", plan())
    assert order.approved_digest == plan().digest


LATE = MAX_AGE + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda s: frame(s, by=STRANGER), "has not signed"),
        (lambda s: frame(s, by=STRANGER, hub=HUB.public), "has not signed"),
        (lambda s: frame(s, hub=STRANGER.public), "of another hub"),
        (lambda s: frame(s, runner="edge-2"), "for the runner 'edge-2'"),
        (lambda _: frame(connection()), "on another connection"),
        (lambda s: frame(s, issued_at=datetime.now(UTC) - LATE), "came late"),
        (lambda s: frame(s, issued_at=datetime.now(UTC) + LATE), "clocks of hub and runner"),
        (lambda s: frame(s, 2).model_copy(update={"id": 3}), "number 2"),
    ],
    ids=["stranger", "in-its-name", "hub", "runner", "session", "stale", "early", "number"],
)
def test_an_order_that_is_wrong_in_one_way_is_refused(
    wrong: Callable[[Connection], OrderFrame], why: str
) -> None:
    here = connection()
    with pytest.raises(PermanentError, match=why):
        here.opened(wrong(here))


def test_a_replayed_and_a_reordered_one_are_refused() -> None:
    here = connection()
    second, first = frame(here, 2), frame(here, 1)
    here.opened(second)
    for again in (second, first):
        with pytest.raises(PermanentError, match="2 has been seen"):
            here.opened(again)


def test_what_was_signed_as_something_else_is_no_order() -> None:
    here = connection()
    right = frame(here)
    signed = HUB.signed(RESULT, right.order.text)
    with pytest.raises(PermanentError, match="has not signed"):
        here.opened(right.model_copy(update={"order": signed}))


@settings(max_examples=60)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 6))
def test_one_changed_byte_of_the_text_is_another_text(at: int, bit: int) -> None:
    here = connection()
    right = frame(here)
    raw = bytearray(right.order.text.encode())
    raw[at % len(raw)] ^= 1 << bit
    altered = right.order.model_copy(update={"text": raw.decode(errors="replace")})
    with pytest.raises(PermanentError, match="has not signed"):
        here.opened(right.model_copy(update={"order": altered}))


def test_another_plan_beside_the_same_text_is_not_the_one_that_was_approved() -> None:
    here = connection()
    catalogue = Catalogue.model_validate({"version": 1, "services": {"shop": {}}})
    other = frame(here).model_copy(update={"plan": plan(SCRIPT.replace("web-1", "web-2"))})
    order = here.opened(other)
    with pytest.raises(PlanMismatch, match="was approved"):
        checked(order, catalogue, analyse)


# --- ends ------------------------------------------------------------------------------------

RESULT_HERE = ActionResult(
    action="a1", status=ActionStatus.SUCCEEDED, exit_code=0, output="done\n", seconds=1.25
)


def ordered() -> tuple[Connection, OrderFrame, RunOrder]:
    here = connection()
    asked = frame(here)
    return here, asked, here.opened(asked)


def sandbox() -> RemoteSandbox:
    hub = Hub(
        Address("127.0.0.1", 1), HUB, {NAME: RUNNER.public}, lambda: SwitchState(stopped=True)
    )
    return RemoteSandbox(NAME, RUNNER.public, hub, HUB.public)


def test_a_right_end_is_used_and_can_be_checked_without_anybody() -> None:
    here, asked, order = ordered()
    end = here.attested(RESULT_HERE, asked.order)
    sandbox().check(order, end)
    assert here.attested(end, frame(here, 7).order) == end, "the first order is kept"
    kept = ActionResult.model_validate_json(end.model_dump_json())
    said = kept.attestation
    assert said is not None
    text = attested_text(said.runner, said.order, kept)
    assert genuine(RUNNER.public, RESULT, text, said.signature)


def test_an_end_of_a_record_that_has_no_signature_still_reads() -> None:
    old = {"action": "a1", "status": "succeeded", "exit_code": 0, "seconds": 1.0}
    assert ActionResult.model_validate(old).attestation is None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": ActionStatus.FAILED},
        {"exit_code": 1},
        {"output": "done"},
        {"seconds": 1.26},
        {"interrupted": True},
        {"peak": PeakUse(processes=1)},
        {"attestation": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_end_that_was_changed_is_not_used(changes: dict[str, Any]) -> None:
    here, asked, order = ordered()
    end = here.attested(RESULT_HERE, asked.order).model_copy(update=changes)
    with pytest.raises(PermanentError, match="is not used"):
        sandbox().check(order, end)


def test_an_end_of_another_runner_order_or_run_is_not_used() -> None:
    here, asked, order = ordered()
    forged = Connection(NAME, STRANGER, HUB.public).attested(RESULT_HERE, asked.order)
    own_order = here.attested(RESULT_HERE, RUNNER.signed(ORDER, asked.order.text))
    of_another_name = Connection("edge-2", RUNNER, HUB.public).attested(RESULT_HERE, asked.order)
    of_another_run = here.attested(RESULT_HERE, frame(here, run_key="run-2").order)
    of_another_plan = here.attested(
        RESULT_HERE, frame(here, approved_digest=plan("true").digest).order
    )
    not_signed = Signed(text="{}", key=HUB.public, signature=asked.order.signature)
    garbage = here.attested(RESULT_HERE, not_signed)
    for end in (forged, own_order, of_another_name, of_another_run, of_another_plan, garbage):
        with pytest.raises(PermanentError, match="is not used"):
            sandbox().check(order, end)
