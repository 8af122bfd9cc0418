"""`vigil audit`: give the record to an outsider, and be one."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from vigil.cli.public_key import read_public_key, signature_check
from vigil.cli.words import GOOD, NO, Json, complain, print_json, told
from vigil.domain.audit import MAX_LINE, AuditReport, verify_export
from vigil.domain.audit_ends import SignedEnds
from vigil.domain.errors import SettingsError
from vigil.link.identity import genuine

audit_app = typer.Typer(
    name="audit", help="Prove to an outsider what happened.", no_args_is_help=True
)

STANDARD = "-"
NO_HEAD = (
    "No --head given: that the newest part was cut off together with its checkpoints can be found "
    "only with a head that was kept outside."
)


@audit_app.command("verify")
def verify_command(
    file: Annotated[str, typer.Argument(help="The export; - reads standard input.")],
    public_key: Annotated[
        str, typer.Option(help="The installation's public key, or a file that holds it.")
    ],
    head: Annotated[
        str | None, typer.Option(help="A head that you kept: the export must contain it.")
    ] = None,
    hub_key: Annotated[
        str | None,
        typer.Option(help="What `vigil keys hub` printed, or a file that holds it."),
    ] = None,
    runner_key: Annotated[
        list[str] | None,
        typer.Option(help="NAME=KEY of a remote runner, KEY as above. May be given many times."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check an export with keys that you got from elsewhere; needs no Vigil and no database."""
    with told():
        report = verify_file(file, public_key, head, signed_ends(hub_key, runner_key or ()))
    if as_json:
        print_json(report.model_dump())
    else:
        _say(report)
        if head is None:
            complain(NO_HEAD)
    raise typer.Exit(GOOD if report.verified else NO)


@audit_app.command("export")
def export_command(
    out: Annotated[str, typer.Option(help="The file to write; - is standard output.")] = STANDARD,
) -> None:
    """Sign what the record holds now, and write it for `vigil audit verify`."""
    from vigil.bootstrap import open_audit
    from vigil.settings import load_settings

    with told():
        written = write_export(open_audit(load_settings()), out)
    complain(f"{written} lines written; verify them with: vigil audit verify FILE --public-key ...")


def signed_ends(hub_key: str | None, runner_keys: Iterable[str]) -> SignedEnds:
    """What looks at the ends of remote runners; ``SettingsError`` if a key cannot be read."""
    runners = {}
    for given in runner_keys:
        name, _, key = given.partition("=")
        if not key:
            raise SettingsError([f"--runner-key {given[:80]!r} is not NAME=KEY; write it so"])
        runners[name] = _usable(key)
    return SignedEnds(genuine, None if hub_key is None else _usable(hub_key), runners)


def _usable(key_or_file: str) -> str:
    key = read_public_key(key_or_file)
    signature_check(key)
    return key


def verify_file(
    file: str, public_key: str, head: str | None = None, ends: SignedEnds | None = None
) -> AuditReport:
    """What is wrong with the export in a file; ``SettingsError`` if file or key cannot be read."""
    key = read_public_key(public_key)
    check = signature_check(key)
    with _source(file) as source:
        return verify_export(_lines(source), check, public_key=key, head=head, ends=ends)


def write_export(lines: Iterator[str], out: str) -> int:
    """Write an export, readable by its owner only: it holds every payload. Says how many lines."""
    if out == STANDARD:
        return sum(sys.stdout.write(line + "\n") > 0 for line in lines)
    path = Path(out)
    try:
        path.touch(mode=0o600)
        with path.open("w", encoding="utf-8") as file:
            return sum(file.write(line + "\n") > 0 for line in lines)
    except OSError as error:
        raise SettingsError([f"{out} cannot be written: {error}; choose another file"]) from error


@contextmanager
def _source(file: str) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as source:
            yield source
    except OSError as error:
        raise SettingsError(
            [f"{file} cannot be read: {error}; give a file that `vigil audit export` wrote"]
        ) from error


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Lines of a bounded length; what is longer is cut in two, which no check survives."""
    return itertools.takewhile(bool, (source.readline(MAX_LINE) for _ in itertools.count()))


def _say(report: AuditReport) -> None:
    for problem in report.problems:
        typer.echo(f"PROBLEM  {problem}")
    word = "verified" if report.verified else "NOT VERIFIED"
    typer.echo(
        f"{word}: {report.events} events of {report.incidents} incidents under "
        f"{report.checkpoints} checkpoints, {report.erased} payloads erased"
    )
    if report.ends_checked or report.ends_unchecked:
        typer.echo(
            f"{report.ends_checked} ends of remote runners are signed with the keys that you gave, "
            f"{report.ends_unchecked} with keys that you did not give"
        )
    typer.echo(f"head {report.head}")
