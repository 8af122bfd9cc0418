"""``vigil runner``: the hands near the target, a process of its own."""

from pathlib import Path
from typing import Annotated

import typer

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import LockHeld, SettingsError


def runner(
    config: Annotated[Path, typer.Option(help="The service catalogue.")] = Path("vigil.yaml"),
    state: Annotated[
        Path, typer.Option(envvar="VIGIL_STATE_DIR", help="Where socket, ledger and switch are.")
    ] = Path(".vigil"),
) -> None:
    """Run judged plans in sandboxes and keep the broker, until told to stop."""
    from vigil.settings import load_catalogue

    try:
        catalogue = load_catalogue(config)
    except SettingsError as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from wrong
    try:
        run_runner(catalogue, state)
    except LockHeld as held:
        typer.echo(str(held), err=True)
        raise typer.Exit(1) from held


def run_runner(catalogue: Catalogue, state: Path) -> None:
    """Serve STATE/runner.sock until SIGTERM or SIGINT.

    :raises LockHeld: another runner serves this state.
    """
    from vigil.runner.main import run

    run(catalogue, state)
