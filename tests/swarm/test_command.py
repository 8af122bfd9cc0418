"""`vigil swarm` as a user starts it, over a thin real server (about 15 s)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from tests.support.browsers import children
from tests.support.http_server import Answer, Request, Server, serving
from typer.testing import CliRunner

from vigil.bootstrap import open_switch
from vigil.cli import app
from vigil.domain.switch import SwitchState
from vigil.settings import Settings

HTML = (("content-type", "text/html"),)
END_S = 30.0


class Shop:
    """Well until it is told not to be."""

    well = True

    def answer(self, _: Request) -> Answer:
        return Answer(200 if self.well else 503, b"<h1>Catalogue</h1><a href='/'>x</a>", HTML)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest_asyncio.fixture
async def site(shop: Shop) -> AsyncIterator[Server]:
    async with serving(shop.answer) as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, site: Server) -> Path:
    """A folder with a catalogue and a Vigil that has been started once, and is not stopped."""
    walk = {
        "kind": "journey",
        "timeout_s": 20,
        "steps": [{"open": site.url("/")}, {"expect": {"text": "Catalogue"}}, {"click": "a"}],
    }
    look = {"kind": "http", "steps": [{"url": site.url("/look")}]}
    shop = {
        "probes": {"customer": walk, "look": look},
        "swarm": {"journey": "customer", "sessions": 4, "rate": 20},
    }
    command = {"kind": "command", "script": "true"}
    commanded = {"probes": {"customer": walk, "look": look, "settings": command}}
    bare = {"probes": {"look": look}}
    catalogue = {"version": 1, "services": {"shop": shop, "commanded": commanded, "bare": bare}}
    (tmp_path / "vigil.yaml").write_text(yaml.safe_dump(catalogue))
    (tmp_path / "state").mkdir(mode=0o700)
    settings = Settings(vigil_state_dir=tmp_path / "state", _env_file=None)
    open_switch(settings).set(SwitchState(stopped=False))
    return tmp_path


async def started(house: Path, *words: str, **more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vigil", "swarm", *words),
        cwd=house,
        env={"PATH": os.environ["PATH"], "VIGIL_STATE_DIR": "state", **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(END_S):
        out, complaints = await process.communicate()
    return process.returncode, out.decode(), complaints.decode()


async def asked(house: Path, *words: str, **more: str) -> tuple[int | None, Any, str]:
    code, out, complaints = await ended(await started(house, *words, "--json", **more))
    return code, json.loads(out) if out else None, complaints


async def test_what_the_service_asks_for_is_walked(house: Path) -> None:
    code, told, complaints = await asked(house, "shop", "--hold")
    assert code == 0, (told, complaints)
    assert (told["ok"], told["done"], told["held_at_once"]) == (True, 4, 4)
    assert (told["journey"], told["spec"]["rate"]) == ("customer", 20)
    assert [step["spread"]["count"] for step in told["steps"]] == [4, 4, 4]


async def test_a_person_sees_a_table(house: Path) -> None:
    code, out, complaints = await ended(await started(house, "shop"))
    assert code == 0
    assert "3 click 'a'" in out
    assert "the whole walk" in out
    assert "4 of 4 sessions went well, 0 failed" in out
    assert "walking" in complaints


async def test_it_does_not_begin_where_it_must_not(house: Path, shop: Shop, site: Server) -> None:
    shop.well = False
    code, told, complaints = await asked(house, "shop")
    assert (code, told["begun"]) == (1, False)
    assert "Not begun: probe shop/look is failing" in complaints
    shop.well = True
    settings = Settings(vigil_state_dir=house / "state", _env_file=None)
    open_switch(settings).set(SwitchState(stopped=True, by="Ada", text="release day"))
    code, told, complaints = await asked(house, "shop")
    assert (code, told["stopped"]["why"]) == (1, "told")
    assert "stopped by Ada" in complaints
    assert {request.path for request in site.requests} == {"/look"}


async def test_where_no_vigil_has_run_it_says_what_makes_a_switch(
    house: Path, site: Server
) -> None:
    """`vigil resume` turns the switch of a Vigil that runs; there is none."""
    code, told, complaints = await asked(house, "shop", VIGIL_STATE_DIR="elsewhere")
    assert (code, told["begun"], told["stopped"]["why"]) == (1, False, "told")
    assert "Not begun: no Vigil has run in elsewhere yet" in complaints
    assert "`vigil serve`" in complaints
    assert "resume" not in complaints
    assert not (house / "elsewhere").exists()
    assert site.requests == []


async def test_a_switch_that_was_lost_is_made_anew_by_turning_it(house: Path) -> None:
    (house / "state" / "keys").mkdir()
    (house / "state" / "switch.json").unlink()
    code, _, complaints = await asked(house, "shop")
    assert code == 1
    assert "`vigil resume` writes it anew" in complaints


async def test_commands_are_looked_at_by_the_runner_as_ever(house: Path) -> None:
    code, told, complaints = await asked(house, "commanded")
    assert (code, told["begun"]) == (1, False)
    assert "Not begun: probe commanded/settings is unknown" in complaints
    assert complaints.rstrip().endswith("see that `vigil serve` runs.")


async def test_it_stops_when_the_service_begins_to_fail(house: Path, shop: Shop) -> None:
    process = await started(house, "shop", "--json", "--sessions", "100", "--rate", "2")
    known = await browsers_of(process)
    shop.well = False
    code, out, _ = await ended(process)
    told = json.loads(out)
    assert code == 1
    assert told["stopped"]["why"] == "hurts"
    assert told["unfinished"] > 0
    assert not left_of(known)


async def test_ctrl_c_ends_it_in_order(house: Path) -> None:
    process = await started(house, "shop", "--json", "--sessions", "100", "--rate", "2")
    known = await browsers_of(process)
    process.send_signal(signal.SIGINT)
    code, out, _ = await ended(process)
    told = json.loads(out)
    assert (code, told["stopped"]["why"]) == (1, "told")
    assert told["done"] + told["unfinished"] == 100
    assert not left_of(known)


async def browsers_of(process: asyncio.subprocess.Process) -> list[int]:
    """Once they are there."""
    async with asyncio.timeout(END_S):
        while not (found := children(process.pid)):  # noqa: ASYNC110 - another process's children
            await asyncio.sleep(0.05)
    return list(found)


def left_of(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nobody",), "no service 'nobody'"),
        (("bare",), "which journey?"),
        (("shop", "--journey", "look"), "'shop' has no journey 'look'"),
        (("shop", "--sessions", "9"), "more than VIGIL_SWARM_SESSIONS allows (8)"),
    ],
)
async def test_wrong_usage(
    house: Path, words: tuple[str, ...], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(house)
    monkeypatch.setenv("VIGIL_SWARM_SESSIONS", "8")
    monkeypatch.setenv("VIGIL_STATE_DIR", "state")
    done = CliRunner().invoke(app, ["swarm", *words])
    assert done.exit_code == 2
    assert complaint in done.stderr
