"""Whether a person who is asked about a script of free form sees what is written there.

Others are plain ASCII, or the guard does not read them.
"""

import unicodedata
from collections.abc import Iterator

from vigil.decide.rules import Says
from vigil.decide.undoes import undoes
from vigil.domain.plan import Plan
from vigil.domain.scrub import is_unseen
from vigil.domain.verdict import Decision

MOST_NAMED = 3
_SEEN_BY_WHAT_FOLLOWS = "\t\n"


def judge_legibility(plan: Plan) -> Iterator[Says]:
    """What is said of characters that nobody sees, or that may be taken for others."""
    for action in (*plan.actions, *undoes(plan)):
        script = action.script if action.raw else ""
        odd = dict.fromkeys(c for c in script if c not in _SEEN_BY_WHAT_FOLLOWS)
        unseen = [c for c in odd if is_unseen(c) or _is_odd_blank(c)]
        others = [c for c in odd if not c.isascii() and c not in unseen]
        if unseen:
            yield Decision.DENY, f"{action.id} has characters that nobody sees: {_named(unseen)}"
        if others:
            text = f"{action.id} has letters that may be taken for others: {_named(others)}"
            yield Decision.ASK, text


def _is_odd_blank(character: str) -> bool:
    return unicodedata.category(character) == "Zs" and character != " "


def _named(characters: list[str]) -> str:
    named = [f"U+{ord(c):04X} {unicodedata.name(c, '')}".strip() for c in characters[:MOST_NAMED]]
    more = len(characters) - MOST_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
