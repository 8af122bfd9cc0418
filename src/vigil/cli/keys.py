"""`vigil keys`: the public keys by which a hub and its runners know each other."""

from pathlib import Path
from typing import Annotated

import typer

from vigil.cli.words import Json, complain, print_json, told
from vigil.domain.errors import NotFound

keys_app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    help="The public keys by which a hub and its runners know each other.",
)

State = Annotated[
    Path | None,
    typer.Option("--state", help="The state folder (default VIGIL_STATE_DIR).", show_default=False),
]


@keys_app.command("hub")
def hub(state: State = None, *, as_json: Json = False) -> None:
    """Print this Vigil's public key, for the runners that take orders from it."""
    from vigil.link.identity import HUB_KEY, identity_at

    with told():
        folder = _folder(state)
        if not folder.exists():
            # Its first start makes all of an installation's keys, or none.
            raise NotFound(f"{folder} is not there: start `vigil serve` once, then ask again")
        key = identity_at(folder / HUB_KEY).public
    _show(key, f"At the runner: VIGIL_HUB_KEY={key}", as_json=as_json)


@keys_app.command("runner")
def runner(state: State = None, *, as_json: Json = False) -> None:
    """Print the public key of this machine's runner, for the Vigil that gives it orders."""
    from vigil.link.identity import RUNNER_KEY, identity_at

    with told():
        key = identity_at(_folder(state) / RUNNER_KEY).public
    _show(key, f"At the hub, in vigil.yaml: runners: {{NAME: {{key: '{key}'}}}}", as_json=as_json)


def _folder(state: Path | None) -> Path:
    from vigil.link.identity import KEYS
    from vigil.settings import load_settings

    return (state or load_settings().vigil_state_dir) / KEYS


def _show(key: str, where: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"key": key})
        return
    typer.echo(key)
    complain(where)
