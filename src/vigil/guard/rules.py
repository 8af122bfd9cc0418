"""The rules of the guard, as values: which commands a script may contain and what they do."""

import re

from pydantic import Field

from vigil.domain.effects import EffectKind
from vigil.domain.value import Value

GRANT = r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"
"""``domain.value.Name`` as an expression for whole words."""
DIGEST = r"sha256:[0-9a-f]{64}"
SESSION = r"[1-9][0-9]{0,6}\.[1-9][0-9]{15}"
"""A process of PostgreSQL and the start of its transaction in microseconds since 1970."""


ANY = r"[^\x00]*"


class Argument(Value):
    """One argument of a verb: what it is called and the expression that it matches whole."""

    name: str
    pattern: str

    def admits(self, word: str) -> bool:
        """Whether this word may stand here."""
        return re.fullmatch(self.pattern, word) is not None


class VerbRule(Value):
    """A verb of the broker; ``resource`` may name ``{grant}`` and each argument."""

    name: str
    kind: EffectKind
    arguments: tuple[Argument, ...]
    resource: str
    reason: str

    def resource_of(self, grant: str, arguments: tuple[str, ...]) -> str:
        """What a call touches."""
        names = (argument.name for argument in self.arguments)
        return self.resource.format(grant=grant, **dict(zip(names, arguments, strict=True)))


class ReadRule(Value):
    """A command that changes nothing.

    ``words`` is matched whole against its arguments, one a line, which no argument can contain.
    """

    name: str
    words: str
    usage: str
    """What is allowed, for the person who wrote something else."""


class Rules(Value):
    """Everything that a script may contain; what is not here is unknown."""

    verbs: tuple[VerbRule, ...]
    reads: tuple[ReadRule, ...]
    max_bytes: int = Field(default=16_384, gt=0)
    max_commands: int = Field(default=100, gt=0)

    def verb(self, name: str) -> VerbRule | None:
        """The rule for a verb, if there is one."""
        return next((rule for rule in self.verbs if rule.name == name), None)

    def read(self, name: str) -> ReadRule | None:
        """The rule for a command that changes nothing, if there is one."""
        return next((rule for rule in self.reads if rule.name == name), None)


# printf writes to variables with `-v` and `%n`, so its text is limited to what only prints.
_PRINTF = r"(?!-)(?:[^%\\]|%s|%%|\\[nt])+"
# Only what makes a script stricter: `set +e` would hide failures, `set -n` would run nothing.
_SET_OPTION = r"(?:-[eu]{1,2}|-o\n(?:errexit|nounset|pipefail)|-[eu]{1,2}o\npipefail)"

DEFAULT_RULES = Rules(
    verbs=(
        VerbRule(
            name="release.switch",
            kind=EffectKind.REVERSIBLE,
            arguments=(Argument(name="digest", pattern=DIGEST),),
            resource="release:{grant}",
            reason="points the release link at another release that is already there",
        ),
        VerbRule(
            name="process.restart",
            kind=EffectKind.DISRUPTIVE,
            arguments=(Argument(name="process", pattern=GRANT),),
            resource="process:{grant}/{process}",
            reason="stops and starts a process; what it was doing is cut off",
        ),
        VerbRule(
            name="session.terminate",
            kind=EffectKind.DISRUPTIVE,
            arguments=(Argument(name="session", pattern=SESSION),),
            resource="session:{grant}/{session}",
            reason="ends a database session that is idle and holds up others; what it had not "
            "committed is rolled back",
        ),
    ),
    reads=(
        ReadRule(name="echo", words=ANY, usage="echo TEXT"),
        ReadRule(name="printf", words=_PRINTF, usage="printf TEXT, with %s, %%, \\n and \\t only"),
        ReadRule(name="true", words="", usage="true"),
        ReadRule(name=":", words=ANY, usage=": TEXT"),
        ReadRule(
            name="set",
            words=rf"{_SET_OPTION}(?:\n{_SET_OPTION})*",
            usage="set -eu, set -euo pipefail and their parts",
        ),
        ReadRule(
            name="sleep",
            words=r"[0-9](?:\.[0-9]{1,3})?|10(?:\.0{1,3})?",
            usage="sleep SECONDS, at most 10",
        ),
    ),
)
