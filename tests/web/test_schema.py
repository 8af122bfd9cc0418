"""The schema: every route stands in the reference, and keeps to its schema whatever is sent."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from tests.web.house import BEARER, House, served

REFERENCE = Path(__file__).parents[2] / "docs/reference/http.md"


@pytest.fixture(scope="module")
def served_house(empty_record: Path) -> Iterator[House]:
    """Served from a thread of its own, as schemathesis is not asynchronous."""
    ready, made, ending = threading.Event(), list[House](), list[asyncio.Event]()
    loop = asyncio.new_event_loop()

    async def serving() -> None:
        end = asyncio.Event()
        async with served(empty_record) as house:
            await house.waiting()
            made.append(house)
            ending.append(end)
            ready.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serving(),))
    thread.start()
    assert ready.wait(30)
    yield made[0]
    loop.call_soon_threadsafe(ending[0].set)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def api(served_house: House) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{served_house.origin}/openapi.json", headers=BEARER)


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_route_keeps_to_its_schema(case: schemathesis.Case, served_house: House):
    served_house.clock.advance(3600)
    not_ready_is_an_answer = [CHECKS.get_one("not_a_server_error")] if case.path == "/ready" else []
    case.call_and_validate(headers=BEARER, excluded_checks=not_ready_is_an_answer)


def test_the_reference_lists_every_route_and_no_other(served_house: House):
    written = set(re.findall(r"^### `([A-Z]+) (/\S*)`", REFERENCE.read_text(), re.MULTILINE))
    there = {
        (method, route.path)
        for route in served_house.app.routes
        for method in route.methods - {"HEAD"}
    }
    assert written == there
