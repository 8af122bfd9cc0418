"""Words after expansion: put together of their parts, and taken apart where nothing is quoted."""

import re
from typing import NamedTuple, TypeAlias

from vigil.guard.program import UNRESOLVED, Word
from vigil.guard.shell.state import MAX_TEXT

BLANKS = " \t\n"
"""What separates words unless a script says otherwise."""
_PATTERN = re.compile(r"[*?]|[@+!]\(")
_MAX_PATTERN = 500
_TWICE = UNRESOLVED * 2

Values: TypeAlias = tuple[str, ...] | None
"""What ``$@`` and ``${name[@]}`` stand for; None where even their number is unknown."""


class Field(NamedTuple):
    """One word as the command would get it."""

    text: str
    loose: bool = False
    """Whether it may also be any number of words."""
    pattern: bool = False
    """Whether it may become the names of files."""
    files: tuple[str, ...] = ()
    """Patterns of what it may be, where it is not known and is the name of a file."""

    @property
    def words(self) -> tuple[Word, ...]:
        """As the command gets it; where it is one of several names, as all of them."""
        return tuple(map(Word, self.files)) if self.files else (self.word,)

    @property
    def word(self) -> Word:
        return Word(UNRESOLVED, unsplit=self.text) if self.loose else Word(self.text)

    @property
    def exact(self) -> bool:
        return not self.loose and UNRESOLVED not in self.text


class Splitter:
    """Puts the parts of a word together, and takes apart what is not quoted."""

    def __init__(self, separators: str) -> None:
        self._separators = separators
        self._found: list[Field] = []
        self._text: list[str] = []
        self._begun = False
        self._loose = False
        self._pattern = False

    def add(self, text: str, *, pattern: bool = False) -> None:
        self._text.append(text)
        self._begun = True
        self._pattern |= pattern

    def add_all(self, values: Values, *, quoted: bool) -> None:
        if values is None:
            self._text.append(UNRESOLVED)
            self._begun = self._loose = True
            return
        for number, value in enumerate(values):
            if number:
                self._end()
            self.add(value) if quoted else self.add_split(value)

    def add_split(self, text: str) -> None:
        separators = self._separators
        if UNRESOLVED in separators:
            self._loosen(text or UNRESOLVED)
            return
        if not separators:
            self._flush([text])
            return
        word: list[str] = []
        for character in text:
            if character not in separators:
                word.append(character)
                continue
            self._flush(word)
            if character not in BLANKS and not self._begun:
                self.add("")
            self._end()
        self._flush(word)

    def _flush(self, word: list[str]) -> None:
        if text := "".join(word):
            if UNRESOLVED in text:
                self._loosen(text)
            else:
                self.add(text, pattern=is_pattern(text))
            word.clear()

    def _loosen(self, text: str) -> None:
        self.add(text)
        self._loose = True

    def _end(self) -> None:
        if self._begun:
            self._found.append(Field(bounded("".join(self._text)), self._loose, self._pattern))
        self._text, self._begun, self._loose, self._pattern = [], False, False, False

    def finished(self) -> list[Field]:
        self._end()
        return self._found


def bounded(text: str) -> str:
    """Text that is kept: not too long, and what is not known said once where it was said twice."""
    while _TWICE in text:
        text = text.replace(_TWICE, UNRESOLVED)
    return text if len(text) <= MAX_TEXT else UNRESOLVED


def is_pattern(text: str) -> bool:
    """Whether text that is not quoted stands for the names of files."""
    return _PATTERN.search(text) is not None or -1 < text.find("[") < text.rfind("]")


def runs_something(text: str) -> bool:
    """Whether bash runs a command where it takes this text for a name or for arithmetic."""
    return "$(" in text or "`" in text


def names_of_files(pattern: str) -> str:
    """Any of the names that a pattern stands for."""
    if len(pattern) > _MAX_PATTERN:
        return UNRESOLVED
    return re.sub(r"[*?]|\[.*?\]|[@+!]\(.*\)", UNRESOLVED, pattern, flags=re.DOTALL)
