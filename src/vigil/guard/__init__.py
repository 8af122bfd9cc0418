"""What would this script do? Answered by reading it, never by running it.

Pure static analysis: a script and rules come in as values, effects come out. Whatever the guard
cannot read with certainty is ``unknown``; it never raises and never guesses. What it says is
compared with what a real bash does in ``tests/guard``.
"""

from vigil.guard.analysis import analyse, analyse_action, surely_unknown
from vigil.guard.free_form import breaches_in, with_raw
from vigil.guard.rules import DEFAULT_RULES, Rules

__all__ = [
    "DEFAULT_RULES",
    "Rules",
    "analyse",
    "analyse_action",
    "breaches_in",
    "surely_unknown",
    "with_raw",
]
