"""`vigil redact`: what of a text may leave, and what in it must not."""

import codecs
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from vigil.cli.collecting import collecting_seldom
from vigil.cli.words import GOOD, NO, WRONG_USAGE, Json, as_json_line, end, print_json, told
from vigil.domain.errors import NotRedacted
from vigil.domain.outbound import Redacted

if TYPE_CHECKING:
    from vigil.bootstrap.redacting import EmbeddedRedaction

MAX_LINE_BYTES = 16 * 1024 * 1024
"""Of a batch, JSON's escapes included; a longer line is answered with an error and skipped."""
MAX_JSON_BYTES = 32 * 1024 * 1024
"""More than the redactor takes at once; without ``--json`` a text may be of any length."""
_PIECE = 1024 * 1024
ASKED = '{"id": ..., "text": "..."}'


def redact(
    file: Annotated[
        str | None,
        typer.Argument(help="A text of any length; - for standard input.", metavar="FILE|-"),
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            "--batch",
            help=f"Instead of a text: lines {ASKED}, each answered by a line with its spans; - for "
            "standard input.",
            metavar="FILE.jsonl|-",
            show_default=False,
        ),
    ] = None,
    *,
    keep_ips: Annotated[
        bool, typer.Option("--keep-ips", help="Leave addresses of machines as they are.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a text as it may leave: a token, such as [EMAIL_1], for each secret and personal datum.

    Nothing is sent anywhere, and nothing is kept. Exit 1 when a text cannot be looked through.
    """
    if (file is None) == (batch is None):
        end("give either a text (FILE or -) or --batch FILE.jsonl", WRONG_USAGE)
    redaction = _redaction(keep_ips=keep_ips)
    try:
        with collecting_seldom(), told():
            if batch is not None:
                good = _answer_all(batch, redaction)
            else:
                good = _one(str(file), redaction, as_json=as_json)
    except OSError as error:
        end(f"{file or batch} cannot be read: {error.strerror}", WRONG_USAGE)
    raise typer.Exit(GOOD if good else NO)


def _redaction(*, keep_ips: bool) -> "EmbeddedRedaction":
    from vigil.bootstrap.redacting import open_redaction
    from vigil.settings import load_settings

    with told():
        return open_redaction(ips=load_settings().vigil_redact_ips and not keep_ips)


def _one(name: str, redaction: "EmbeddedRedaction", *, as_json: bool) -> bool:
    if name == "-":
        _shown(sys.stdin.buffer, redaction, as_json=as_json)
    else:
        with Path(name).open("rb") as opened:
            _shown(opened, redaction, as_json=as_json)
    return True


def _shown(source: BinaryIO, redaction: "EmbeddedRedaction", *, as_json: bool) -> None:
    # Bytes that are no UTF-8 count and show as one replacement character each.
    if as_json:
        text = source.read(MAX_JSON_BYTES).decode(errors="replace")
        print_json(_found(redaction.at_once(text)))
        return
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    stream = redaction.stream()
    while piece := source.read(_PIECE):
        sys.stdout.write(stream.feed(decoder.decode(piece)))
    sys.stdout.write(stream.feed(decoder.decode(b"", final=True)) + stream.close())


def _found(redacted: Redacted) -> dict[str, Any]:
    spans = [{"start": start, "end": end, "type": kind} for start, end, kind in redacted.found]
    return {"text": redacted.outbound.text, "spans": spans}


def _answer_all(path: Path, redaction: "EmbeddedRedaction") -> bool:
    good, number = True, 0
    with contextlib.nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            if not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
                while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                reason = f"line {number} is longer than {MAX_LINE_BYTES} bytes; split the text"
                answer = _refused(None, reason)
            else:
                answer = _answer(line, number, redaction)
            good = good and "error" not in answer
            # Not flushed line by line: whoever reads them would be woken for each.
            sys.stdout.write(as_json_line(answer) + "\n")
    return good


def _answer(line: bytes, number: int, redaction: "EmbeddedRedaction") -> dict[str, Any]:
    """What was asked, with the places of what was found; no text where that cannot be told."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return _refused(None, f"line {number} is not JSON; write {ASKED}")
    if not isinstance(asked, dict):
        return _refused(None, f"line {number} is no object; write {ASKED}")
    name, text = asked.get("id"), asked.get("text")
    if not isinstance(text, str):
        return _refused(name, f'line {number} has no text "text"; write {ASKED}')
    try:
        return {"id": name, **_found(redaction.at_once(text))}
    except NotRedacted as error:
        return _refused(name, f"line {number}: {error}")


def _refused(name: object, error: str) -> dict[str, Any]:
    """No answer means no: what could not be looked through is not given."""
    return {"id": name, "text": None, "spans": [], "error": error}
