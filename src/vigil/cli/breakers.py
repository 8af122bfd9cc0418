"""`vigil policy breakers` and `vigil policy reset`: what asks because something failed."""

import getpass
from typing import Annotated, Any

import typer

from vigil.cli.client import Client
from vigil.cli.words import GOOD, NO, Json, print_json, told
from vigil.domain.scrub import clean
from vigil.settings import load_settings

WIDEST = 500


def breakers(*, as_json: Json = False) -> None:
    """List the breakers that are tripped now, each with what tripped it."""
    with told():
        found = Client.from_settings(load_settings()).get("/api/breakers")
    if as_json:
        print_json(found)
        return
    for each in found["breakers"]:
        typer.echo(f"{each['id']}: {clean(each['text'], WIDEST)}")
        typer.echo(f"    vigil policy reset {each['id']} --incident {each['incident']} --why ...")
    if not found["breakers"]:
        typer.echo("No breaker is tripped.")


def reset(
    breaker: Annotated[str, typer.Argument(help="As `vigil policy breakers` names it.")],
    incident: Annotated[
        str, typer.Option("--incident", help="What tripped it, and you have looked at.")
    ],
    why: Annotated[str, typer.Option("--why", help="Why, for the record.")],
    by: Annotated[str, typer.Option("--by", help="Your name; default: the login name.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Close a breaker before its time; exit 1 when another plan tripped it meanwhile."""
    body: dict[str, Any] = {"breaker": breaker, "incident": incident, "why": why}
    with told():
        client = Client.from_settings(load_settings())
        _, answer = client.post("/api/breakers/reset", {**body, "by": by or getpass.getuser()})
    print_json(answer) if as_json else typer.echo(answer["text"])
    raise typer.Exit(GOOD if answer["won"] else NO)
