"""Blanks, comments and lines, and the here-documents that come between lines."""

import re
from typing import NamedTuple

from vigil.guard.shell.grammar.tree import Document, Literal, Parts
from vigil.guard.shell.grammar.words import MAX_DEPTH, Words

_BLANKS = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
"""A comment among them; it matches everywhere, if only nothing."""


class _Announced(NamedTuple):
    """A here-document that has not come yet."""

    document: Document
    end: str
    quoted: bool
    tabs: bool
    """Whether tabs at the beginning of its lines are taken away."""


class Lines(Words):
    def __init__(self, text: str, origin: tuple[int, int] | None, depth: int) -> None:
        super().__init__(text, depth)
        self._origin = origin
        self._announced: list[_Announced] = []

    def _span(self, start: int) -> tuple[int, int]:
        return self._origin or (start, self.at)

    def _blanks(self) -> None:
        if found := _BLANKS.match(self.text, self.at):
            self.at = found.end()

    def _lines(self) -> None:
        self._blanks()
        while self._next("\n"):
            self._documents()
            self._blanks()

    def _documents(self) -> None:
        """Behind a newline: the here-documents that were announced on its line."""
        self.at += 1
        announced, self._announced = self._announced, []
        for one in announced:
            start = self.at
            text = self._document_text(one)
            if one.quoted:
                one.document.text = (Literal(text, quoted=True),)
            else:
                inside = type(self)(text, self._span(start), self.depth + 1)
                if self.depth >= MAX_DEPTH:
                    self._fail(f"more than {MAX_DEPTH} constructs inside one another")
                one.document.text = inside.document()

    def _document_text(self, one: _Announced) -> str:
        lines: list[str] = []
        while self.at < len(self.text):
            line = self._document_line(joined=not one.quoted)
            if one.tabs:
                line = line.lstrip("\t")
            if line.rstrip("\n") == one.end:
                break
            lines.append(line)
        return "".join(lines)

    def _document_line(self, *, joined: bool) -> str:
        end = self.text.find("\n", self.at)
        while joined and end > 0 and _continues(self.text, self.at, end):
            end = self.text.find("\n", end + 1)
        start, self.at = self.at, len(self.text) if end < 0 else end + 1
        line = self.text[start : self.at]
        return line.replace("\\\n", "") if joined and "\\\n" in line else line

    def _announce(self, *, tabs: bool) -> Document:
        word = self._word()
        if not word or not all(isinstance(part, Literal) for part in word):
            self._fail("a here-document whose end is not a plain word")
        document = Document()
        quoted = any(isinstance(part, Literal) and part.quoted for part in word)
        self._announced.append(_Announced(document, text_of(word), quoted, tabs))
        return document


def text_of(word: Parts) -> str:
    return "".join(part.text for part in word if isinstance(part, Literal))


def _continues(text: str, start: int, end: int) -> bool:
    """Whether a line is continued: an odd number of backslashes stands at its end."""
    line = text[start:end]
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1
