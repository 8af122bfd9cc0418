"""What a function or a statement does, by a pattern of its name or of its words."""

import re
from dataclasses import dataclass

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark


@dataclass(frozen=True, slots=True)
class Does:
    """``{1}`` in a resource stands for what the pattern found, ``{argument}`` for the first
    argument of a function.
    """

    pattern: re.Pattern[str]
    kind: EffectKind
    resource: str
    reason: str
    marks: frozenset[Mark]


def does(pattern: str, kind: EffectKind, resource: str, reason: str, *marks: Mark) -> Does:
    """One line of a table."""
    return Does(re.compile(pattern, re.DOTALL), kind, resource, reason, frozenset(marks))
