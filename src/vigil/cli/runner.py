"""``vigil runner``: the hands near the target, a process of its own."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from vigil.cli.words import told
from vigil.domain.catalogue import Catalogue


def runner(
    config: Annotated[
        Path | None, typer.Option(help="The service catalogue.", show_default=False)
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Where socket, ledger and switch are.", show_default=False),
    ] = None,
    switch: Annotated[
        Path | None,
        typer.Option(help="The stop switch, where it is not in STATE.", show_default=False),
    ] = None,
) -> None:
    """Run judged plans in sandboxes and keep the broker, until told to stop."""
    from vigil.settings import load_catalogue, load_settings

    with told():
        settings = load_settings()
        catalogue = load_catalogue(config or settings.vigil_config)
        database = settings.vigil_database_url
        url = None if database is None else database.get_secret_value()
        keep = timedelta(days=settings.vigil_keep_days)
        run_runner(catalogue, state or settings.vigil_state_dir, switch, url, keep)


def run_runner(
    catalogue: Catalogue,
    state: Path,
    switch: Path | None = None,
    database_url: str | None = None,
    keep: timedelta | None = None,
) -> None:
    """Serve STATE/runner.sock until SIGTERM or SIGINT; logs JSON lines to standard error.

    :raises LockHeld: another runner serves this state.
    """
    from vigil.cli.logs import log_as_json
    from vigil.runner.main import run

    log_as_json()
    run(catalogue, state, switch, database_url, keep)
