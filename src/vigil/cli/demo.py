"""`vigil demo`: break a real shop and watch Vigil heal it, and leave alone what is not broken."""

import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from vigil.cli.rehearsal import report
from vigil.cli.rehearsal.live import LiveView, PlainView, View
from vigil.cli.rehearsal.process import USUAL_PORT
from vigil.cli.rehearsal.rehearsal import Rehearsal, Run
from vigil.cli.words import GOOD, NO, Json, complain, print_json
from vigil.domain.errors import VigilError
from vigil.lab.errors import LabError
from vigil.lab.scenario import Scenario, choose, load_scenarios

FAULTS = ("bad-release",)
CONTROLS = ("false-alert",)
CLEAR_S = 90.0
"""How long what one scenario left behind in metrics and alerts may take to go away."""


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when the report is shown.")] = False,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed is another shop, with other names.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Start a real web shop and Vigil, break the shop, and watch."""
    console = Console(stderr=as_json)
    title = f"Vigil demo, seed {seed}"
    live = console.is_terminal and not as_json
    view: View = LiveView(console, title) if live else PlainView(Console(stderr=True))
    try:
        ok = _play(seed, view, console, once=once, as_json=as_json)
    except (LabError, VigilError) as error:
        complain(str(error))
        ok = False
        if as_json:
            print_json(report.nothing(seed))
    except KeyboardInterrupt:
        complain("stopped")
        ok = False
    raise typer.Exit(GOOD if ok else NO)


def _play(seed: int, view: View, console: Console, *, once: bool, as_json: bool) -> bool:
    scenarios = load_scenarios()
    began = time.monotonic()
    # The view is left before the report, and the shop only after the last look at it.
    rehearsal = Rehearsal(seed, view.say, port=USUAL_PORT)
    try:
        with view:
            rehearsal.up()
            faults = [_one(rehearsal, view, choose(scenarios, name)) for name in FAULTS]
            controls = [_one(rehearsal, view, choose(scenarios, name)) for name in CONTROLS]
            view.say("verifying the audit chain from an export")
            audit = rehearsal.audit()
        result = report.as_json(seed, faults, controls, audit)
        if as_json:
            print_json(result)
        else:
            report.show(console, faults, controls, audit)
            console.print(f"[bold]Total[/]     {time.monotonic() - began:.0f} s")
        if not once:
            _go_on(rehearsal)
    finally:
        rehearsal.down()
    return bool(result["ok"])


def _one(rehearsal: Rehearsal, view: View, scenario: Scenario) -> Run:
    view.say("waiting until the shop is healthy and no incident is open")
    rehearsal.wait_calm(CLEAR_S)
    view.say(f"{scenario.file.kind}: {scenario.file.title}")
    run = rehearsal.run(scenario, view.look)
    view.look(None)
    view.say(
        f"closed: {run.watching.outcome}; the judge {'agrees' if run.judge_agrees else 'DISAGREES'}"
    )
    return run


def _go_on(rehearsal: Rehearsal) -> None:
    """Keep serving, so that one can look around."""
    serve = rehearsal.serve
    complain(
        f"\nShop {rehearsal.lab.config.shop_url}   Vigil {serve.url}\n"
        f"export VIGIL_URL={serve.url} VIGIL_TOKEN={serve.token}   then: vigil incidents\n"
        "Ctrl-C ends both."
    )
    try:
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
