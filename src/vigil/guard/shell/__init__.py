"""The reader of bash: which commands would a script run, and with which words?

``grammar`` turns text into a tree. ``simple.Shell`` goes through the tree as bash would, but runs
nothing: it notes each command that it comes to, with the words that ``expansion`` makes of what is
known there. What is known (``state``) is copied where the script branches and merged where the
branches meet, so that a value holds only if it holds whichever way the script came.
"""

import re
from contextlib import suppress

from vigil.guard.program import UNRESOLVED, Program
from vigil.guard.shell.core import Exhausted
from vigil.guard.shell.grammar.parse import parse
from vigil.guard.shell.simple import Shell

__all__ = ["MAX_SCRIPT", "read_shell"]

MAX_SCRIPT = 131_072
"""Characters of a script; a longer one is refused."""

# What ends a text in bash, and halves of characters.
_FORBIDDEN = re.compile("[\0\ud800-\udfff]")


def read_shell(code: str) -> Program:
    """All commands that a script can reach, as far as reading can tell. Never raises.

    What is over a bound, is not bash or only a run could tell is among the unresolved.
    """
    shell = Shell(code if len(code) <= MAX_SCRIPT else "")
    with suppress(Exhausted):
        _read(shell, code)
    return shell.program


def _read(shell: Shell, code: str) -> None:
    if len(code) > MAX_SCRIPT:
        shell.give_up(0, f"longer than {MAX_SCRIPT} characters")
    if _FORBIDDEN.search(code):
        shell.doubt(0, len(code), "a character that no text may contain")
        return
    if UNRESOLVED in code:
        # Code that another script puts together is given with what is not known of it.
        shell.doubt(0, len(code), "text that only a run could tell")
    lines, mistakes = parse(code)
    for mistake in mistakes:
        shell.doubt(mistake.at, mistake.at, f"not bash: {mistake.reason}; correct it")
    for line in filter(None, lines):
        with shell.landing("line"):
            shell.body(line)
    shell.finish()
