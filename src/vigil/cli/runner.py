"""``vigil runner``: the hands near the target, a process of its own."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from vigil.cli.words import told
from vigil.domain.errors import SettingsError


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
    *,
    local: Annotated[
        bool, typer.Option("--local", help="For a Vigil on this machine, whatever VIGIL_HUB says.")
    ] = False,
) -> None:
    """Run judged plans in sandboxes and keep the broker, until told to stop."""
    from vigil.cli.far import far_in
    from vigil.cli.logs import log_as_json
    from vigil.cli.sandboxes import chosen
    from vigil.runner.main import run
    from vigil.runner.remote.main import run_far
    from vigil.settings import load_catalogue, load_settings

    with told():
        settings = load_settings()
        catalogue = load_catalogue(config or settings.vigil_config)
        database = settings.vigil_database_url
        url = None if database is None else database.get_secret_value()
        keep = timedelta(days=settings.vigil_keep_days)
        folder = state or settings.vigil_state_dir
        far = None if local else far_in(settings)
        if far is not None and switch is not None:
            raise SettingsError(["with VIGIL_HUB the stop switch is in STATE; leave --switch out"])
        log_as_json()
        if far is None:
            run(catalogue, folder, switch, url, keep, chosen(settings))
        else:
            run_far(catalogue, folder, far, keep, chosen(settings))
