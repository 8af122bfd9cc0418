"""`vigil probe`: what it shows, in how much room, and how it ends (about 6 s)."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from tests.support.hand_clock import START
from tests.support.http_server import Answer, serving
from tests.support.probing import PROBE
from typer.testing import CliRunner, Result

from vigil.cli import app
from vigil.cli.probe_view import ProbeView
from vigil.domain.probe import ProbeOutcome, ProbeRef, ProbeResult

PAGES = {"/": Answer(body=b"Catalogue"), "/api": Answer(body=b'{"state": "open"}')}


@pytest.fixture
async def settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, str]]:
    """A service with two probes that pass and one that fails, and one that has none."""
    async with serving(lambda request: PAGES[request.path]) as server:
        api = {"url": server.url("/api")}
        probes = {
            "front": {"kind": "http", "steps": [{"url": server.url("/")}]},
            "open": {"kind": "http", "steps": [api | {"expect": {"values": {"$.state": "open"}}}]},
            "closed": {"kind": "http", "steps": [api | {"expect": {"values": {"$.state": "no"}}}]},
        }
        services = {"shop": {"probes": probes}, "idle": {}}
        catalogue = {"version": 1, "watch": {"interval_s": 0.1}, "services": services}
        path = tmp_path / "vigil.yaml"
        path.write_text(yaml.safe_dump(catalogue, sort_keys=False))
        given = {"VIGIL_CONFIG": str(path), "VIGIL_STATE_DIR": str(tmp_path / "state")}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield given


async def vigil(*words: str) -> Result:
    """In a thread: the servers that it looks at run in this one."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["probe", *words])


@pytest.mark.usefixtures("settings")
async def test_everything_is_looked_at_and_told_as_one_object() -> None:
    result = await vigil("shop", "--json")
    assert result.exit_code == 1, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    assert (said["service"], said["ok"]) == ("shop", False)
    assert {each["name"]: each["outcome"] for each in said["probes"]} == {
        "front": "passing",
        "open": "passing",
        "closed": "failing",
    }
    front = said["probes"][0]
    assert (front["kind"], front["unit"]) == ("http", "ms")
    assert (front["budget"], front["usual"]) == (None, None)
    assert 0 < front["value"] <= front["ms"]
    assert "answered 200" in front["text"]


@pytest.mark.usefixtures("settings")
async def test_exit_0_when_all_that_was_asked_for_passes() -> None:
    result = await vigil("shop", "--only", "front", "--only", "open")
    assert result.exit_code == 0, result.output
    assert "front" in result.stdout
    assert "closed" not in result.stdout


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("shopp",), "shop, idle"),
        (("shop", "--only", "fornt"), "front, open, closed"),
        (("idle",), "it has: none"),
    ],
)
async def test_what_there_is_not_ends_with_2_and_the_names_there_are(
    words: tuple[str, ...], names: str
) -> None:
    result = await vigil(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert names in result.stderr


async def test_a_mistake_in_the_catalogue_ends_with_2(settings: dict[str, str]) -> None:
    await asyncio.to_thread(Path(settings["VIGIL_CONFIG"]).write_text, "version: 2\n")
    result = await vigil("shop", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "vigil.yaml:1:" in result.stderr


async def test_watching_tells_one_object_a_line_until_it_is_interrupted(
    settings: dict[str, str],
) -> None:
    command = [sys.executable, "-m", "vigil", "probe", "shop", "--watch", "--json"]
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [json.loads(await process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGINT)
    _, complaints = await process.communicate()
    assert [len(line["probes"]) for line in lines] == [3, 3, 3]
    assert (process.returncode, complaints) == (1, b"")


LONG = "GET http://127.0.0.1/api answered 200, but $.state is 'open', expected 'closed'."


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("looks", [0, 1, 30])
def test_it_fits_and_says_in_full_what_is_wrong(width: int, looks: int) -> None:
    spec = PROBE.validate_python({"kind": "http", "steps": [{"url": "http://127.0.0.1/api"}]})
    paper = io.StringIO()
    with ProbeView(
        Console(width=width, file=paper), "shop", {"checkout": spec, "front": spec}
    ) as view:
        for number in range(2 * looks):
            failed = number % 2 == 0
            view.saw(
                ProbeResult(
                    ref=ProbeRef(service="shop", probe="checkout" if failed else "front"),
                    outcome=ProbeOutcome.FAILING if failed else ProbeOutcome.PASSING,
                    text=LONG if failed else "x" * 300,
                    seconds=0.1,
                    at=START,
                    value=None if failed else 12.5,
                )
            )
        view.over()
    shown = paper.getvalue()
    assert all(len(line) <= width for line in shown.splitlines())
    assert "checkout" in shown
    if looks:
        assert "".join(LONG.split()) in "".join(shown.split())
        assert "12.5 ms" in shown
    assert shown.count("✘") == (0 if not looks else 1 if looks == 1 else 1 + 20)


def test_a_measured_page_is_shown_beside_its_budget_and_what_is_usual() -> None:
    spec = PROBE.validate_python({"kind": "performance", "url": "http://h/", "p95_ms": 300})
    paper = io.StringIO()
    seen = ProbeResult(
        ref=ProbeRef(service="shop", probe="quick"),
        outcome=ProbeOutcome.PASSING,
        text="Quick.",
        seconds=2.0,
        at=START,
        value=19.8,
        usual=18.5,
    )
    with ProbeView(Console(width=80, file=paper), "shop", {"quick": spec}) as view:
        view.saw(seen)
        view.over()
    assert "19.8 of 300 ms, usually 18.5" in paper.getvalue()
