"""Commands over the API: incidents, approve, reject, cancel, stop, resume."""

import getpass
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vigil.bootstrap import open_switch
from vigil.cli.client import Client
from vigil.cli.proof_view import show_account, show_state
from vigil.cli.sentences import WIDEST, describe, short
from vigil.cli.words import GOOD, NO, Json, complain, print_json, told
from vigil.domain.account import Account
from vigil.domain.errors import NotFound, PermanentError, PortUnavailable
from vigil.domain.scrub import clean
from vigil.domain.switch import SwitchState
from vigil.settings import Settings, load_settings

INDENT = " " * 10
"""As wide as the time in front of an event."""

Incident = Annotated[str, typer.Argument(help="The incident's id.")]
PlanDigest = Annotated[
    str,
    typer.Option("--plan", help="Digest of the plan you have read; any other plan is refused."),
]
By = Annotated[str, typer.Option("--by", help="Your name; default: the login name.")]


def incidents(
    incident: Annotated[
        str | None, typer.Argument(help="Show this incident with its timeline.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """List incidents, or show one with its timeline."""
    with told():
        client = Client.from_settings(load_settings())
        if incident is None:
            found = client.get("/api/incidents")
            print_json(found) if as_json else _list(found["incidents"])
            return
        whole = {
            **client.get(f"/api/incidents/{incident}"),
            "timeline": client.timeline(incident),
        }
        accounts = client.accounts(incident, whole["incident"]["attempt"])
        if as_json:
            print_json({**whole, "accounts": [each.model_dump(mode="json") for each in accounts]})
        else:
            _show(whole, accounts)


def approve(incident: Incident, plan: PlanDigest, by: By = "", *, as_json: Json = False) -> None:
    """Approve the plan that is waiting."""
    _answer("approve", incident, plan, by, as_json=as_json)


def reject(incident: Incident, plan: PlanDigest, by: By = "", *, as_json: Json = False) -> None:
    """Reject the plan that is waiting."""
    _answer("reject", incident, plan, by, as_json=as_json)


def cancel(
    incident: Incident,
    by: By = "",
    *,
    why: Annotated[str, typer.Option("--why", help="Why, for the record.")] = "",
    as_json: Json = False,
) -> None:
    """Take an incident in hand: Vigil begins nothing more of it, and undoes nothing."""
    _decide(incident, "cancel", {"by": by or getpass.getuser(), "reason": why}, as_json=as_json)


def stop(
    *,
    now: Annotated[bool, typer.Option("--now", help="Also kill what is running.")] = False,
    text: Annotated[str, typer.Option("--why", help="Why, for whoever finds it stopped.")] = "",
    as_json: Json = False,
) -> None:
    """Stop Vigil from acting; it keeps watching. Also works when Vigil does not answer."""
    _turn(SwitchState(stopped=True, now=now, by=getpass.getuser(), text=text), as_json=as_json)


def resume(*, as_json: Json = False) -> None:
    """Let Vigil act again."""
    _turn(SwitchState(stopped=False, by=getpass.getuser()), as_json=as_json)


def _turn(state: SwitchState, *, as_json: bool) -> None:
    """Over the API; stopping does not wait for it where the switch itself is within reach."""
    with told():
        settings = load_settings()
        if settings.vigil_hub is not None:
            _turn_here(settings, state, as_json=as_json)
            return
        said, refused = state.model_dump(), False
        here = state.stopped and settings.vigil_state_dir.is_dir()
        if here:
            try:
                open_switch(settings).set(state)
            except PortUnavailable as error:
                complain(f"Stopped on this machine. But: {error}")
        try:
            client = Client.from_settings(settings)
            path = "/api/stop" if state.stopped else "/api/resume"
            body = {"now": state.now, "text": state.text, "by": state.by}
            _, said = client.post(path, body if state.stopped else {"by": state.by})
        except (PortUnavailable, PermanentError) as error:
            if not here:
                raise
            complain(f"The switch in {settings.vigil_state_dir} is turned. But: {error}")
            # Nobody there is as good as stopped; somebody who refused may go on elsewhere.
            refused = isinstance(error, PermanentError) and settings.vigil_token is not None
    words = ("stopped now" if said["now"] else "stopped") if said["stopped"] else "resumed"
    print_json({"stopped": said["stopped"], "now": said["now"]}) if as_json else typer.echo(words)
    if said["stopped"] and not state.stopped:
        who = said["by"] or "Somebody"
        complain(f"{who} stopped Vigil meanwhile. Find out why, then resume again.")
        refused = True
    if refused:
        raise typer.Exit(NO)


def _turn_here(settings: Settings, state: SwitchState, *, as_json: bool) -> None:
    """On the machine of a runner that has its hub elsewhere: this runner, and nobody else."""
    folder = settings.vigil_state_dir
    if not folder.is_dir():
        raise NotFound(f"{folder} is not there: no runner has run here, so none can be turned")
    # A runner that is far from its hub has a switch of its own, whatever the hub's record is.
    said = open_switch(settings.model_copy(update={"vigil_database_url": None})).set(state)
    print_json({"stopped": said.stopped, "now": said.now}) if as_json else typer.echo(
        "this machine's runner: " + ("stopped" if said.stopped else "resumed")
    )


def _answer(verb: str, incident: str, plan: str, by: str, *, as_json: bool) -> None:
    body = {"plan_digest": plan, "by": by or getpass.getuser()}
    _decide(incident, verb, body, as_json=as_json)


def _decide(incident: str, verb: str, body: dict[str, Any], *, as_json: bool) -> None:
    with told():
        client = Client.from_settings(load_settings())
        _, answer = client.post(f"/api/incidents/{incident}/{verb}", body)
    print_json(answer) if as_json else typer.echo(answer["text"])
    raise typer.Exit(GOOD if answer["won"] else NO)


def _list(found: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    # An id that is cut cannot be copied, whatever the width of the terminal.
    table.add_column("id", no_wrap=True, min_width=20)
    table.add_column("opened", no_wrap=True)
    for heading in ("service", "symptom", "stage", "outcome"):
        table.add_column(heading, overflow="fold")
    for one in found:
        stage = f"{one['stage']} ({one['waiting_on']})" if one["waiting_on"] else one["stage"]
        opened = str(one["opened_at"])[5:16].replace("T", " ")
        cells = (one["id"], opened, one["service"], one["symptom"], stage, one["outcome"] or "")
        table.add_row(*(Text(clean(cell, WIDEST)) for cell in cells))
    Console().print(table if found else "No incidents.")


def _show(whole: dict[str, Any], accounts: Sequence[Account]) -> None:
    """One incident with its timeline and its proofs.

    What sources and logs said is shown without control codes.
    """
    console = Console()
    incident = whole["incident"]
    console.print(Text(clean(incident["title"], WIDEST), style="bold"))
    words = (incident["id"], incident["service"], incident["stage"], incident["outcome"] or "")
    console.print(Text("  ".join(words)))
    if incident["waiting_on"] == "approval":
        plan = incident["plan_digest"]
        console.print(Text(f"what it would run: vigil explain {incident['id']}", style="yellow"))
        console.print(Text(f"vigil approve {incident['id']} --plan {plan}", style="yellow"))
    if incident["cancelled_by"] and not incident["closed_at"]:
        console.print(Text(f"cancelled by {incident['cancelled_by']}", style="yellow"))
    for account in accounts[-1:]:
        show_state(console, account)
    for event in whole["timeline"]:
        payload = event["payload"] or {}
        said = describe(event) or str(payload.get("text") or payload.get("line") or event["kind"])
        console.print(Text(f"{event['at'][11:19]}  {clean(short(said), WIDEST)}"))
        if event["kind"] == "closed":
            for line in _why_and_what_next(payload):
                console.print(Text(f"{INDENT}{clean(short(line), WIDEST)}"))
    for account in accounts:
        if account.outcome is not None:
            show_account(console, account)


def _why_and_what_next(ending: dict[str, Any]) -> Iterator[str]:
    """Nothing where it was erased."""
    if ending:
        yield ending["text"]
        yield from (f"look next: {line}" for line in ending["look_next"])
