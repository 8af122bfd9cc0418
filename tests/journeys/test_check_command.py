"""``vigil journey check``: a journey in a file, and each of its mistakes (15 s)."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from tests.support.http_server import Answer, Request, serving
from typer.testing import CliRunner

from vigil.cli.journey import journey_app

HTML = (("content-type", "text/html; charset=utf-8"),)
PAGE = b"<h1>Shop</h1><input id=name><p>\x1b[31mred</p>"
WALK = """\
timeout_s: 10
steps:
  - open: {url}
  - fill: {{"#name": "correct horse battery"}}
  - expect: {{text: {text}, selector: h1, within_s: 0.5}}
  - note: p
"""
MISTAKES = """\
timeout_s: 99
steps:
  - open: http://shop.test/
  - click: #pay
  - {click: "#a", note: "#b"}
  - fil: {"#a": b}
  - click the button
  - {open: "http://shop.test/", frame: "#f"}
  - {note: "#b", dialog: accept}
  - expect: {text: a, url: b}
  - expect: {element: a, selector: b}
  - expect: {url: /a, there: false}
"""
CATALOGUE = """\
version: 1
services:
  web:
    team: shop
    probes:
      up: {kind: tcp, host: 127.0.0.1, port: 1}
      customer: {kind: journey, steps: [{open: "http://127.0.0.1:1/"}]}
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No word for Vigil in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("VIGIL_", "LIGHTPANDA_"))]:
        monkeypatch.delenv(name)


def page(_: Request) -> Answer:
    return Answer(body=PAGE, headers=HTML)


def written(name: str, content: str) -> None:
    Path(name).write_text(content)


async def checked(*words: str) -> tuple[int | None, str, str]:
    """In a process of its own, as a person calls it."""
    command = [sys.executable, "-m", "vigil", "journey", "check", *words]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdout=pipe, stderr=pipe, env={**os.environ, "COLUMNS": "80"}
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def refused(*words: str) -> list[str]:
    run = CliRunner().invoke(journey_app, ["check", *words])
    assert (run.exit_code, run.stdout) == (2, ""), run.output
    return run.stderr.splitlines()


@pytest.mark.asyncio
async def test_each_step_is_shown_with_its_time_and_the_picture_is_kept(tmp_path: Path) -> None:
    async with serving(page) as server:
        written("walk.yaml", WALK.format(url=server.url(), text="Shop"))
        code, out, err = await checked("walk.yaml", "--screenshot", "last.png")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[:3] for line in lines[:4]] == [
        ["✔", "1", "open"],
        ["✔", "2", "fill"],
        ["✔", "3", "expect"],
        ["✔", "4", "note"],
    ]
    assert all(line.endswith(" ms") for line in lines[:4])
    assert "passing: All 4 steps went as expected" in out
    assert "\x1b" not in out
    picture = tmp_path / "last.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_mode & 0o077 == 0


@pytest.mark.asyncio
async def test_it_stops_at_the_step_that_fails_and_says_what_was_there() -> None:
    async with serving(page) as server:
        written("walk.yaml", WALK.format(url=server.url(), text="Basket"))
        code, out, err = await checked("walk.yaml", "--json", "--screenshot", "last.png")
    assert code == 1
    found = json.loads(out)
    assert found["outcome"] == "failing"
    assert "Step 3 of 4 (expect 'Basket'): not within 0.5 s;" in found["text"]
    assert "shows 'Shop red'" in found["text"], "without what would steer a terminal"
    assert [(s["number"], s["went"]) for s in found["steps"]] == [
        (1, "passing"),
        (2, "passing"),
        (3, "failing"),
    ]
    assert found["screenshot"] == "last.png"
    assert "✘ 3 expect 'Basket'" in err
    assert "horse" not in out + err


@pytest.mark.asyncio
async def test_a_journey_of_the_catalogue_by_its_name() -> None:
    written("vigil.yaml", CATALOGUE)
    code, out, _ = await checked("web/customer")
    assert code == 1
    assert "Step 1 of 1 (open http://127.0.0.1:1/): it could not be loaded" in out
    (said,) = refused("web/up")
    assert "web/up is neither a file nor a journey of vigil.yaml" in said
    assert "(journeys there: web/customer)" in said


def test_every_mistake_of_a_file_is_said_at_once_with_its_line() -> None:
    written("walk.yaml", MISTAKES)
    said = refused("walk.yaml")
    numbered = {int(line.split(":")[1]): line for line in said}
    for number, words in {
        1: "less than or equal to 30",
        4: "given: none; a selector that begins with # needs quotes",
        5: "given: click, note",
        6: "'steps.3.fil' is not known here; remove it or correct its spelling",
        7: "write a step as `NAME: VALUE`",
        8: "`open` looks at no element, so it takes no `frame`",
        9: "`dialog` goes with `click` or `submit`",
        10: "expect exactly one of: text, url, element, console",
        11: "`selector` says where a text is; it goes with `text`",
        12: "`there` goes with `element`",
    }.items():
        assert words in numbered.pop(number)
    assert not numbered


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("steps: []", "at least 1 item"),
        ("steps: [{click: a}]", "a journey begins with `open: URL`"),
        (
            "steps: [{open: 'http://a.test/'}, {measure: {within_ms: 9, steps: 2}}]",
            "step 2 measures 2 steps, but only 1 come before it",
        ),
        ("- open: http://a.test/", "has to map names to values"),
        ("steps: [", "not YAML"),
    ],
)
def test_a_file_that_is_no_journey(content: str, words: str) -> None:
    written("walk.yaml", content)
    assert any(words in line for line in refused("walk.yaml"))


def test_what_is_not_there_is_said() -> None:
    assert "nowhere.yaml: No such file" in refused("nowhere.yaml")[0]
    written("walk.yaml", "steps: [{open: 'http://a.test/'}]")
    assert "--browser: write lightpanda, chromium" in refused("walk.yaml", "--browser", "safari")[0]
