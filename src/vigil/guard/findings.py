"""What the guard says of a script: each command's effect, on what, by which rule, and where."""

from enum import StrEnum
from typing import NamedTuple

from vigil.domain.effects import EffectKind
from vigil.guard.program import UNRESOLVED, Span

MAX_RESOURCE = 200
"""Characters of a resource that are shown and recorded."""


def named(resource: str) -> str:
    """A resource as findings name it. One that is too long ends as one that nobody can tell, so
    that no grant for what begins in the same way covers it.
    """
    shown = resource.replace(UNRESOLVED, "?")
    return shown if len(shown) <= MAX_RESOURCE else f"{shown[: MAX_RESOURCE - 1]}?"


class Mark(StrEnum):
    """Something about an effect that its kind does not tell; the invariants ask for these."""

    DROPS_DATA = "drops-data"
    """Databases, tables, volumes, namespaces, buckets, filesystems and disks."""
    REMOVES_TREE = "removes-tree"
    """A folder with everything in it, outside scratch."""
    HOLDS_CREDENTIAL = "holds-credential"
    """A password, key or token stands in the script."""
    READS_SENSITIVE = "reads-sensitive"
    """What is read is a secret, or about people."""
    TURNS_OFF_PROTECTION = "turns-off-protection"
    """Authentication, encryption, firewalls, audit, monitoring, backups."""
    ESCALATES = "escalates"
    """Gains rights: set-id, sudoers, privileged containers, other users."""
    PERSISTS = "persists"
    """Stays after the script: crontab, units, shell profiles, authorized keys, new users."""
    RUNS_DOWNLOAD = "runs-download"
    """Code from elsewhere is run."""
    SENDS_OUT = "sends-out"
    """Data leaves the machine, or somebody outside is let in."""
    EXHAUSTS = "exhausts"
    """Fork bombs, endless writing: memory, disk or processes without a bound."""
    KILLS = "kills"
    """Ends processes that are not its own."""
    NETWORK = "network"
    """Talks to another machine."""


class Finding(NamedTuple):
    """What one command of a script does."""

    kind: EffectKind
    resource: str
    """``tool-or-kind:what``, such as ``file:/etc/passwd``, ``kubernetes:pods``; ``-`` for nothing,
    ``?`` for what nobody can say."""
    rule: str
    """``tool.rule``, for ``vigil guard explain``; ``guard.…`` where no file of rules says it."""
    reason: str
    span: Span
    marks: frozenset[Mark] = frozenset()


class Report(NamedTuple):
    """Everything that the guard found in one script."""

    kind: EffectKind
    findings: tuple[Finding, ...]

    @property
    def resources(self) -> frozenset[str]:
        """What would be touched, reads left out, and what touches nothing."""
        return frozenset(
            f.resource for f in self.findings if f.kind is not EffectKind.READ and f.resource != "-"
        )
