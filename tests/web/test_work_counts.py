"""What /metrics and /ready tell of the work and of who does it (below 2 s)."""

from tests.web.house import House


async def test_the_work_is_counted(house: House) -> None:
    incident, _ = await house.waiting()
    locks = house.engine.parts.locks
    await locks.take(["service:web"], incident.id, "w", house.clock.now(), 30.0)
    house.clock.advance(5)
    metrics = (await house.client.get("/metrics")).text
    for line in (
        'vigil_incidents_in{place="for_approval"} 1.0',
        'vigil_incidents_in{place="for_locks"} 0.0',
        'vigil_incidents_in{place="queued"} 0.0',
        'vigil_workers{state="dead"} 0.0',
        'vigil_leads{role="watching"} 1.0',
        "vigil_locks_held 1.0",
    ):
        assert line in metrics.splitlines()
    [oldest] = [
        line for line in metrics.splitlines() if line.startswith("vigil_oldest_waiting_seconds ")
    ]
    age_s = (house.clock.now() - incident.opened_at).total_seconds()
    assert float(oldest.split()[1]) == age_s


async def test_while_it_drains_it_is_not_ready_and_still_hears(house: House) -> None:
    await house.engine.drain(0.0)
    answer = await house.client.get("/ready")
    assert answer.status_code == 503
    [workers] = [part for part in answer.json()["parts"] if part["part"] == "workers"]
    assert not workers["ok"]
    assert "drains" in workers["text"]
    incident, _ = await house.waiting()
    assert (await house.engine.incident(incident.id)).waiting_on is not None
