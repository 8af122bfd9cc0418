"""All commands in one table; what a command needs is imported when the command is named."""

from collections import UserDict
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "demo": "vigil.cli.demo:demo",
    "serve": "vigil.cli.serve:serve",
    "worker": "vigil.cli.worker:worker",
    "runner": "vigil.cli.runner:runner",
    "keys": "vigil.cli.keys:keys_app",
    "connect": "vigil.cli.connect:connect_app",
    "doctor": "vigil.cli.doctor:doctor",
    "incidents": "vigil.cli.incidents:incidents",
    "explain": "vigil.cli.explain:explain",
    "approve": "vigil.cli.incidents:approve",
    "reject": "vigil.cli.incidents:reject",
    "cancel": "vigil.cli.incidents:cancel",
    "stop": "vigil.cli.incidents:stop",
    "resume": "vigil.cli.incidents:resume",
    "backup": "vigil.cli.backup:backup",
    "restore": "vigil.cli.backup:restore",
    "ingest": "vigil.cli.runbooks:ingest_app",
    "runbooks": "vigil.cli.runbooks:runbooks_app",
    "probe": "vigil.cli.probe:probe",
    "journey": "vigil.cli.journey:journey_app",
    "swarm": "vigil.cli.swarm:swarm",
    "guard": "vigil.cli.guard:guard_app",
    "redact": "vigil.cli.redact:redact",
    "policy": "vigil.cli.policy:policy_app",
    "lab": "vigil.cli.lab:lab_app",
    "audit": "vigil.cli.audit:audit_app",
}
"""Where each command is: a function, or the table of a group."""


class Commands(UserDict[str, Any]):
    """``COMMANDS``, each imported when it is asked for.

    Vigil starts its own parts by these names, and the runner should not wait for what only the
    demo needs.
    """

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 # the type is private to Typer
        module, _, attribute = super().__getitem__(name).partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(found)
        return typer.main.get_command(alone)


class Vigil(TyperGroup):
    """The group of all commands."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 # Typer's own, passed on
        super().__init__(**options)
        self.commands = Commands(COMMANDS)


app = typer.Typer(cls=Vigil, name="vigil", no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def vigil() -> None:
    """Vigil heals production services and proves it from the user's side."""
