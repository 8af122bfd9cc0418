"""`vigil guard`: what would a script do, and by which rule does the guard say so?"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, BinaryIO, get_args

import typer

from vigil.cli.collecting import collecting_seldom
from vigil.cli.unasked import decision_on, runs_unasked
from vigil.cli.words import GOOD, NO, WRONG_USAGE, Json, as_json_line, end, print_json, told
from vigil.domain.effects import EffectKind
from vigil.domain.verdict import Decision
from vigil.guard import analyse
from vigil.guard.findings import Finding, Report
from vigil.guard.survey import MAX_CHARS, Language, survey
from vigil.guard.tools import Tools

MAX_LINE_BYTES = 8 * MAX_CHARS
"""Of a batch, JSON's escapes included; a longer line is answered with an error and skipped."""
LANGUAGES: dict[str, Language] = {language: language for language in get_args(Language)}
SUFFIXES: dict[str, Language] = {".py": "python", ".sql": "sql"}
ASKED = '{"id": ..., "language": "bash", "code": "..."}'

guard_app = typer.Typer(
    name="guard", help="What would a script do? Read, never run.", no_args_is_help=True
)


@guard_app.command("check")
def check_command(
    script: Annotated[
        str | None, typer.Argument(help="A script, or - for standard input.", metavar="FILE|-")
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option("--batch", help=f"One {ASKED} a line, one answer a line.", show_default=False),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--language", help="bash, python or sql. Default: as FILE ends, else bash."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Say what a script would do; exit 1 when Vigil would not run it whoever agreed."""
    if (script is None) == (batch is None):
        end("give either a script (FILE or -) or --batch FILE.jsonl", WRONG_USAGE)
    if language is not None and language not in LANGUAGES:
        end(f"--language has to be one of {', '.join(LANGUAGES)}", WRONG_USAGE)
    with told():
        tools = _tools()
    try:
        if batch is not None:
            good = _check_batch(batch, tools)
        else:
            told_by_name = SUFFIXES.get(Path(str(script)).suffix, "bash")
            spoken = LANGUAGES[language] if language else told_by_name
            good = _check(_read(str(script)), spoken, tools, as_json=as_json)
    except OSError as error:
        end(f"{script or batch} cannot be read: {error.strerror}", WRONG_USAGE)
    raise typer.Exit(GOOD if good else NO)


@guard_app.command("explain")
def explain_command(
    rule: Annotated[
        str, typer.Argument(help="As `guard check` names it: kubectl.read, or a tool: kubectl.")
    ],
    *,
    as_json: Json = False,
) -> None:
    """Say what a rule asks for, what it says of a command, and show examples."""
    from vigil.cli.guard_rules import as_text, explained

    with told():
        found = explained(rule, _tools())
    if found is None:
        end(
            f"no rule is called {rule!a}; `vigil guard check` names the rules that fired, and "
            "`vigil guard explain TOOL` lists those of a tool",
            NO,
        )
    print_json(found) if as_json else typer.echo(as_text(found))


def _tools() -> Tools:
    from vigil.settings import load_settings
    from vigil.tool_files import load_tools

    return load_tools(load_settings().vigil_guard_tools)


def _read(name: str) -> str:
    # One byte more than the guard takes, so that it sees that the script is too long. Bytes that
    # are no UTF-8 become characters that the guard refuses.
    most = MAX_CHARS + 1
    if name == "-":
        content = sys.stdin.buffer.read(most)
    else:
        with Path(name).open("rb") as file:
            content = file.read(most)
    return content.decode(errors="surrogateescape")


def _check(code: str, language: Language, tools: Tools, *, as_json: bool) -> bool:
    report = survey(code, language, tools)
    decision, rules = decision_on(code, language, report)
    calls = analyse(code).calls if language == "bash" else ()
    found: dict[str, Any] = {
        "effect": report.kind,
        "decision": decision,
        "decided_by": rules,
        "runs_unasked": decision is Decision.ALLOW,
        "resources": sorted(report.resources),
        "findings": [_finding(finding) for finding in report.findings],
        "calls": [call.model_dump(mode="json") for call in calls],
    }
    print_json(found) if as_json else typer.echo(_as_text(report, decision, rules))
    return decision is not Decision.DENY


def _finding(finding: Finding) -> dict[str, Any]:
    return {**finding._asdict(), "span": finding.span._asdict(), "marks": sorted(finding.marks)}


def _as_text(report: Report, decision: Decision, rules: tuple[str, ...]) -> str:
    lines = [f"{report.kind}: {decision}"]
    for finding in report.findings:
        marks = f" [{', '.join(sorted(finding.marks))}]" if finding.marks else ""
        said = f"{finding.kind} {finding.resource} ({finding.reason}; {finding.rule}){marks}"
        lines.append(f"  line {finding.span.line}: {said}")
    lines += [f"  {rule}" for rule in rules]
    return "\n".join(_harmless(line) for line in lines)


def _harmless(text: str) -> str:
    """No text of a script can steer the terminal that shows it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _check_batch(path: Path, tools: Tools) -> bool:
    good = True
    with path.open("rb") as file, collecting_seldom():
        number = 0
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            if not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
                _skip_line(file)
                reason = f"line {number} is longer than {MAX_LINE_BYTES} bytes; split the script"
                answer = _refused(None, reason)
            else:
                answer = _answer(line, number, tools)
            good = good and "error" not in answer
            # Not flushed line by line: whoever reads them would be woken for each.
            sys.stdout.write(as_json_line(answer) + "\n")
    return good


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _answer(line: bytes, number: int, tools: Tools) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _refused(None, f"line {number} is not JSON ({error}); write {ASKED}")
    if not isinstance(asked, dict):
        return _refused(None, f"line {number} is no object; write {ASKED}")
    name = asked.get("id")
    code, language = asked.get("code"), asked.get("language", "bash")
    if not isinstance(code, str):
        return _refused(name, f'line {number} has no text "code"; write {ASKED}')
    if not isinstance(language, str) or language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        return _refused(name, f'line {number} has a "language" that is not known (known: {known})')
    report = survey(code, LANGUAGES[language], tools)
    return {
        "id": name,
        "effect": report.kind,
        "runs_unasked": runs_unasked(code, language, report),
        "resources": sorted(report.resources),
        "rules": sorted({finding.rule for finding in report.findings}),
    }


def _refused(name: object, error: str) -> dict[str, Any]:
    """What could not be read counts as what nobody can say."""
    return {
        "id": name,
        "effect": EffectKind.UNKNOWN,
        "runs_unasked": False,
        "resources": [],
        "rules": [],
        "error": error,
    }
