"""What the API tells of incidents, and the answers it takes."""

import asyncio
from pathlib import Path

import pytest
from tests.web.house import BEARER, House

from vigil.domain.ending import Ending
from vigil.domain.incident import Stage
from vigil.domain.proof import Outcome, Proof
from vigil.ports.workflow import Segment
from vigil.story.progress import Progress

OTHER_DIGEST = "sha256:" + "b" * 64


async def test_incidents_are_listed_newest_first_and_bounded(house: House) -> None:
    first, _ = await house.waiting("web")
    house.clock.advance(1)
    second, _ = await house.waiting("worker")
    found = (await house.client.get("/api/incidents", headers=BEARER)).json()["incidents"]
    assert [one["id"] for one in found] == [second.id, first.id]
    one = await house.client.get("/api/incidents?limit=1", headers=BEARER)
    assert [one["id"] for one in one.json()["incidents"]] == [second.id]
    for limit in (0, 1001, "x"):
        answer = await house.client.get(f"/api/incidents?limit={limit}", headers=BEARER)
        assert answer.status_code == 422
        assert answer.json()["error"]["what"].startswith("query.limit: ")


async def test_an_incident_comes_with_its_seconds_in_each_stage(house: House) -> None:
    incident, _ = await house.waiting()
    house.clock.advance(30)
    found = (await house.client.get(f"/api/incidents/{incident.id}", headers=BEARER)).json()
    assert found["incident"]["waiting_on"] == "approval"
    assert found["stages"] == {
        "TRIGGERED": 2.0,
        "INVESTIGATING": 2.0,
        "HYPOTHESIS_RECEIVED": 2.0,
        "CONTEXT_RETRIEVED": 2.0,
        "SYNTHESIZING": 30.0,
    }


async def test_a_closed_incident_no_longer_grows(house: House) -> None:
    incident, _ = await house.waiting()
    step = Progress(incident, 1, house.record.journal, house.clock)
    await step.close(
        Stage.ESCALATED, Ending(resolved=False, outcome=Outcome.NOT_EXECUTED, text="a test")
    )
    house.clock.advance(30)
    found = (await house.client.get(f"/api/incidents/{incident.id}", headers=BEARER)).json()
    assert found["stages"]["SYNTHESIZING"] == 0.0
    assert found["stages"]["ESCALATED"] == 0.0


async def test_a_timeline_is_read_on_from_a_number_without_its_salts(house: House) -> None:
    incident, _ = await house.waiting()
    path = f"/api/incidents/{incident.id}/timeline"
    whole = (await house.client.get(path, headers=BEARER)).json()
    assert whole["more"] is False
    assert [event["seq"] for event in whole["events"]] == [1, 2, 3, 4, 5, 6]
    assert whole["events"][0].keys() == {"seq", "at", "kind", "payload", "hash"}
    rest = (await house.client.get(f"{path}?after=4", headers=BEARER)).json()
    assert rest["events"] == whole["events"][4:]


async def test_plan_and_proof_are_null_before_there_is_one(house: House) -> None:
    await house.engine.hear(
        house.engine.sources["alertmanager"].adapter.parse({}, b'{"alerts": [{"labels": {}}]}')
    )
    await house.take_in()
    [incident] = await house.engine.incidents()
    path = f"/api/incidents/{incident.id}"
    plan = await house.client.get(f"{path}/plan", headers=BEARER)
    assert (plan.status_code, set(plan.json().values())) == (200, {None})
    proof = await house.client.get(f"{path}/proof", headers=BEARER)
    assert (proof.status_code, proof.json()) == (200, {"proof": None, "account": None})


async def test_a_plan_is_told_with_its_digest_and_verdict(house: House) -> None:
    incident, plan = await house.waiting()
    told = (await house.client.get(f"/api/incidents/{incident.id}/plan", headers=BEARER)).json()
    assert told["digest"] == plan.digest == told["verdict"]["plan_digest"]
    assert type(plan).model_validate(told["plan"]).digest == plan.digest
    second = f"/api/incidents/{incident.id}/plan?attempt=2"
    assert (await house.client.get(second, headers=BEARER)).json()["plan"] is None


async def test_a_proof_is_told(house: House) -> None:
    incident, _ = await house.waiting()
    step = Progress(incident, 1, house.record.journal, house.clock)
    await step.enter(Stage.EXECUTING)
    proof = Proof(outcome=Outcome.VERIFIED, text="it works", decided_at=house.clock.now())

    async def work() -> Proof:
        return proof

    await step.stage(Stage.VERIFYING, Proof, work, lambda _: [])
    told = (await house.client.get(f"/api/incidents/{incident.id}/proof", headers=BEARER)).json()
    assert Proof.model_validate(told["proof"]) == proof


async def test_an_unknown_incident_is_not_found(house: House) -> None:
    for rest in ("", "/timeline", "/plan", "/proof"):
        answer = await house.client.get(f"/api/incidents/nobody{rest}", headers=BEARER)
        assert answer.status_code == 404
        assert "nobody" in answer.json()["error"]["what"]


# --- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "segment"), [("approve", Segment.ACT), ("reject", Segment.CLOSE)])
async def test_an_answer_wins_and_is_written_with_who_gave_it(
    house: House, verb: str, segment: Segment
) -> None:
    incident, plan = await house.waiting()
    answer = await house.client.post(
        f"/api/incidents/{incident.id}/{verb}",
        json={"plan_digest": plan.digest, "by": "ada"},
        headers=BEARER,
    )
    assert (answer.status_code, answer.json()["won"]) == (200, True)
    approval = await house.record.journal.approval(incident.id, plan.digest)
    assert approval is not None
    assert (approval.by, approval.plan_digest) == ("ada", plan.digest)
    assert segment in [due.segment for due in await house.record.journal.due(10)]


async def test_of_many_answers_at_once_exactly_one_wins(house: House) -> None:
    incident, plan = await house.waiting()

    async def give(number: int) -> tuple[int, bool]:
        verb = ("approve", "reject")[number % 2]
        answer = await house.client.post(
            f"/api/incidents/{incident.id}/{verb}",
            json={"plan_digest": plan.digest, "by": f"person {number}"},
            headers=BEARER,
        )
        return answer.status_code, answer.json()["won"]

    given = await asyncio.gather(*(give(number) for number in range(12)))
    assert sorted(given) == [(200, True)] + [(409, False)] * 11
    kinds = [event.kind for event in await house.engine.timeline(incident.id)]
    assert kinds.count("approved") + kinds.count("rejected") == 1


async def test_an_answer_to_another_plan_does_not_win(house: House) -> None:
    incident, plan = await house.waiting()
    answer = await house.client.post(
        f"/api/incidents/{incident.id}/approve",
        json={"plan_digest": OTHER_DIGEST},
        headers=BEARER,
    )
    assert (answer.status_code, answer.json()["won"]) == (409, False)
    assert plan.digest in answer.json()["text"]
    assert (await house.engine.incident(incident.id)).waiting_on is not None


NO_ANSWERS = (
    b"",
    b"{}",
    b"[]",
    b"{",
    b'{"plan_digest": "sha256:abc"}',
    b'{"plan_digest": null}',
    b'{"plan_digest": "%s", "by": "two\\nlines"}' % OTHER_DIGEST.encode(),
    b'{"plan_digest": "%s", "by": "\\ud800"}' % OTHER_DIGEST.encode(),
    b'{"plan_digest": "%s", "by": "\\u202eada"}' % OTHER_DIGEST.encode(),
    b'{"plan_digest": "%s", "by": "a\\u200bda"}' % OTHER_DIGEST.encode(),
    b'{"plan_digest": "%s", "by": "a\\u009bda"}' % OTHER_DIGEST.encode(),
    b'{"plan_digest": "%s", "\\ud800": 1}' % OTHER_DIGEST.encode(),
    b'{"plan_digest": "%s", "extra": 1}' % OTHER_DIGEST.encode(),
)


async def test_an_answer_without_a_plans_digest_is_invalid(house: House) -> None:
    incident, _ = await house.waiting()
    headers = {**BEARER, "content-type": "application/json"}
    for body in NO_ANSWERS:
        for verb in ("approve", "reject"):
            answer = await house.client.post(
                f"/api/incidents/{incident.id}/{verb}", content=body, headers=headers
            )
            assert answer.status_code == 422, body
    assert (await house.engine.incident(incident.id)).waiting_on is not None


async def test_an_answer_to_an_unknown_incident_is_not_found(house: House) -> None:
    for verb in ("approve", "reject"):
        answer = await house.client.post(
            f"/api/incidents/nobody/{verb}", json={"plan_digest": OTHER_DIGEST}, headers=BEARER
        )
        assert answer.status_code == 404


async def cancel(house: House, incident: str, **order: str) -> tuple[int, bool, str]:
    path = f"/api/incidents/{incident}/cancel"
    answer = await house.client.post(path, json=order, headers=BEARER)
    return answer.status_code, answer.json()["won"], answer.json()["text"]


async def test_an_incident_is_cancelled_once_and_everybody_else_is_told_by_whom(
    house: House,
) -> None:
    incident, plan = await house.waiting()
    status, won, text = await cancel(house, incident.id, by="ada", reason="I am on it")
    assert (status, won) == (200, True)
    assert "nothing was begun" in text
    status, won, text = await cancel(house, incident.id, by="grace")
    assert (status, won) == (409, False)
    assert "cancelled by ada" in text
    assert "I am on it" in text
    late = await house.client.post(
        f"/api/incidents/{incident.id}/approve",
        json={"plan_digest": plan.digest, "by": "grace"},
        headers=BEARER,
    )
    assert late.status_code == 409
    assert "cancelled by ada" in late.json()["text"]
    found = (await house.client.get(f"/api/incidents/{incident.id}", headers=BEARER)).json()
    assert found["incident"]["cancelled_by"] == "ada"
    assert Segment.CLOSE in [due.segment for due in await house.record.journal.due(10)]


async def test_a_cancellation_needs_no_reason_and_an_incident_that_is_there(house: House) -> None:
    incident, _ = await house.waiting()
    headers = {**BEARER, "content-type": "application/json"}
    for body in (b"", b"[]", b'{"by": "two\\nlines"}', b'{"reason": "\\u202e"}', b'{"extra": 1}'):
        path = f"/api/incidents/{incident.id}/cancel"
        answer = await house.client.post(path, content=body, headers=headers)
        assert answer.status_code == 422, body
    missing = await house.client.post("/api/incidents/nobody/cancel", json={}, headers=BEARER)
    assert missing.status_code == 404
    assert (await house.engine.incident(incident.id)).cancelled_by is None
    assert (await cancel(house, incident.id))[:2] == (200, True)


async def test_while_stopped_an_approval_is_refused_and_the_plan_goes_on_waiting(
    house: House,
) -> None:
    incident, plan = await house.waiting()
    path = f"/api/incidents/{incident.id}"
    body = {"plan_digest": plan.digest, "by": "ada"}
    stop = {"text": "drill", "by": "grace"}
    assert (await house.client.post("/api/stop", json=stop, headers=BEARER)).status_code == 200
    refused = await house.client.post(f"{path}/approve", json=body, headers=BEARER)
    assert refused.status_code == 409
    assert "Vigil is stopped by grace (drill)" in refused.json()["text"]
    found = (await house.client.get(path, headers=BEARER)).json()["incident"]
    assert found["waiting_on"] == "approval"
    assert found["expires_at"] is not None
    assert (await house.client.post("/api/resume", json={}, headers=BEARER)).status_code == 200
    approved = await house.client.post(f"{path}/approve", json=body, headers=BEARER)
    assert approved.status_code == 200


# --- stop switch ---------------------------------------------------------------------------------


async def test_stop_and_resume_turn_the_switch_and_say_so_everywhere(house: House) -> None:
    order = {"now": True, "text": "maintenance", "by": "ada"}
    answer = await house.client.post("/api/stop", json=order, headers=BEARER)
    assert answer.json() == {"stopped": True, **order}
    assert house.engine.parts.switch.read().model_dump() == answer.json()
    ready = await house.client.get("/ready")
    assert ready.status_code == 503
    assert "stopped: maintenance" in [part["text"] for part in ready.json()["parts"]]
    assert "vigil_stopped 1.0" in (await house.client.get("/metrics")).text
    answer = await house.client.post("/api/resume", json={}, headers=BEARER)
    assert answer.json()["stopped"] is False
    assert not house.engine.parts.switch.read().stopped
    assert (await house.client.get("/ready")).status_code == 200


async def test_a_switch_that_cannot_be_written_is_said_loudly(house: House, tmp_path: Path) -> None:
    (tmp_path / "switch.json").unlink()
    (tmp_path / "switch.json").mkdir()
    answer = await house.client.post("/api/stop", json={}, headers=BEARER)
    assert answer.status_code == 503
    assert "could not be written" in answer.json()["error"]["what"]
