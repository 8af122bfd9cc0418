"""A command that is about to be run."""

from collections.abc import Callable
from typing import NamedTuple

from vigil.guard.program import UNRESOLVED, Span
from vigil.guard.shell.expansion.splitting import Field
from vigil.guard.shell.grammar.tree import Assignment


class Call(NamedTuple):
    fields: tuple[Field, ...]
    """Its name and its arguments."""
    passed: tuple[Field, ...]
    """``command`` and ``builtin`` in front of it, behind which no function is meant."""
    assignments: tuple[Assignment, ...]
    """Those of its arguments that are assignments, as in ``declare a=1``."""
    span: Span
    note_other: Callable[[tuple[Field, ...]], None]
    """Notes a command with these words in its place."""

    @property
    def name(self) -> str:
        return self.fields[0].text

    @property
    def known(self) -> bool:
        """Whether its name is."""
        return self.fields[0].exact and not self.fields[0].pattern

    @property
    def words(self) -> tuple[Field, ...]:
        return self.fields[1:]

    def note(self, written: tuple[str, ...] = ()) -> None:
        """Note it as a command of the script, its assignments as text; those that only lead to
        other commands are not noted.
        """
        self.note_other((*self.passed, *self.fields, *(Field(text) for text in written)))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    def operands(self, valued: str = "") -> tuple[str, ...] | None:
        """Words that are no options; None where that is not known. ``valued``: letters of options
        that take the next word.
        """
        if any(word.loose or word.text.startswith(UNRESOLVED) for word in self.words):
            return None
        words = list(self.texts)
        while words and words[0][:1] in {"-", "+"} and len(words[0]) > 1:
            option = words.pop(0)
            if option == "--":
                break
            if option[0] == "-" and option[-1] in valued:
                words = words[1:]
        return tuple(words)
