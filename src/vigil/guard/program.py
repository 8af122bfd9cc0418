"""A script as the commands that it would run: what every reader says and every rule is asked about.

A reader (of bash, Python or SQL) turns text into a ``Program``. Nothing in it is executed: where
only a run could tell what stands in a place, that place is ``UNRESOLVED``.
"""

from typing import Literal

from pydantic import Field

from vigil.domain.value import Value

UNRESOLVED = "\ufffc"
"""Stands for any text whatever, of any length: the value of a variable that nobody set, the output
of a command. No script may contain it, so it cannot be forged."""


class Span(Value):
    """Where something stands in a script."""

    line: int = Field(ge=1)
    start: int = Field(ge=0)
    """Characters from the beginning of the script."""
    end: int = Field(ge=0)


class Word(Value):
    """One word as the command would get it, quotes removed."""

    text: str
    unsplit: str = ""
    """Where ``text`` is ``UNRESOLVED`` because something in the word is not quoted and may fall
    apart into any number of words: what the word is if it does not, such as
    ``/proc/\ufffc/status``.
    """

    @property
    def exact(self) -> bool:
        """Whether all of it is known."""
        return UNRESOLVED not in self.text


class Redirection(Value):
    """A file that the shell opens for a command."""

    target: Word
    writes: bool
    appends: bool = False


class Command(Value):
    """One simple command; wrappers such as sudo are still in front of what they run."""

    words: tuple[Word, ...]
    span: Span
    environment: tuple[tuple[str, Word], ...] = ()
    """Assignments that stand in front of it."""
    redirections: tuple[Redirection, ...] = ()
    stdin: Word | None = None
    """The text that it can read: of a here-document, or what a command before the pipe surely
    prints. ``UNRESOLVED`` where that is not known; None where nothing is fed to it."""
    fed_by: tuple[str, ...] = ()
    """The names of the commands before it in its pipe, the nearest one last."""
    words_from: tuple[str, ...] = ()
    """The names of the commands whose output is part of its words, also by way of variables."""
    background: bool = False
    endless: bool = False
    """Whether it is run again and again, in a loop that nothing in the script ends."""
    directory: Word | None = None
    """Where it is run, if the script goes anywhere before; names of files count from there."""


class Nested(Value):
    """Code of some language that a command or a call runs: judged like a script of its own."""

    language: Literal["bash", "python", "sql"]
    code: Word
    span: Span
    """Where it stands in the outermost script."""
    dialect: str = ""
    """Of SQL: postgres, mysql, sqlite; empty where nobody says."""


class Unresolved(Value):
    """A part of a script that the reader cannot follow."""

    span: Span
    reason: str
    exhausts: bool = False
    """Whether it goes on without an end, as a function that calls itself does."""


class Program(Value):
    """All commands that a script can reach, each branch taken, in the order of the text."""

    commands: tuple[Command, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
