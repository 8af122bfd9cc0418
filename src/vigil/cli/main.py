"""All commands in one table."""

import typer

from vigil.cli.audit import audit_app
from vigil.cli.backup import backup, restore
from vigil.cli.demo import demo
from vigil.cli.doctor import doctor
from vigil.cli.explain import explain
from vigil.cli.guard import guard_app
from vigil.cli.incidents import approve, cancel, incidents, reject, resume, stop
from vigil.cli.lab import lab_app
from vigil.cli.runbooks import ingest_app, runbooks_app
from vigil.cli.runner import runner
from vigil.cli.serve import serve
from vigil.cli.worker import worker

app = typer.Typer(
    name="vigil",
    help="Vigil heals production services and proves it from the user's side.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    demo,
    serve,
    worker,
    runner,
    doctor,
    incidents,
    explain,
    approve,
    reject,
    cancel,
    stop,
    resume,
    backup,
    restore,
):
    app.command()(command)
app.add_typer(ingest_app, name="ingest")
app.add_typer(runbooks_app, name="runbooks")
app.add_typer(guard_app, name="guard")
app.add_typer(lab_app, name="lab")
app.add_typer(audit_app, name="audit")
