"""The grammar of bash: from a script to its commands."""

import re
from typing import NamedTuple

from vigil.guard.shell.grammar.compounds import CLOSING, END_OF_ARM, Compounds
from vigil.guard.shell.grammar.tree import (
    Body,
    Chain,
    Command,
    Compound,
    Literal,
    Parts,
    Pipeline,
    Redirect,
)
from vigil.guard.shell.grammar.words import MAX_DEPTH, Malformed, TooMuch

MAX_MISTAKES = 10
"""Lines that are not bash, after which the rest of a script is not looked at."""
MAX_SCANNED = 200_000
"""Characters that are read in vain, because of mistakes, before the rest is not looked at."""

_JOINS = re.compile(r"&&|\|\|")


class Mistake(NamedTuple):
    at: int
    reason: str


def parse(
    text: str, origin: tuple[int, int] | None = None, depth: int = 0
) -> tuple[tuple[Body, ...], tuple[Mistake, ...]]:
    """The commands of a script, those that bash reads at once together, and where it is not bash;
    there, reading goes on a line later.

    ``origin`` says where all of it stands when it is text inside another script.
    """
    reader = _Parser(text, origin, depth)
    lines: list[Body] = []
    mistakes: list[Mistake] = []
    scanned = 0
    while len(mistakes) < MAX_MISTAKES and scanned < MAX_SCANNED:
        start = reader.at
        try:
            more = reader.read_line()
        except TooMuch as error:
            mistakes.append(Mistake(error.at, error.reason))
            break
        except Malformed as error:
            mistakes.append(Mistake(error.at, error.reason))
            scanned += reader.at - start
            # From the next line on, so that what a mistake further down spoils is still seen.
            line = text.find("\n", reader.resume_at(start))
            if line < 0:
                break
            reader = _Parser(text, origin, depth)
            reader.at = line + 1
        else:
            if not more:
                break
        finally:
            lines.append(tuple(reader.line))
    return tuple(lines), tuple(mistakes)


def parse_document(text: str, origin: tuple[int, int]) -> Parts | None:
    """A text in which bash expands as in a here-document; None where it is not well-formed."""
    try:
        return _Parser(text, origin, 1).document()
    except Malformed:
        return None


class _Parser(Compounds):
    def __init__(self, text: str, origin: tuple[int, int] | None, depth: int) -> None:
        super().__init__(text, origin, depth)
        self._started = 0
        self.line: list[Chain] = []

    def resume_at(self, start: int) -> int:
        """Where the line ends on which the command began that could not be read."""
        return max(start, self._started)

    def read_line(self) -> bool:
        """Read commands up to the end of a line; whether there were any."""
        self.line = []
        self._lines()
        while self.at < len(self.text) and not self._next("\n"):
            self._started = self.at
            self.line.append(self._chain())
            if self._next(")") or self._next(";;"):
                self._fail(f"{self.text[self.at]!r} where a command may begin")
            self._blanks()
        if self.at >= len(self.text):
            self._documents()
        return bool(self.line)

    def _inner(self, text: str, start: int) -> Body:
        lines, mistakes = parse(text, self._span(start), self.depth + 1)
        if mistakes or self.depth >= MAX_DEPTH:
            self._fail("between backticks stands something that is not bash")
        return tuple(chain for line in lines for chain in line)

    def _body(self, closing: str) -> Body:
        outside, self._announced = self._announced, []
        body = self._sequence()
        if not self._take(closing):
            self._fail(f"no {closing!r} closes this")
        if self._announced:
            self._fail("a here-document that does not come before its command ends")
        self._announced = outside
        return body

    def _sequence(self) -> Body:
        chains: list[Chain] = []
        while True:
            self._lines()
            if self.at >= len(self.text) or self._next(")") or END_OF_ARM.match(self.text, self.at):
                return tuple(chains)
            if self._reserved() in CLOSING:
                return tuple(chains)
            chains.append(self._chain())

    def _chain(self) -> Chain:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        self._blanks()
        while operator := _JOINS.match(self.text, self.at):
            self.at = operator.end()
            self._lines()
            rest.append((operator.group(), self._pipeline()))
            self._blanks()
        return Chain(first, tuple(rest), self._separator())

    def _separator(self) -> bool:
        """What ends a command; whether it is ``&``."""
        if self._take("&"):
            return True
        if not END_OF_ARM.match(self.text, self.at) and self._take(";"):
            return False
        # Behind a compound command no sign is needed: { while a; do b; done }
        ended = self.at >= len(self.text) or self.text[self.at] in "\n);"
        if not ended and self._reserved() not in CLOSING:
            self._fail(f"{self.text[self.at]!r} where a command should end")
        return False

    def _pipeline(self) -> Pipeline:
        negated = False
        while (word := self._reserved()) in {"!", "time"}:
            self.at += len(word)
            negated ^= word == "!"
            self._blanks()
            if word == "time" and re.compile(r"-p(?=\s|$)").match(self.text, self.at):
                self.at += 2
                self._blanks()
            if self.at >= len(self.text) or self.text[self.at] in ";\n&|)":
                return Pipeline((), negated)
        commands = [self._command()]
        self._blanks()
        while self._next("|") and not self._next("||"):
            if self._take("|&"):
                commands[-1] = _with_errors(commands[-1])
            else:
                self.at += 1
            self._lines()
            commands.append(self._command())
            self._blanks()
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        start = self.at
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} constructs inside one another")
        shape = self._shape()
        self.depth -= 1
        if shape is None:
            return self._simple()
        redirects: list[Redirect] = []
        self._blanks()
        while (redirect := self._redirect()) is not None:
            redirects.append(redirect)
            self._blanks()
        return Compound(shape, tuple(redirects), *self._span(start))


def _with_errors(command: Command) -> Command:
    """``|&``: the same as ``2>&1 |``."""
    joined = Redirect(">&", "2", (Literal("1", quoted=False),))
    return command._replace(redirects=(*command.redirects, joined))
