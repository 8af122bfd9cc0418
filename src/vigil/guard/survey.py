"""What any script would do, in any of the languages that the guard reads.

``analysis`` reads a small subset with certainty, and only what it reads may run unasked; the survey
reads everything else for people, for the invariants and for a plan's risk. It never raises and
never runs anything. What it cannot resolve is ``unknown``.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from vigil.domain.effects import EffectKind
from vigil.guard import places
from vigil.guard.credentials import credentials_in
from vigil.guard.endless import judge_endless
from vigil.guard.findings import Finding, Mark, Report
from vigil.guard.leaks import carries, with_leaks, with_requests
from vigil.guard.matching import judge_command
from vigil.guard.program import UNRESOLVED, Command, Nested, Program, Span, Word
from vigil.guard.python import read_python
from vigil.guard.redirections import judge_redirections
from vigil.guard.shell import read_shell
from vigil.guard.tools import Tools
from vigil.guard.working_folders import judge_in_folders

Language = Literal["bash", "python", "sql"]

MAX_CHARS = 1_048_576
MAX_DEPTH = 8
"""How deep code stands in code: a script in an option in a script."""
MAX_JUDGED = 5_000
"""Commands and pieces of code in one script, those inside others included."""
MAX_FINDINGS = 2_000

MOST_FOLDERS = 8
"""Folders from which relative names are judged; where a script goes to more is not known."""
_GOES = frozenset({"cd", "pushd", "chdir"})

# fmt: off
_FETCHES = frozenset({
    "curl", "wget", "fetch", "aria2c", "axel", "http", "https", "lynx", "lwp-request", "GET", "ftp",
    "tftp", "sftp", "scp", "rsync", "nc", "ncat", "netcat", "socat", "git", "gsutil", "aws",
})
# fmt: on
_RUNS_HIDDEN = frozenset(
    {"guard.path", "guard.name", "guard.hidden", "guard.unresolved"}
    | {"bash.file", "python.file", "source.run"}
)


@dataclass(slots=True)
class _Survey:
    """One script on its way; ``waiting`` are commands and code with their depth."""

    code: str
    tools: Tools
    findings: list[Finding] = field(default_factory=list)
    waiting: deque[tuple[Command | Nested, int]] = field(default_factory=deque)
    left: int = MAX_JUDGED
    fetches: bool = False
    carriers: set[Span] = field(default_factory=set)
    folders: list[str] = field(default_factory=list)
    """Where the script goes."""


def survey(code: str, language: Language, tools: Tools) -> Report:
    """Everything that the guard can say of this script."""
    whole = Span(line=1, start=0, end=len(code))
    if len(code) > MAX_CHARS:
        reason = f"longer than {MAX_CHARS} characters; split the script"
        return _report([_unknown(whole, "guard.too-long", reason)])
    if UNRESOLVED in code or not _is_text(code):
        reason = "contains U+FFFC or what is no UTF-8; remove it"
        return _report([_unknown(whole, "guard.character", reason)])
    at_work = _Survey(code=code, tools=tools)
    _read(at_work, Nested(language=language, code=Word(text=code), span=whole), 0)
    while at_work.waiting and at_work.left > 0 and len(at_work.findings) < MAX_FINDINGS:
        at_work.left -= 1
        item, depth = at_work.waiting.popleft()
        if isinstance(item, Command):
            _judge(at_work, item, depth)
        else:
            _read_inner(at_work, item, depth)
    if at_work.waiting:
        reason = f"more than {MAX_JUDGED} commands or {MAX_FINDINGS} findings; split the script"
        at_work.findings.append(_unknown(whole, "guard.too-much", reason))
    if _is_empty(code, language):
        reason = "no command in it; write what it should do"
        at_work.findings.append(_unknown(whole, "guard.empty", reason))
    found: Iterable[Finding] = at_work.findings
    found = _with_downloads(found) if at_work.fetches else found
    found = with_leaks(found, at_work.carriers) if at_work.carriers else found
    return _report([*found, *credentials_in(code)])


def _is_text(code: str) -> bool:
    """Whether it holds no half of a character, which bytes that are no UTF-8 become."""
    return code.isascii() or not any("\ud800" <= c <= "\udfff" for c in code)


def _is_empty(code: str, language: Language) -> bool:
    """Whether there are only blank lines and comments."""
    comment = "--" if language == "sql" else "#"
    return all(not line or line.startswith(comment) for line in map(str.strip, code.splitlines()))


def _report(findings: Iterable[Finding]) -> Report:
    found = tuple(sorted(findings, key=lambda finding: finding.span.start))
    kind = max((f.kind for f in found), key=lambda kind: kind.rank, default=EffectKind.READ)
    return Report(kind=kind, findings=found)


def _unknown(span: Span, rule: str, reason: str) -> Finding:
    return Finding(kind=EffectKind.UNKNOWN, resource="?", rule=rule, reason=reason, span=span)


def _judge(at_work: _Survey, command: Command, depth: int) -> None:
    at_work.findings += judge_redirections(command, at_work.folders)
    _go(at_work, command)
    at_work.findings += judge_endless(command)
    if not at_work.fetches:
        at_work.fetches = any(
            word.text.rpartition("/")[2] in _FETCHES for word in command.words[:1]
        )
    if carries(command):
        at_work.carriers.add(command.span)
    judged = judge_command(command, at_work.tools)
    at_work.findings += with_requests(command, judged.findings)
    if at_work.folders:
        here = at_work.folders
        at_work.left -= len(here) // 2
        at_work.findings += judge_in_folders(command, here, at_work.tools, judged.findings)
    _wait(at_work, (*judged.commands, *judged.code), depth + 1)


def _go(at_work: _Survey, command: Command) -> None:
    """Remember where ``cd`` leads, from each place where the script may be."""
    name, *rest = [word.text for word in command.words] or [""]
    if name not in _GOES or not rest or not command.words[-1].exact:
        return
    folder = rest[-1]
    known = [folder] if folder.startswith(("/", "~")) else []
    known = known or [_below(place, folder) for place in at_work.folders]
    at_work.folders += [place for place in known if place not in at_work.folders]
    if len(at_work.folders) > MOST_FOLDERS:
        del at_work.folders[MOST_FOLDERS:]
        reason = f"goes to more than {MOST_FOLDERS} folders; write whole paths"
        at_work.findings.append(_unknown(command.span, "guard.folders", reason))


def _below(place: str, folder: str) -> str:
    """A folder by its relative name; without detours, so that to go and to return adds none."""
    short = places.plain(f"{place}/{folder}")
    return short if short[:1] in {"/", "~"} else f"{place}/{folder}"


def _wait(at_work: _Survey, items: Iterable[Command | Nested], depth: int) -> None:
    for item in items:
        if depth > MAX_DEPTH:
            reason = f"code in code, more than {MAX_DEPTH} deep"
            at_work.findings.append(_unknown(item.span, "guard.too-deep", reason))
            return
        at_work.waiting.append((item, depth))


def _read_inner(at_work: _Survey, nested: Nested, depth: int) -> None:
    if not nested.code.exact:
        # What is missing may hold commands of its own; what is there is still worth reading.
        reason = f"runs {nested.language} that only a run could tell"
        at_work.findings.append(_unknown(nested.span, "guard.hidden", reason))
        if nested.language != "bash" or nested.code.text == UNRESOLVED:
            return
    _read(at_work, nested, depth)


def _read(at_work: _Survey, nested: Nested, depth: int) -> None:
    """What code does by itself and what it runs; inside other code it stands where that does."""
    findings, items = _said(nested, at_work.tools)
    if depth:
        if nested.code.text not in at_work.code:
            # Decoded, or put together: what stands in the script itself is looked through once.
            findings += credentials_in(nested.code.text)
        findings = [_moved(finding, nested.span) for finding in findings]
        items = [item._replace(span=nested.span) for item in items]
    at_work.findings += findings
    for item in items:
        _wait(at_work, [item], depth + isinstance(item, Nested))


def _said(nested: Nested, tools: Tools) -> tuple[list[Finding], list[Command | Nested]]:
    code = nested.code.text
    if nested.language == "sql":
        # A third of what the guard would load at its start, and few scripts hold SQL.
        from vigil.guard.sql import judge_sql  # noqa: PLC0415 - loaded when there is SQL to read

        return list(judge_sql(code, nested.dialect)), []
    if nested.language == "python":
        found = read_python(code, tools.library())
        return list(found.findings), list(found.nested)
    program = read_shell(code)
    return list(_unresolved(program)), list(program.commands)


def _unresolved(program: Program) -> Iterator[Finding]:
    for part in program.unresolved:
        found = _unknown(part.span, "guard.unresolved", part.reason)
        marks = frozenset({Mark.EXHAUSTS} if part.exhausts else ())
        yield found._replace(marks=marks)


def _moved(finding: Finding, span: Span) -> Finding:
    return finding._replace(span=span)


def _with_downloads(findings: Iterable[Finding]) -> Iterator[Finding]:
    """A script that fetches something and runs what nobody can read may well run just that."""
    for finding in findings:
        runs = finding.kind is EffectKind.UNKNOWN and finding.rule in _RUNS_HIDDEN
        marks = finding.marks | {Mark.RUNS_DOWNLOAD} if runs else finding.marks
        yield finding._replace(marks=marks) if runs else finding
