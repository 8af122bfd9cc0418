"""`vigil journey check`: walk one journey now, and watch each step."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from vigil.bootstrap import open_browser
from vigil.cli.probe_view import STYLES
from vigil.cli.sentences import WIDEST
from vigil.cli.words import GOOD, NO, WRONG_USAGE, Json, end, print_json, told
from vigil.domain.errors import SettingsError
from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeOutcome
from vigil.domain.scrub import clean
from vigil.ports.browser import Heard, TakenStep, Walk
from vigil.settings import Settings, load_catalogue, load_settings, names_a_browser
from vigil.strict_yaml import load

MS_WIDTH = 9
WIDTH = 100
"""Columns of a wide terminal that are used: a time stands beside its step."""
PRIVATE = 0o600

journey_app = typer.Typer(
    name="journey", help="Walks through pages, as a user takes them.", no_args_is_help=True
)


@journey_app.callback()
def _journey() -> None:
    """Keep `check` a command of its own while it is the only one."""


@journey_app.command("check")
def check_command(
    journey: Annotated[
        str,
        typer.Argument(help="A YAML file, or a probe of vigil.yaml.", metavar="FILE|SERVICE/PROBE"),
    ],
    browser: Annotated[
        str | None,
        typer.Option(
            "--browser", help="lightpanda, chromium or a CDP address. Default: VIGIL_BROWSER."
        ),
    ] = None,
    screenshot: Annotated[
        Path | None,
        typer.Option(
            "--screenshot",
            help="Where the picture of the last page goes. Default: a new file, if it goes wrong.",
            metavar="OUT.png",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Walk a journey once and show each step; exit 1 when it does not go as it says."""
    with told():
        settings = _with_browser(load_settings(), browser)
        probe = _read(journey, settings)
    console = Console(stderr=as_json)
    steps: list[TakenStep] = []

    def heard(step: TakenStep) -> None:
        if steps and step.number == 1:
            console.print(Text("From the start, in a browser that lacks nothing:", style="yellow"))
            steps.clear()
        steps.append(step)
        _show_step(console, step, len(probe.steps))

    walk = asyncio.run(_walk(settings, probe, heard))
    try:
        picture = _keep(walk, screenshot)
    except OSError as error:
        end(f"{screenshot}: {error.strerror}; name a file that can be written", WRONG_USAGE)
    if as_json:
        print_json(_as_json(walk, steps, picture))
    else:
        _show_end(console, walk, picture)
    raise typer.Exit(GOOD if walk.outcome is ProbeOutcome.PASSING else NO)


def _with_browser(settings: Settings, browser: str | None) -> Settings:
    if browser is None:
        return settings
    if not names_a_browser(browser):
        raise SettingsError(
            ["--browser: write lightpanda, chromium, or ws://HOST:PORT of a browser that runs"]
        )
    return settings.with_browser(browser)


def _read(journey: str, settings: Settings) -> JourneyProbe:
    """From a file of its own, or out of the catalogue."""
    if Path(journey).exists() or "/" not in journey or Path(journey).suffix in {".yaml", ".yml"}:
        return load(Path(journey), JourneyProbe, absent="give the path of a journey, or a probe")
    catalogue = load_catalogue(settings.vigil_config)
    known = {
        f"{one}/{each}": probe
        for one, served in catalogue.services.items()
        for each, probe in served.probes.items()
        if isinstance(probe, JourneyProbe)
    }
    if journey not in known:
        listed = ", ".join(sorted(known)) or "none"
        nowhere = f"{journey} is neither a file nor a journey of {settings.vigil_config}"
        raise SettingsError([f"{nowhere} (journeys there: {listed}); name one of those, or a file"])
    return known[journey]


async def _walk(settings: Settings, probe: JourneyProbe, heard: Heard) -> Walk:
    async with open_browser(settings) as browser:
        return await browser.walk(probe, heard)


def _keep(walk: Walk, wanted: Path | None) -> Path | None:
    """Where the picture is now; None where there is none, or nobody asked for it."""
    if walk.screenshot is None or (wanted is None and walk.outcome is ProbeOutcome.PASSING):
        return None
    if wanted is None:
        number, name = tempfile.mkstemp(prefix="vigil-journey-", suffix=".png")
    else:
        # What a page shows may be somebody's own: it is for whoever asked for it.
        number, name = os.open(wanted, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), str(wanted)
    with os.fdopen(number, "wb") as file:
        file.write(walk.screenshot)
    return Path(name)


def _show_step(console: Console, step: TakenStep, count: int) -> None:
    mark, style = STYLES[step.went]
    digits = len(str(count))
    head = f"{mark} {step.number:>{digits}} "
    ms = f"{step.ms:,.0f} ms".rjust(MS_WIDTH)
    room = max(min(console.width, WIDTH) - len(head) - len(ms) - 1, 8)
    said = clean(step.text, WIDEST)
    shown = said if len(said) <= room else f"{said[: room - 1]}…"
    line = Text(head, style=style) + Text(shown.ljust(room + 1)) + Text(ms, style="dim")
    console.print(line, soft_wrap=True)


def _show_end(console: Console, walk: Walk, picture: Path | None) -> None:
    _, style = STYLES[walk.outcome]
    console.print(Text(f"\n{walk.outcome}: ", style=f"bold {style}") + Text(_said(walk)))
    if picture is not None:
        console.print(Text(f"screenshot: {picture}"), soft_wrap=True)


def _said(walk: Walk) -> str:
    return clean(walk.text, WIDEST)


def _as_json(walk: Walk, steps: list[TakenStep], picture: Path | None) -> dict[str, Any]:
    return {
        "outcome": walk.outcome,
        "text": _said(walk),
        "value": walk.value,
        "lacks": walk.lacks,
        "steps": [step.model_dump(mode="json") for step in steps],
        "screenshot": None if picture is None else str(picture),
    }
