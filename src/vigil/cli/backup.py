"""`vigil backup` and `vigil restore`: everything that an installation is, as one file."""

from pathlib import Path
from typing import Annotated

import typer

from vigil.cli.words import Json, complain, print_json, told


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write; an older one is replaced.")],
    *,
    as_json: Json = False,
) -> None:
    """Write record, workflow, ledger, keys and pictures into one file; Vigil may be running."""
    from vigil.bootstrap import take_backup
    from vigil.settings import load_settings

    with told():
        manifest = take_backup(load_settings(), file)
    if as_json:
        print_json(
            {
                "schema": "vigil.backup/1",
                "file": str(file),
                "bytes": manifest.size,
                "at": manifest.at.isoformat(),
                "version": manifest.version,
                "revision": manifest.revision,
            }
        )
    else:
        typer.echo(f"{file}: {manifest.size / 1e6:.1f} MB, revision {manifest.revision}")
    complain(
        "It holds the keys: whoever reads it can read every payload and sign any history. Keep it "
        "encrypted, and apart from this machine."
    )


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `vigil backup` wrote.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Put aside what is there, and keep it beside.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put an installation back as it was. Afterwards Vigil is stopped until you resume it."""
    from vigil.bootstrap import restore_backup
    from vigil.settings import load_settings

    with told():
        settings = load_settings()
        restored = restore_backup(settings, file, force=force)
    manifest = restored.manifest
    if as_json:
        print_json(
            {
                "schema": "vigil.restore/1",
                "taken_at": manifest.at.isoformat(),
                "version": manifest.version,
                "revision": manifest.revision,
                "open_incidents": restored.open_incidents,
                "aside": None if restored.aside is None else str(restored.aside),
                "stopped": True,
            }
        )
        return
    when = manifest.at.isoformat(timespec="seconds")
    typer.echo(
        f"{settings.vigil_state_dir} is as it was at {when}, with {restored.open_incidents} open "
        "incidents."
    )
    if restored.aside is not None:
        typer.echo(f"What was there before is in {restored.aside}")
    typer.echo(
        "What was done since is not on record, so Vigil is stopped: start it, look at the open "
        "incidents, then run `vigil resume`."
    )
