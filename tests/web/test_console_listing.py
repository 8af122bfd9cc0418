"""The list of incidents: what a plan would do is read once, however often the list is asked for."""

from tests.web.house import House

from vigil.domain.incident import Incident
from vigil.domain.verdict import Answer
from vigil.engine import Judged
from vigil.web.console.headline import Standing
from vigil.web.console.listing import Group, Listing


def wishes(groups: tuple[Group, ...]) -> dict[str, str | None]:
    waiting = [group for group in groups if group.standing is Standing.WAITS]
    return {row.incident.id: row.wish for group in waiting for row in group.rows}


async def test_each_plan_that_waits_is_read_once_and_forgotten_when_it_does_not(
    house: House,
) -> None:
    asked: list[str] = []
    judged = house.engine.judged

    async def counted(incident_id: str, attempt: int | None = None) -> Judged | None:
        asked.append(incident_id)
        return await judged(incident_id, attempt)

    house.engine.judged = counted  # type: ignore[method-assign] # counted, not changed
    listing = Listing(house.engine)
    first, plan = await house.waiting("web")
    assert wishes(await listing.groups()) == {first.id: plan.summary}
    second, other = await house.waiting("worker")
    for _ in range(3):
        found = wishes(await listing.groups())
        assert found == {first.id: plan.summary, second.id: other.summary}
    assert asked == [first.id, second.id]

    decided = await house.engine.answer(first.id, plan.digest, Answer.REJECTED, "Ada")
    assert decided.won
    assert set(wishes(await listing.groups())) == {second.id}
    assert set(listing._wishes) == {other.digest}


async def test_another_plan_of_the_same_incident_is_read(house: House) -> None:
    incident, plan = await house.waiting()
    listing = Listing(house.engine)
    await listing.groups()
    again = Incident.model_validate({**incident.model_dump(), "plan_digest": "sha256:" + "0" * 64})
    listing._wishes = {plan.digest: "out of date"}
    assert (await listing._read_wishes([again]))[incident.id] == plan.summary
