"""A script as the commands that it would run: what every reader says and every rule is asked about.

A reader (of bash, Python or SQL) turns text into a ``Program``. Nothing in it is executed: where
only a run could tell what stands in a place, that place is ``UNRESOLVED``.

These are named tuples, as the guard makes dozens for each script out of what it has checked itself.
"""

from typing import Literal, NamedTuple

UNRESOLVED = "\ufffc"
"""Stands for any text whatever, of any length: the value of a variable that nobody set, the output
of a command. No script may contain it, so it cannot be forged."""


class Span(NamedTuple):
    """Where something stands in a script."""

    line: int
    """The first one is 1."""
    start: int
    """Characters from the beginning of the script."""
    end: int


class Word(NamedTuple):
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


class Redirection(NamedTuple):
    """A file that the shell opens for a command."""

    target: Word
    writes: bool
    appends: bool = False


class Source(NamedTuple):
    """A command, or a file, whose text became part of another command."""

    name: str
    """Of the command; ``<`` for a file."""
    tells: bool = True
    """Whether its text may say something of this machine."""
    counts: bool = False
    """Whether it prints numbers and nothing else."""
    endless: bool = False
    """Whether it prints without an end."""
    files: tuple[str, ...] = ()
    """Where it prints nothing but names of files: patterns of them, ``**`` for any depth."""
    adds: bool = False
    """Whether it puts the name of a machine into what it prints, such as ``.example.org``."""
    last: bool = False
    """Whether its text was taken as it was, and not by way of another command."""


FILE = Source("<", last=True)
"""A file that was read, of which nothing more is known."""


class Command(NamedTuple):
    """One simple command; wrappers such as sudo are still in front of what they run."""

    words: tuple[Word, ...]
    span: Span
    environment: tuple[tuple[str, Word], ...] = ()
    """Assignments that stand in front of it."""
    redirections: tuple[Redirection, ...] = ()
    stdin: Word | None = None
    """The text that it can read: of a here-document, or what a command before the pipe surely
    prints. ``UNRESOLVED`` where that is not known; None where nothing is fed to it."""
    fed_by: tuple[Source, ...] = ()
    """The commands before it in its pipe, the nearest one last."""
    words_from: tuple[Source, ...] = ()
    """The commands and files whose text is part of its words, also by way of variables."""
    captured: bool = False
    """Whether what it prints is kept by the shell, in a variable or the words of a command."""
    background: bool = False
    endless: bool = False
    """Whether it is run again and again, in a loop that nothing in the script ends."""
    directory: Word | None = None
    """Where it is run, if the script goes anywhere before; names of files count from there."""


class Nested(NamedTuple):
    """Code of some language that a command or a call runs: judged like a script of its own."""

    language: Literal["bash", "python", "sql"]
    code: Word
    span: Span
    """Where it stands in the outermost script."""
    dialect: str = ""
    """Of SQL: postgres, mysql, sqlite; empty where nobody says."""


class Unresolved(NamedTuple):
    """A part of a script that the reader cannot follow."""

    span: Span
    reason: str
    exhausts: bool = False
    """Whether it goes on without an end, as a function that calls itself does."""


class Program(NamedTuple):
    """All commands that a script can reach, each branch taken, in the order of the text."""

    commands: tuple[Command, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
