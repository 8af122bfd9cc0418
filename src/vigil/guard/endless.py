"""What never ends and keeps taking: loops that start processes, and sources that fill a disk."""

from collections.abc import Iterator
from posixpath import basename

from vigil.domain.effects import EffectKind
from vigil.guard import places
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import Command

_SOURCES = frozenset({"/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
_PRINTS_FOR_EVER = "yes"
_TO_THE_END = frozenset(
    {"awk", "base64", "bzip2", "cat", "gzip", "hexdump", "lz4", "nl", "od", "openssl", "pv", "rev"}
    | {"sed", "tee", "tr", "xxd", "xz", "zstd"}
)
"""Filters that go on as long as there is something to read."""
_KEEPS_ALL = frozenset(
    {"cp", "mapfile", "md5sum", "readarray", "shuf", "sort", "tac", "tail", "wc"}
)
"""They read to the end before they are of any use, and most keep or copy what they read."""


def judge_endless(command: Command) -> Iterator[Finding]:
    """What this command takes without a bound, if anything."""
    writes = any(
        r.writes and not places.harmless_device(r.target.text) for r in command.redirections
    )
    if command.endless and command.background:
        yield _finding(command, "processes", "starts processes in a loop that nothing ends")
    if command.endless and writes:
        yield _finding(command, "disk", "writes to a file in a loop that nothing ends")
    name = basename(command.words[0].text) if command.words else ""
    reads_on = name == _PRINTS_FOR_EVER or (
        name in _TO_THE_END and (_reads_a_source(command) or _PRINTS_FOR_EVER in command.fed_by)
    )
    if reads_on and writes:
        yield _finding(command, "disk", "writes to a file what never ends")
    if name in _KEEPS_ALL and _reads_a_source(command):
        yield _finding(command, "memory", "reads to the end what never ends")


def _reads_a_source(command: Command) -> bool:
    read = (r.target for r in command.redirections if not r.writes)
    return any(word.text in _SOURCES for word in (*command.words[1:], *read))


def _finding(command: Command, what: str, reason: str) -> Finding:
    return Finding(
        kind=EffectKind.DISRUPTIVE,
        resource=f"host:{what}",
        rule="guard.endless",
        reason=reason,
        span=command.span,
        marks=frozenset({Mark.EXHAUSTS}),
    )
