"""`vigil guard check FILE|-`: what would this script do?"""

import json
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from vigil.cli.words import GOOD, NO, WRONG_USAGE, Json, end, print_json
from vigil.domain.effects import EffectKind, Effects
from vigil.guard import DEFAULT_RULES, analyse

REFUSED = frozenset({EffectKind.UNKNOWN, EffectKind.DESTRUCTIVE})
MAX_LINE_BYTES = 1_048_576
"""Of a batch; a longer line is answered with an error and skipped."""

guard_app = typer.Typer(
    name="guard", help="What would a script do? Read, never run.", no_args_is_help=True
)


@guard_app.callback()
def _group() -> None:
    """Keep `check` a command of its own while it is the only one."""


@guard_app.command("check")
def check_command(
    script: Annotated[
        str | None, typer.Argument(help="A script, or - for standard input.", metavar="FILE|-")
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            "--batch", help='One {"script": ...} a line, one answer a line.', show_default=False
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Say what a script would do; exit 1 when it is destructive or nobody can say."""
    if (script is None) == (batch is None):
        end("give either a script (FILE or -) or --batch FILE.jsonl", WRONG_USAGE)
    try:
        good = _check_batch(batch) if batch is not None else _check(str(script), as_json=as_json)
    except OSError as error:
        end(f"{script or batch} cannot be read: {error.strerror}", WRONG_USAGE)
    raise typer.Exit(GOOD if good else NO)


def _check(name: str, *, as_json: bool) -> bool:
    # One byte more than the guard takes, so that it sees that the script is too long. Bytes that
    # are no UTF-8 become characters that the guard refuses.
    most = DEFAULT_RULES.max_bytes + 1
    if name == "-":
        content = sys.stdin.buffer.read(most)
    else:
        with Path(name).open("rb") as file:
            content = file.read(most)
    effects = analyse(content.decode(errors="surrogateescape"))
    print_json(_as_json(effects)) if as_json else typer.echo(_as_text(effects))
    return effects.kind not in REFUSED


def _check_batch(path: Path) -> bool:
    good = True
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            if not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
                _skip_line(file)
                answer: dict[str, object] = {
                    "error": f"line {number} is longer than {MAX_LINE_BYTES} bytes"
                }
            else:
                answer = _answer(line, number)
            good = good and answer.get("kind", EffectKind.UNKNOWN) not in REFUSED
            print_json(answer)
    return good


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _answer(line: bytes, number: int) -> dict[str, object]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f'line {number} is not JSON ({error}); write {{"script": "..."}}'}
    script = asked.get("script") if isinstance(asked, dict) else None
    if not isinstance(script, str):
        return {"error": f'line {number} has no text "script"; write {{"script": "..."}}'}
    return _as_json(analyse(script))


def _as_json(effects: Effects) -> dict[str, object]:
    return {**effects.model_dump(mode="json"), "resources": sorted(effects.resources)}


def _as_text(effects: Effects) -> str:
    lines = [f"{effects.kind}: {len(effects.calls)} calls"]
    lines += [
        f"  line {effect.line}: {effect.kind} {effect.resource} ({effect.reason})"
        for effect in effects.effects
    ]
    return "\n".join(lines)
