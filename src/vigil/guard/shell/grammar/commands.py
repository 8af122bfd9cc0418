"""The grammar of simple commands: assignments, words and redirections."""

import re

from vigil.guard.shell.grammar.lines import Lines, text_of
from vigil.guard.shell.grammar.tree import Assignment, Element, Elements, Parts, Redirect, Simple
from vigil.guard.shell.grammar.words import Malformed, TooMuch

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(\+?=)|\[)")
_REDIRECT = re.compile(
    r"([0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\})?(<<<|<<-|<<|<&|<>|<(?!\()|>>|>&|>\||>(?!\())|(&>>|&>)"
)
_MAX_NOT_INDICES = 20
MAX_COMMANDS = 10_000
"""Simple commands of one text; more are never gone through, so that they need not be read."""
_DECLARERS = frozenset({"declare", "export", "local", "readonly", "typeset"})


class SimpleCommands(Lines):
    def __init__(self, text: str, origin: tuple[int, int] | None, depth: int) -> None:
        super().__init__(text, origin, depth)
        self.commands = 0

    def _simple(self) -> Simple:
        start = self.at
        self.commands += 1
        if self.commands > MAX_COMMANDS:
            raise TooMuch(start, f"more than {MAX_COMMANDS} commands")
        assignments: list[Assignment] = []
        words: list[Parts | Assignment] = []
        redirects: list[Redirect] = []
        declares = False
        end = start
        while True:
            self._blanks()
            if redirect := self._redirect():
                redirects.append(redirect)
            elif (not words or declares) and (assignment := self._assignment()):
                if words:
                    words.append(assignment)
                else:
                    assignments.append(assignment)
            elif word := self._word():
                if not words:
                    declares = self.text[self.at - len(text_of(word)) : self.at] in _DECLARERS
                words.append(word)
            else:
                break
            end = self.at
        if not (assignments or words or redirects):
            self._fail("no command where one should stand")
        span = self._origin or (start, end)
        text = self.text[start:end]
        return Simple(tuple(assignments), tuple(words), tuple(redirects), *span, text)

    def _assignment(self) -> Assignment | None:
        found = ASSIGNMENT.match(self.text, self.at)
        if found is None:
            return None
        start, self.at = found.span()
        name, operator = found.groups()
        index: Parts | None = None
        if operator is None:
            if not (behind := self._indexed()):
                self.at = start
                return None
            index, operator = behind
        appends = operator == "+="
        if self._take("("):
            elements = self._elements()
            if self.at < len(self.text) and self.text[self.at] not in " \t\n;&|<>)":
                self._fail("a list of values with something right behind it")
            return Assignment(name, elements, appends, index)
        return Assignment(name, self._word(), appends, index)

    def _indexed(self) -> tuple[Parts, str] | None:
        """An index and the sign behind it, the bracket before it being read."""
        depth = self.depth
        try:
            index = self._index()
        except Malformed:
            # Each of them may have been looked for in all of the text.
            self._not_indices += 1
            if self._not_indices > _MAX_NOT_INDICES:
                raise
            self.depth = depth
            return None
        for sign in ("+=", "="):
            if self._take(sign):
                return index, sign
        return None

    def _elements(self) -> Elements:
        found: list[Element] = []
        while True:
            self._lines()
            if self._take(")"):
                return Elements(tuple(found))
            start = self.at
            key = self._indexed() if self._take("[") else None
            if key is None:
                self.at = start
                value = self._word()
                if not value:
                    self._fail("a list of values that does not end")
            else:
                if key[1] == "+=":
                    self._fail("a value in a list that is appended to")
                value = self._word()
            found.append(Element(key[0] if key else None, value))

    def _redirect(self) -> Redirect | None:
        found = _REDIRECT.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        descriptor, operator, both = found.groups()
        self._blanks()
        if operator in {"<<", "<<-"}:
            return Redirect(operator, descriptor or "", self._announce(tabs=operator == "<<-"))
        target = self._word()
        if not target:
            self._fail("a redirection without a file")
        return Redirect(operator or both, descriptor or "", target)
