"""What never ends and keeps taking: loops that start processes, sources that fill a disk."""

import re
from collections.abc import Iterator
from itertools import pairwise

from vigil.domain.effects import EffectKind
from vigil.guard import places
from vigil.guard.amounts import MUCH, amount, prints_much
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import Command
from vigil.guard.sources import reads_endless_file, source_of

_FINDS = frozenset({"egrep", "fgrep", "grep"})
# fmt: off
_KEEPS_ALL = _FINDS | {
    "column", "cp", "cut", "diff", "fold", "jq", "mapfile", "md5sum", "parallel", "paste", "read",
    "readarray", "sha1sum", "sha256sum", "shuf", "sort", "tac", "tail", "uniq", "wc", "xargs",
}
# fmt: on
"""They read to the end before they are of any use, and most keep or copy what they read: some a
line, which has no end either where there is no newline."""
_ATTACHED = re.compile(r"-[nN](\d.*)")


def judge_endless(command: Command) -> Iterator[Finding]:
    """What this command takes without a bound, if anything."""
    writes = any(
        r.writes and not places.harmless_device(r.target.text) for r in command.redirections
    )
    if command.endless and command.background:
        yield _finding(command, "processes", "starts processes in a loop that nothing ends")
    if command.endless and writes:
        yield _finding(command, "disk", "writes to a file in a loop that nothing ends")
    name = command.words[0].text.rpartition("/")[2] if command.words else ""
    kept = "disk" if writes else "memory"
    if (writes or command.captured) and source_of(command).endless:
        yield _finding(command, kept, "keeps what never ends")
    if name in _KEEPS_ALL and _is_fed_for_ever(command) and not _takes_a_part(name, command):
        yield _finding(command, "memory", "reads to the end what never ends")
    if prints_much(name, command):
        yield _finding(command, kept, "prints more than a remedy needs")


def _is_fed_for_ever(command: Command) -> bool:
    fed = bool(command.fed_by) and command.fed_by[-1].endless
    named = any(one.endless and one.last for one in command.words_from)
    return fed or named or reads_endless_file(command)


def _takes_a_part(name: str, command: Command) -> bool:
    """``read -N 20``, ``grep -m 1``."""
    words = [word.text for word in command.words[1:]]
    if name in _FINDS:
        return any(text[:2] == "-m" for text in words)
    behind = [b for a, b in pairwise(words) if a in {"-n", "-N"}]
    attached = [found[1] for text in words if (found := _ATTACHED.fullmatch(text))]
    return name == "read" and any(0 < amount(text) < MUCH for text in (*behind, *attached))


def _finding(command: Command, what: str, reason: str) -> Finding:
    return Finding(
        kind=EffectKind.DISRUPTIVE,
        resource=f"host:{what}",
        rule="guard.endless",
        reason=reason,
        span=command.span,
        marks=frozenset({Mark.EXHAUSTS}),
    )
