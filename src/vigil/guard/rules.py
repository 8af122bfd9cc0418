"""The rules of the guard, as values: which commands a script may contain and what they do."""

from pydantic import Field

from vigil.domain.value import Value
from vigil.domain.verbs import VERBS
from vigil.domain.verbs.base import Verb

ANY = r"[^\x00]*"


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

    verbs: tuple[Verb, ...]
    reads: tuple[ReadRule, ...]
    max_bytes: int = Field(default=16_384, gt=0)
    max_commands: int = Field(default=100, gt=0)

    def verb(self, name: str) -> Verb | None:
        """The verb of this name, if there is one."""
        return next((rule for rule in self.verbs if rule.name == name), None)

    def read(self, name: str) -> ReadRule | None:
        """The rule for a command that changes nothing, if there is one."""
        return next((rule for rule in self.reads if rule.name == name), None)


# printf writes to variables with `-v` and `%n`, so its text is limited to what only prints.
_PRINTF = r"(?!-)(?:[^%\\]|%s|%%|\\[nt])+"
# Only what makes a script stricter: `set +e` would hide failures, `set -n` would run nothing.
_SET_OPTION = r"(?:-[eu]{1,2}|-o\n(?:errexit|nounset|pipefail)|-[eu]{1,2}o\npipefail)"

DEFAULT_RULES = Rules(
    verbs=tuple(VERBS.values()),
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
