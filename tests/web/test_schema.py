"""The schema: every route stands in the reference, and keeps to its schema whatever is sent."""

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route
from tests.web.house import BEARER, House, served

REFERENCE = Path(__file__).parents[2] / "docs/reference/http.md"
CHECKS = (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


@pytest.fixture(scope="module")
def served_house(empty_record: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Served from a thread of its own, as schemathesis is not asynchronous."""
    directory = tmp_path_factory.mktemp("schema")
    shutil.copytree(empty_record, directory, dirs_exist_ok=True)
    ready, made, ending = threading.Event(), list[House](), list[asyncio.Event]()
    loop = asyncio.new_event_loop()

    async def serving() -> None:
        end = asyncio.Event()
        async with served(directory) as house:
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


def for_programs(house: House) -> set[str]:
    """Every path but those of pages and what is on them, and the schema itself."""
    routes = [route for route in house.app.routes if isinstance(route, APIRoute)]
    left_out = {route.path for route in routes if not route.include_in_schema}
    assert all(path.startswith(("/console/", "/static/", "/screenshots/")) for path in left_out)
    return {route.path for route in routes} - left_out


def test_every_route_keeps_to_its_schema(served_house: House) -> None:
    """Whatever is sent, well formed or not; a 503 is one of the answers of /ready."""
    schema = schemathesis.openapi.from_url(f"{served_house.origin}/openapi.json", headers=BEARER)
    operations = [f.ok() for f in schema.get_all_operations() if isinstance(f, Ok)]
    assert len(operations) == len(for_programs(served_house))
    takes = [one for one in operations if one.body or one.query or one.path_parameters]
    wrong = [one for one in takes if one.path.startswith("/api")]  # any text names a source
    assert len(wrong) > len(operations) / 2
    modes = [(operations, GenerationMode.POSITIVE), (wrong, GenerationMode.NEGATIVE)]
    for operation, mode in ((one, mode) for some, mode in modes for one in some):
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(max_examples=10, deadline=None, derandomize=True, database=None)
        @given(case=strategy)
        def check(case: schemathesis.Case[Any]) -> None:
            served_house.clock.advance(3600)  # wrong tokens are forgiven
            checks = CHECKS if case.path == "/ready" else (*CHECKS, not_a_server_error)
            case.call_and_validate(headers=BEARER, checks=list(checks))

        check()


def test_the_reference_lists_every_route_and_no_other(served_house: House) -> None:
    written = set(re.findall(r"^### `([A-Z]+) (/\S*)`", REFERENCE.read_text(), re.MULTILINE))
    there = {
        (method, route.path)
        for route in served_house.app.routes
        if isinstance(route, Route | APIRoute)
        for method in set(route.methods or ()) - {"HEAD"}
    }
    assert written == there
