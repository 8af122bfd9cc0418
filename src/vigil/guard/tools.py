"""Rule files as values: what the guard knows about each tool of the field.

A file describes one tool: how its words are told apart (options, operands, verb) and what its
commands do. docs/how-to/add-a-tool.md is written for who writes one.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Annotated, Self

from pydantic import Field, model_validator

from vigil.domain.effects import EffectKind
from vigil.domain.value import Value
from vigil.guard.program import Word
from vigil.guard.python.library import Library
from vigil.guard.rule import Rule
from vigil.guard.rule_text import (
    FEW,
    MOST_WORDS,
    OptionNames,
    Text,
    Texts,
    ToolName,
    Verb,
    compiled,
    together,
)


class OptionsOfVerb(Value):
    """Options that mean something else under some verbs than for the rest of the tool."""

    verb: Texts
    valued: OptionNames = ()
    plain: OptionNames = ()

    @cached_property
    def verbs(self) -> tuple[Verb, ...]:
        """Each verb as one expression a word."""
        return compiled(self.verb)


class Options(Value):
    """How the options of a tool are told from its operands."""

    valued: OptionNames = ()
    """Take a value: the next word, after ``=``, or attached to an option of one letter."""
    attached: OptionNames = ()
    """Of one letter; may have a value, which is then attached to it (``-pWORD``)."""
    plain: OptionNames = ()
    """Known, and without weight where no rule names them."""
    targets: OptionNames = ()
    """Of those in ``valued``: they choose another machine, account or configuration to work on."""
    closed: bool = False
    """Whether an option in no list and no rule makes a command unknown."""
    clusters: bool = True
    """Whether ``-abc`` means ``-a -b -c``; false where one dash begins long names."""
    stops: bool = False
    """Whether nothing behind the first operand is an option."""
    by_verb: Annotated[tuple[OptionsOfVerb, ...], Field(max_length=FEW)] = ()
    """Counts behind the verb, and before the lists above."""


class Tool(Value):
    """One tool of the field and what its commands do."""

    tool: ToolName
    also: Annotated[tuple[ToolName, ...], Field(max_length=FEW)] = ()
    """Other names of the same program."""
    about: Text
    options: Options = Options()
    verb_words: Annotated[int, Field(ge=0, le=MOST_WORDS)] = 0
    """At most so many leading operands are the verb."""
    files: bool = True
    """Whether words may be names of files that it reads; false for echo."""
    rules: Annotated[tuple[Rule, ...], Field(max_length=FEW)] = ()
    default: EffectKind = EffectKind.UNKNOWN
    """When no rule fires."""

    @model_validator(mode="after")
    def _is_of_a_piece(self) -> Self:
        twice = [name for name, times in Counter(r.id for r in self.rules).items() if times > 1]
        if twice:
            raise ValueError(f"more than one rule is called {', '.join(sorted(twice))}")
        if "default" in {rule.id for rule in self.rules}:
            raise ValueError("no rule may be called default")
        long = [v for r in self.rules for v in r.verb if len(v.split()) > self.verb_words]
        if long:
            raise ValueError(f"verb_words is {self.verb_words}, less than the verb '{long[0]}' has")
        return self

    @cached_property
    def valued(self) -> frozenset[str]:
        """Every option that takes a value."""
        implied = (
            name
            for rule in self.rules
            for runs in rule.runs
            if runs.command != "between"
            for name in (*runs.option, *runs.hole_option)
        )
        return frozenset((*self.options.valued, *self.options.targets, *implied)) - {"--"}

    @cached_property
    def known(self) -> frozenset[str]:
        """Every option that is in a list or in a rule."""
        tests = (t for r in self.rules for t in (*r.wanted, *r.wanted_besides, *r.unwanted))
        named = (name for name, _ in tests)
        of_verbs = (name for of in self.options.by_verb for name in (*of.valued, *of.plain))
        mine = (*self.options.plain, *self.options.attached)
        return frozenset((*mine, *named, *self.until, *of_verbs)) | self.valued

    @cached_property
    def together(self) -> Mapping[int, re.Pattern[str]]:
        """The verbs of all rules by their number of words, as one expression each."""
        return together(tuple(dict.fromkeys(verb for rule in self.rules for verb in rule.verb)))

    @cached_property
    def long(self) -> tuple[str, ...]:
        """The known options of two dashes, of which a beginning may be written."""
        return tuple(sorted(name for name in self.known if name.startswith("--")))

    @cached_property
    def until(self) -> Mapping[str, frozenset[str]]:
        """Options that are followed by a command, and the words that end it."""
        return {
            name: frozenset(runs.until)
            for rule in self.rules
            for runs in rule.runs
            if runs.command == "between"
            for name in runs.option
        }

    def rules_for(self, operands: Sequence[Word]) -> tuple[Rule, ...]:
        """The rules that may fire on these operands, in their order; by the first one alone."""
        if not operands:
            return self._of_any_verb
        first = operands[0]
        if not first.exact or "\n" in first.text:
            return self.rules
        return self._by_first_word.get(first.text, self._of_any_word)

    @cached_property
    def _of_any_verb(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not rule.verbs)

    @cached_property
    def _of_any_word(self) -> tuple[Rule, ...]:
        """Those with a verb that begins with a pattern among them."""
        return tuple(rule for rule in self.rules if not rule.verbs or rule.first_words is None)

    @cached_property
    def _by_first_word(self) -> Mapping[str, tuple[Rule, ...]]:
        words = {word for rule in self.rules for word in rule.first_words or ()}
        return {
            word: tuple(
                rule
                for rule in self.rules
                if not rule.verbs or rule.first_words is None or word in rule.first_words
            )
            for word in words
        }

    @cached_property
    def fronts(self) -> tuple[tuple[Rule, int, re.Pattern[str] | None], ...]:
        """Rules of commands with a command behind them: from which operand on, what is skipped."""
        return tuple(
            (rule, runs.first, re.compile(runs.skip) if runs.skip else None)
            for rule in self.rules
            for runs in rule.runs
            if runs.first is not None
        )


class Tools:
    """Tools by each of their names; one is read when it is first asked for.

    A script names few tools, and reading a hundred files takes longer than judging it.
    """

    def __init__(
        self,
        readers: Mapping[str, Callable[[], Tool]],
        library: Callable[[], Library] = Library,
    ) -> None:
        self.readers = readers
        self.library = library
        """What calls of Python's libraries do."""
        self._read: dict[str, Tool] = {}

    @classmethod
    def of(cls, *tools: Tool) -> Self:
        """Tools that are read already; of two with one name the last counts."""
        return cls({n: partial(_itself, tool) for tool in tools for n in (tool.tool, *tool.also)})

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that is known, in order."""
        return tuple(sorted(self.readers))

    def named(self, name: str) -> Tool | None:
        """The tool that has this name."""
        if name not in self._read and name in self.readers:
            self._read[name] = self.readers[name]()
        return self._read.get(name)

    def rule(self, full_name: str) -> tuple[Tool, Rule | None] | None:
        """The rule of a full name such as ``kubectl.read``; of ``kubectl.default``, none."""
        name, _, wanted = full_name.rpartition(".")
        tool = self.named(name)
        if tool is None:
            return None
        if wanted == "default":
            return tool, None
        return next(((tool, rule) for rule in tool.rules if rule.id == wanted), None)


def _itself(tool: Tool) -> Tool:
    return tool
