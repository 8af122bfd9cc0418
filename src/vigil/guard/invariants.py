"""What no policy lifts: the marks that break a promise, whoever wrote the rule or agreed to it.

A policy weighs risk against need. What is listed here is not weighed: a script that does one of
these things is refused unasked, and no setting makes it otherwise.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding, Mark


class Invariant(StrEnum):
    """A promise about every script that Vigil runs."""

    KEEPS_DATA = "keeps-data"
    """No database, table, volume, namespace or bucket is dropped or emptied."""
    KEEPS_TREES = "keeps-trees"
    """No folder outside scratch is removed with what is in it."""
    HOLDS_NO_CREDENTIAL = "holds-no-credential"
    """No password, key or token is written into a script."""
    KEEPS_PROTECTION = "keeps-protection"
    """Authentication, encryption, firewalls, audit and monitoring stay on."""
    GAINS_NO_RIGHTS = "gains-no-rights"
    """No more may be done by it, or after it, than its user may do: no set-id, no sudoers."""
    LEAVES_NOTHING_BEHIND = "leaves-nothing-behind"
    """Nothing starts again by itself, or lets somebody in, when the script is over."""
    RUNS_NO_DOWNLOAD = "runs-no-download"
    """No code is run that came from elsewhere."""
    STAYS_BOUNDED = "stays-bounded"
    """Memory, disk and processes are not used up."""
    SENDS_NOTHING_OUT = "sends-nothing-out"
    """No data leaves the machine, and nobody outside is let in."""
    KEEPS_SECRETS = "keeps-secrets"
    """No file of secrets is read."""
    STAYS_WITHIN_GRANTS = "stays-within-grants"
    """Nothing is touched or looked at that the plan holds no grant for."""


_BROKEN_BY = {
    Mark.DROPS_DATA: Invariant.KEEPS_DATA,
    Mark.REMOVES_TREE: Invariant.KEEPS_TREES,
    Mark.HOLDS_CREDENTIAL: Invariant.HOLDS_NO_CREDENTIAL,
    Mark.TURNS_OFF_PROTECTION: Invariant.KEEPS_PROTECTION,
    Mark.ESCALATES: Invariant.GAINS_NO_RIGHTS,
    Mark.PERSISTS: Invariant.LEAVES_NOTHING_BEHIND,
    Mark.RUNS_DOWNLOAD: Invariant.RUNS_NO_DOWNLOAD,
    Mark.EXHAUSTS: Invariant.STAYS_BOUNDED,
    Mark.SENDS_OUT: Invariant.SENDS_NOTHING_OUT,
    Mark.READS_SENSITIVE: Invariant.KEEPS_SECRETS,
}
"""``KILLS`` and ``NETWORK`` are not here: to restart what hangs and to ask a service how it is are
what a remedy is for. Both touch something, so they need a grant like everything else."""

_NOTHING, _ANYTHING = "-", "?"


class Breach(NamedTuple):
    """A promise that a script would break, and the finding that breaks it."""

    invariant: Invariant
    finding: Finding


def breaches(findings: Iterable[Finding], granted: frozenset[str]) -> tuple[Breach, ...]:
    """Every invariant that these findings break, in their order.

    ``granted`` are the resources that the plan's grants cover, as the findings name them. A
    finding that touches nothing (``-``) needs no grant; what nobody can say is covered by none.
    """
    return tuple(
        Breach(invariant=invariant, finding=finding)
        for finding in findings
        for invariant in _broken_by(finding, granted)
    )


def breaks_any(findings: Iterable[Finding]) -> bool:
    """Whether some invariant is broken that no grant could keep."""
    return any(_is_unsaid(f) or not _BROKEN_BY.keys().isdisjoint(f.marks) for f in findings)


def _broken_by(finding: Finding, granted: frozenset[str]) -> Iterator[Invariant]:
    if finding.marks:
        yield from (broken for mark, broken in _BROKEN_BY.items() if mark in finding.marks)
    reaches = finding.resource != _NOTHING and finding.resource not in granted
    if reaches or _is_unsaid(finding):
        yield Invariant.STAYS_WITHIN_GRANTS


def _is_unsaid(finding: Finding) -> bool:
    return finding.kind is EffectKind.UNKNOWN or finding.resource == _ANYTHING
