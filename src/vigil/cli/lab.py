"""`vigil lab`: a real web shop to break, for demonstrations and tests."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from vigil.lab.errors import LabError, LabUsage, ScenarioMistakes
from vigil.lab.lab import SECRET_VARIABLE, TOKEN_VARIABLE, Lab
from vigil.lab.proc import running_labs
from vigil.lab.scenario import Scenario, choose, load_scenarios
from vigil.lab.statedir import clear, end_processes

lab_app = typer.Typer(
    name="lab",
    help="A real web shop to break: start it, break it, restore it, end it.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
State = Annotated[
    Path | None, typer.Option("--state", help="The lab's folder.", show_default=False)
]
Name = Annotated[
    str | None,
    typer.Option("--name", help="The lab's name below the default folder.", show_default=False),
]
Folders = Annotated[
    list[Path] | None,
    typer.Option("--scenarios", help="A folder of scenarios (may be repeated)."),
]
GOOD, NO, WRONG_USAGE = 0, 1, 2


class Answer:
    """What a command found out: said to a person, or printed once as JSON."""

    def __init__(self, command: str, *, as_json: bool) -> None:
        self._json = as_json
        self._facts: dict[str, Any] = {"ok": True, "command": command}
        self._started = time.monotonic()

    def add(self, **facts: object) -> None:
        self._facts.update(facts)

    def say(self, line: str) -> None:
        """A line for a person; silent where JSON is wanted."""
        if not self._json:
            typer.echo(line)

    def progress(self, line: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {line}", file=sys.stderr)  # noqa: T201 - progress

    def end(self) -> int:
        self._facts["seconds"] = round(time.monotonic() - self._started, 2)
        if self._json:
            typer.echo(json.dumps(self._facts))
        elif "error" in self._facts:
            print(self._facts["error"], file=sys.stderr)  # noqa: T201 - an error belongs there
        return GOOD if self._facts["ok"] else NO


@contextlib.contextmanager
def answering(command: str, *, as_json: bool) -> Iterator[Answer]:
    """Ends the command with its exit code; what the lab could not do becomes the answer."""
    answer = Answer(command, as_json=as_json)
    code: int | None = None
    try:
        yield answer
    except LabError as error:
        code = WRONG_USAGE if isinstance(error, LabUsage | ScenarioMistakes) else NO
        answer.add(ok=False, error=str(error))
    ended = answer.end()
    raise typer.Exit(ended if code is None else code)


def default_state(name: str) -> Path:
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "vigil" / "labs" / name


def find_state(state: Path | None, name: str | None) -> Path:
    """The lab that is meant: the one named, or the only one that runs."""
    if state is not None:
        return state.expanduser().resolve()
    if name is not None:
        return default_state(name)
    running = running_labs()
    if len(running) == 1:
        return running[0]
    if not running:
        raise LabUsage("no lab is running: start one with `vigil lab up`, or name it with --state")
    several = ", ".join(map(str, running))
    raise LabUsage(f"several labs are running, name one with --state: {several}")


def _described(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": scenario.file.title,
        "kind": scenario.file.kind,
        "folder": str(scenario.folder),
        "expect": scenario.file.expect.model_dump(mode="json"),
    }


@lab_app.command()
def up(
    *,
    state: State = None,
    name: Name = None,
    seed: Annotated[int, typer.Option(help="Renames everything and varies timing.")] = 1,
    alert_url: Annotated[
        str | None,
        typer.Option(help=f"Where alerts go (Alertmanager v4); the token is in {TOKEN_VARIABLE}."),
    ] = None,
    pagerduty_url: Annotated[
        str | None,
        typer.Option(help=f"Where PagerDuty's webhooks go; their secret is in {SECRET_VARIABLE}."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Open a shop; it runs on after this command, until `vigil lab down`."""
    with answering("up", as_json=as_json) as answer:
        folder = state or default_state(name or "shop")
        lab = Lab.up(
            folder,
            seed=seed,
            alert_url=alert_url,
            alert_token=os.environ.get(TOKEN_VARIABLE),
            pagerduty_url=pagerduty_url,
            pagerduty_secret=os.environ.get(SECRET_VARIABLE),
            leash=False,
            progress=answer.progress,
        )
        config = lab.config
        catalogue = str(lab.files.catalogue)
        answer.add(state=str(config.state), seed=seed, url=config.shop_url, catalogue=catalogue)
        answer.say(f"{config.names.shop} is open: {config.shop_url}")
        answer.say(f"Service catalogue for Vigil: {catalogue}")
        answer.say(f"End it with: vigil lab down --state {config.state}")


@lab_app.command("break")
def break_(
    scenario: Annotated[str, typer.Argument(help="A scenario's id; see `vigil lab list`.")],
    *,
    state: State = None,
    name: Name = None,
    scenarios: Folders = None,
    seed: Annotated[int | None, typer.Option(help="Default: the lab's own seed.")] = None,
    as_json: Json = False,
) -> None:
    """Break the shop, or only seem to: inject a scenario."""
    with answering("break", as_json=as_json) as answer:
        chosen = choose(load_scenarios(scenarios or []), scenario)
        lab = Lab.attach(find_state(state, name), answer.progress)
        lab.break_(chosen, seed=seed)
        answer.add(state=str(lab.config.state), scenario=_described(chosen))
        answer.say(f"Injected: {chosen.file.title}")


@lab_app.command()
def restore(*, state: State = None, name: Name = None, as_json: Json = False) -> None:
    """Put the shop back to healthy, whatever was broken."""
    with answering("restore", as_json=as_json) as answer:
        lab = Lab.attach(find_state(state, name), answer.progress)
        found = lab.restore()
        answer.add(state=str(lab.config.state), judge=found.model_dump(mode="json"))
        answer.say("The shop is healthy.")


@lab_app.command()
def judge(
    *,
    state: State = None,
    name: Name = None,
    settle: Annotated[float, typer.Option(min=0, max=120, help="Seconds to settle.")] = 10.0,
    as_json: Json = False,
) -> None:
    """The lab's own look at the shop: orders, payments, rows, processes, customers' errors."""
    with answering("judge", as_json=as_json) as answer:
        lab = Lab.attach(find_state(state, name), answer.progress)
        found = lab.judge(settle_s=settle)
        answer.add(ok=found.ok, state=str(lab.config.state), judge=found.model_dump(mode="json"))
        answer.say("Nothing to find fault with." if found.ok else "The judge finds:")
        for finding in found.findings:
            answer.say(f"- {finding}")


@lab_app.command()
def down(
    *,
    state: State = None,
    name: Name = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder and its logs.")] = False,
    as_json: Json = False,
) -> None:
    """End every process of the lab and remove its folder."""
    with answering("down", as_json=as_json) as answer:
        folder = find_state(state, name)
        end_processes(folder)
        if not keep:
            clear(folder)
        answer.add(state=str(folder), kept=keep)
        answer.say(f"The lab in {folder} has ended.")


@lab_app.command("list")
def list_(*, scenarios: Folders = None, as_json: Json = False) -> None:
    """The scenarios, and the labs that are running."""
    with answering("list", as_json=as_json) as answer:
        known = load_scenarios(scenarios or [])
        running = running_labs()
        answer.add(
            scenarios=[_described(scenario) for scenario in known.values()],
            labs=[str(state) for state in running],
        )
        for scenario in known.values():
            answer.say(f"{scenario.id:20} {scenario.file.kind.value:10} {scenario.file.title}")
        for state in running:
            answer.say(f"running: {state}")
