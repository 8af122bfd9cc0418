"""What a script of free form may be given of the private values of its incident, and how.

A plan, whoever judges it and whoever is asked about it know the token only. Where the owner's raw
grant has the token's kind, the runner puts what it stands for into a file of the sandbox.
"""

import re
from collections.abc import Sequence

from vigil.domain.redacted import SECRETS, Kind

FOLDER = "/vigil/private"
"""Where a script finds them: what ``[EMAIL_1]`` stands for is in ``/vigil/private/EMAIL_1``."""
MAX_VALUES = 16
"""In one action."""
MAX_CHARS = 512
"""Of one value."""
KINDS = frozenset(Kind) - SECRETS - {Kind.LOOKALIKE}
"""What can be granted: what says something of a person. What opens something is given as the
credential of a raw grant, by its owner, or not at all."""
_WORDS = "|".join(kind.upper() for kind in Kind)
_NAMED = re.compile(rf"{FOLDER}/((?:{_WORDS})_[0-9]{{1,6}})(?![A-Za-z0-9_])")


def read_by(*scripts: str | None) -> tuple[str, ...]:
    """The tokens whose values these scripts read, each once."""
    found = (name for script in scripts for name in _NAMED.findall(script or ""))
    return tuple(dict.fromkeys(f"[{name}]" for name in found))


def file_of(token: str) -> str:
    """Where a script finds what it stands for."""
    return f"{FOLDER}/{token[1:-1]}"


def outside(tokens: Sequence[str], granted: Sequence[Kind]) -> tuple[str, ...]:
    """Those of a kind that is not granted."""
    words = {kind.upper() for kind in granted}
    return tuple(token for token in tokens if token[1:].rpartition("_")[0] not in words)
