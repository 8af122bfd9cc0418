"""The grammar of control flow: groups, branches, loops, functions."""

import re
from abc import abstractmethod

from vigil.guard.shell.grammar.commands import ASSIGNMENT, SimpleCommands
from vigil.guard.shell.grammar.tree import (
    Arm,
    Body,
    Calculation,
    Case,
    Command,
    Coprocess,
    Count,
    For,
    Function,
    Group,
    If,
    Literal,
    Parts,
    Shape,
    Simple,
    Test,
    While,
)

_RESERVED = re.compile(
    r"(?:!|\{|\}|\[\[|case|coproc|done|do|elif|else|esac|fi|for|function|if|select|then|time"
    r"|until|while)(?=[ \t\n;&|<>()]|\\\n|$)"
)
CLOSING = frozenset({"}", "do", "done", "elif", "else", "esac", "fi", "then"})
_FUNCTION = re.compile(r"([^ \t\n;&|<>()'\"\\$`]+)[ \t]*\([ \t]*\)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?=[ \t\n;]|\\\n|$)")
_OPERATORS = re.compile(r"&&|\|\||[()<>]")
END_OF_ARM = re.compile(r";;&|;;|;&")


class Compounds(SimpleCommands):
    @abstractmethod
    def _sequence(self) -> Body:
        """Commands up to a word or a sign that closes them, which is left."""

    @abstractmethod
    def _command(self) -> Command:
        """One command, simple or compound."""

    def _reserved(self) -> str:
        found = _RESERVED.match(self.text, self.at)
        return found.group() if found else ""

    def _expect(self, word: str) -> None:
        self._lines()
        if self._reserved() != word:
            self._fail(f"{word!r} is missing")
        self.at += len(word)

    def _shape(self) -> Shape | None:
        if self._next("((") and (text := self._double_round()) is not None:
            return Calculation(text)
        if self._take("("):
            body = self._sequence()
            if not self._take(")"):
                self._fail("no ')' closes this")
            return Group(body, subshell=True)
        word = self._reserved()
        if word and word not in _SHAPES:
            self._fail(f"{word!r} where a command should begin")
        if word:
            self.at += len(word)
            return _SHAPES[word](self)
        found = _FUNCTION.match(self.text, self.at)
        if found and not ASSIGNMENT.match(found.group(1)):
            self.at = found.end()
            return Function(found.group(1), self._function_body())
        return None

    def _function_body(self) -> Command:
        self._lines()
        body = self._command()
        if isinstance(body, Simple):
            self._fail("a function whose body is not a compound command")
        return body

    def _group(self) -> Shape:
        body = self._sequence()
        self._expect("}")
        return Group(body)

    def _condition(self) -> Shape:
        branches = [self._branch()]
        otherwise: Body = ()
        while True:
            word = self._reserved()
            if word == "elif":
                self.at += len(word)
                branches.append(self._branch())
            elif word == "else":
                self.at += len(word)
                otherwise = self._sequence()
            else:
                self._expect("fi")
                return If(tuple(branches), otherwise)

    def _branch(self) -> tuple[Body, Body]:
        condition = self._sequence()
        self._expect("then")
        return condition, self._sequence()

    def _while(self) -> Shape:
        condition = self._sequence()
        return While(condition, self._loop_body(), until=False)

    def _until_true(self) -> Shape:
        condition = self._sequence()
        return While(condition, self._loop_body(), until=True)

    def _loop_body(self) -> Body:
        self._lines()
        if self._reserved() == "{":
            self.at += 1
            body = self._sequence()
            self._expect("}")
            return body
        self._expect("do")
        body = self._sequence()
        self._expect("done")
        return body

    def _for(self) -> Shape:
        return self._over(select=False)

    def _select(self) -> Shape:
        return self._over(select=True)

    def _over(self, *, select: bool) -> Shape:
        self._blanks()
        if self._take("(("):
            return self._counting()
        name = _NAME.match(self.text, self.at)
        if name is None:
            self._fail("a loop without a plain name")
        self.at = name.end()
        self._lines()
        words: list[Parts] | None = None
        if re.compile(r"in(?=[ \t\n;]|\\\n|$)").match(self.text, self.at):
            self.at += 2
            words = self._loop_words()
        self._blanks()
        self._take(";")
        return For(name.group(), None if words is None else tuple(words), self._loop_body(), select)

    def _loop_words(self) -> list[Parts]:
        words: list[Parts] = []
        self._blanks()
        while word := self._word():
            words.append(word)
            self._blanks()
        if self.at < len(self.text) and self.text[self.at] not in ";\n":
            self._fail(f"{self.text[self.at]!r} among the words of a loop")
        return words

    def _counting(self) -> Shape:
        fields = [self._calculation(closing) for closing in (";", ";", "))")]
        start, condition, step = ([] if field is None else field for field in fields)
        if None in fields:
            self._fail("a counting loop that is not well-formed")
        self._blanks()
        self._take(";")
        return Count(tuple(start), tuple(condition), tuple(step), self._loop_body())

    def _case(self) -> Shape:
        self._blanks()
        subject = self._word()
        self._lines()
        if not (found := re.compile(r"in(?=\s|\\\n|$)").match(self.text, self.at)):
            self._fail("a case without 'in'")
        self.at = found.end()
        arms: list[Arm] = []
        while True:
            self._lines()
            if self._reserved() == "esac":
                self.at += len("esac")
                return Case(subject, tuple(arms))
            patterns, body = self._patterns(), self._sequence()
            if end := END_OF_ARM.match(self.text, self.at):
                self.at = end.end()
            elif self._reserved() != "esac":
                self._fail("an arm of a case that does not end")
            arms.append(Arm(patterns, body, falls=end is not None and end.group() != ";;"))

    def _patterns(self) -> tuple[Parts, ...]:
        self._take("(")
        patterns: list[Parts] = []
        while True:
            self._blanks()
            if not (word := self._word()):
                self._fail("a case without a pattern")
            patterns.append(word)
            self._blanks()
            if self._take(")"):
                return tuple(patterns)
            if not self._take("|"):
                self._fail("a pattern of a case that does not end")

    def _named_function(self) -> Shape:
        self._blanks()
        name = re.compile(r"[^ \t\n;&|<>()'\"\\$`]+").match(self.text, self.at)
        if name is None:
            self._fail("a function without a plain name")
        self.at = name.end()
        if brackets := re.compile(r"[ \t]*\([ \t]*\)").match(self.text, self.at):
            self.at = brackets.end()
        return Function(name.group(), self._function_body())

    def _coprocess(self) -> Shape:
        self._blanks()
        name = "COPROC"
        found = re.compile(
            r"([A-Za-z_][A-Za-z0-9_]*)[ \t]+(?=[{(]|(?:while|until|if|for|case)\s)"
        ).match(self.text, self.at)
        if found:
            name = found.group(1)
            self.at = found.end()
        return Coprocess(name, self._command())

    def _test(self) -> Shape:
        words: list[Parts] = []
        while True:
            self._lines()
            start = self.at
            if self._take("]]"):
                return Test(tuple(words))
            operator = _OPERATORS.match(self.text, self.at)
            if operator and not (self._next("<(") or self._next(">(")):
                self.at = operator.end()
                words.append((Literal(operator.group(), quoted=False),))
                continue
            word = self._word()
            if not word:
                self._fail("'[[' that does not end")
            words.append(word)
            if self.text[start : self.at] == "=~":
                self._blanks()
                words.append(self._regex())


_SHAPES = {
    "{": Compounds._group,  # noqa: SLF001 - the table of this module's own class
    "[[": Compounds._test,  # noqa: SLF001 - as above
    "case": Compounds._case,  # noqa: SLF001 - as above
    "coproc": Compounds._coprocess,  # noqa: SLF001 - as above
    "for": Compounds._for,  # noqa: SLF001 - as above
    "function": Compounds._named_function,  # noqa: SLF001 - as above
    "if": Compounds._condition,  # noqa: SLF001 - as above
    "select": Compounds._select,  # noqa: SLF001 - as above
    "until": Compounds._until_true,  # noqa: SLF001 - as above
    "while": Compounds._while,  # noqa: SLF001 - as above
}
