"""`vigil demo`: break a real shop and watch Vigil heal it, and leave alone what is not broken."""

import sys
import time
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from vigil.cli.rehearsal import report
from vigil.cli.rehearsal.live import LiveView, PlainView, View
from vigil.cli.rehearsal.process import USUAL_PORT
from vigil.cli.rehearsal.rehearsal import Rehearsal
from vigil.cli.rehearsal.run import Run
from vigil.cli.words import CONSOLE_HOST, GOOD, NO, WRONG_USAGE, Json, complain, print_json
from vigil.domain.errors import VigilError
from vigil.lab.errors import LabError, LabUsage
from vigil.lab.scenario import Kind, Scenario, choose, load_scenarios

RELEASES = ("bad-release", "bad-release-one-instance", "bad-release-slow")
"""Ways in which a release is bad; the seed says which one this demo has."""
FAULTS = ("worker-hung", "pool-exhausted")
CONTROLS = ("false-alert",)
MORE_CONTROLS = (
    "cache-down",
    "previous-release-broken",
    "uncovered-page",
    "repaired-by-hand",
    "queue-paused",
    "long-report",
    "database-locked",
)
CLEAR_S = 90.0
"""How long what one scenario left behind in metrics and alerts may take to go away."""


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when the report is shown.")] = False,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed is another shop, with other names.")
    ] = 1,
    controls: Annotated[
        bool, typer.Option("--controls", help="Also all that Vigil must not be fooled by.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="This scenario instead (may be repeated)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a real web shop and Vigil, break the shop in several ways, and watch."""
    console = Console(stderr=as_json)
    title = f"Vigil demo, seed {seed}"
    live = console.is_terminal and not as_json
    view: View = LiveView(console, title) if live else PlainView(Console(stderr=True))
    try:
        programme = _programme(seed, only or [], controls=controls)
        ok = _play(Playing(seed, programme, once=once, as_json=as_json), view, console)
        code = GOOD if ok else NO
    except (LabError, VigilError) as error:
        complain(str(error))
        code = WRONG_USAGE if isinstance(error, LabUsage) else NO
        if as_json:
            print_json(report.nothing(seed))
    except KeyboardInterrupt:
        complain("stopped")
        code = NO
    raise typer.Exit(code)


@dataclass(frozen=True)
class Playing:
    """What to play, and how to show it."""

    seed: int
    programme: tuple[Scenario, ...]
    once: bool
    as_json: bool


def _programme(seed: int, only: list[str], *, controls: bool) -> tuple[Scenario, ...]:
    """The scenarios in the order in which they are played."""
    known = load_scenarios()
    usual = (RELEASES[(seed - 1) % len(RELEASES)], *FAULTS, *CONTROLS)
    names = only or (*usual, *(MORE_CONTROLS if controls else ()))
    return tuple(choose(known, name) for name in names)


def _play(playing: Playing, view: View, console: Console) -> bool:
    began = time.monotonic()
    # The view is left before the report, and the shop only after the last look at it.
    rehearsal = Rehearsal(playing.seed, view.say, port=USUAL_PORT)
    try:
        with view:
            rehearsal.up()
            runs = [
                _one(rehearsal, view, scenario, f"{number} of {len(playing.programme)}")
                for number, scenario in enumerate(playing.programme, start=1)
            ]
            view.say("verifying the audit chain from an export")
            audit = rehearsal.audit()
        faults = [run for run in runs if run.scenario.file.kind is Kind.FAULT]
        others = [run for run in runs if run.scenario.file.kind is not Kind.FAULT]
        result = report.as_json(playing.seed, faults, others, audit)
        if playing.as_json:
            print_json(result)
        else:
            report.show(console, faults, others, audit)
            console.print(f"[bold]Total[/]     {time.monotonic() - began:.0f} s")
        if not playing.once:
            _go_on(rehearsal)
    except Exception:  # told where it is known what it means
        kept = rehearsal.keep_log()
        if kept:
            complain(f"Vigil's log is kept in {kept}")
        raise
    finally:
        rehearsal.down()
    return bool(result["ok"])


def _one(rehearsal: Rehearsal, view: View, scenario: Scenario, which: str) -> Run:
    view.say("waiting until the shop is healthy and no incident is open")
    rehearsal.wait_calm(CLEAR_S)
    view.say(f"{which}, {scenario.file.kind}: {scenario.file.title}")
    run = rehearsal.run(scenario, view.look)
    view.look(None)
    view.say(
        f"closed: {run.watching.outcome}; the judge {'agrees' if run.judge_agrees else 'DISAGREES'}"
    )
    for complaint in run.complaints:
        view.say(f"✘ {complaint}")
    return run


def _go_on(rehearsal: Rehearsal) -> None:
    """Keep serving, so that one can look around."""
    serve = rehearsal.serve
    complain(
        f"\nShop {rehearsal.lab.config.shop_url}   Vigil http://{CONSOLE_HOST}:{serve.port}/\n"
        f"export VIGIL_URL={serve.url} VIGIL_TOKEN={serve.token}   then: vigil incidents\n"
        "Ctrl-C ends both."
    )
    try:
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
