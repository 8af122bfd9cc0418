"""One rule of a rule file: when it fires, what it says, and what else is run."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vigil.domain.effects import EffectKind
from vigil.domain.value import Value
from vigil.guard.findings import Mark
from vigil.guard.rule_text import (
    FEW,
    Expression,
    OptionNames,
    OptionTests,
    Resource,
    RuleName,
    Test,
    Text,
    Texts,
    Verb,
    compiled,
    test_of,
    together,
)


class Runs(Value):
    """Something inside a command that it runs, and that is judged like a script of its own."""

    code: Literal["bash", "python", "sql"] | None = None
    dialect: Literal["postgres", "mysql", "sqlite"] | None = None
    command: Annotated[int, Field(ge=1, le=9)] | Literal["after", "between"] | None = None
    """From which operand on the words are a command line; or what stands after ``--``; or what
    stands between ``option`` and one of ``until``."""
    option: OptionNames = ()
    operand: Annotated[int, Field(ge=1, le=9)] | None = None
    """This operand is code."""
    operands: Annotated[int, Field(ge=1, le=9)] | None = None
    """The operands from this one on, joined by blanks, are code."""
    stdin: bool = False
    """What is fed to it is code."""
    until: Texts = ()
    skip: Expression | None = None
    """Leading operands that match it are counted nowhere (``env A=1 ls``); those that look like
    ``NAME=value`` become the environment of the command."""
    appends: bool = False
    """The tool puts words of its own behind the command: those of its input (``xargs``)."""
    words_option: OptionNames = ()
    """Options whose value is a file that these words stand in, in place of its input."""
    hole: Text | None = None
    """Stands for what the tool puts in its place (``{}``)."""
    hole_under: bool = False
    """What comes into the hole is a path below the operands (``find``)."""
    hole_option: OptionNames = ()
    """Options whose value is the hole."""

    @model_validator(mode="after")
    def _says_what_and_where(self) -> Self:
        if (self.code is None) == (self.command is None):
            raise ValueError("say either code: (a language) or command: (words that are run)")
        if self.code is not None and not (
            self.option or self.operand or self.operands or self.stdin
        ):
            raise ValueError("say where the code is: option, operand, operands or stdin")
        if self.command == "between" and not (self.option and self.until):
            raise ValueError("between needs option: (where it begins) and until: (where it ends)")
        return self

    @property
    def first(self) -> int | None:
        """The operand at which the words of the tool end and those of the command begin."""
        return self.command if isinstance(self.command, int) else self.operands


class Rule(Value):
    """What some commands of a tool do; every condition that is given has to hold."""

    id: RuleName
    verb: Texts = ()
    """Patterns as of a shell, of one word or several; none: any verb."""
    option: OptionTests = ()
    """At least one of these stands there; ``--output=REGEX`` compares its value, which is empty
    where none was given."""
    without: OptionTests = ()
    """None of these stands there."""
    besides: OptionTests = ()
    """At least one of these stands there as well as one of ``option``."""
    bare: bool = False
    """Fires only when there is no operand at all, and so no verb."""
    operand: Expression | None = None
    """Some operand after the verb matches whole."""
    operands: Expression | None = None
    """Every operand after the verb matches whole, and there is one."""
    unless: Expression | None = None
    """The rule does not fire when every operand after the verb matches whole, and there is one."""
    first: Expression | None = None
    """The first operand after the verb matches whole, such as the script of sed."""
    last: Expression | None = None
    """The last operand after the verb matches whole, such as the target of cp."""
    named: Expression | None = None
    """What stands in front of ``=`` in some operand matches whole, such as ``PATH`` of export."""
    count: tuple[int, int | None] | None = None
    """Least and most operands after the verb."""
    environment: Texts = ()
    """One of these is set in front."""
    fed: bool = False
    """Something is fed to it that does not stand in the script: of a command before, of a file."""
    below: bool = False
    """It reads what stands in files below its operands: a folder with secrets in it is one."""
    certain: bool = False
    """Fires only where nothing about it is left to a run; for what nobody does by accident."""
    effect: EffectKind
    resource: Resource = "-"
    marks: frozenset[Mark] = frozenset()
    reason: Text
    runs: Annotated[tuple[Runs, ...], Field(max_length=FEW)] = ()
    yes: Annotated[tuple[Text, ...], Field(max_length=FEW)] = ()
    no: Annotated[tuple[Text, ...], Field(max_length=FEW)] = ()

    @cached_property
    def verbs(self) -> tuple[Verb, ...]:
        """Each verb as one expression a word."""
        return compiled(self.verb)

    @cached_property
    def first_words(self) -> frozenset[str] | None:
        """The words that its verbs begin with; None where one of them is a pattern."""
        firsts = [verb[0] for verb in self.verbs]
        words = frozenset(first for first in firsts if isinstance(first, str))
        return words if len(words) == len(set(firsts)) else None

    @cached_property
    def together(self) -> Mapping[int, re.Pattern[str]]:
        """The verbs by their number of words, as one expression each."""
        return together(self.verb)

    @cached_property
    def wanted(self) -> tuple[Test, ...]:
        """``option`` as names and what their value has to match."""
        return tuple(map(test_of, self.option))

    @cached_property
    def unwanted(self) -> tuple[Test, ...]:
        """``without`` as names and what their value has to match."""
        return tuple(map(test_of, self.without))

    @cached_property
    def wanted_besides(self) -> tuple[Test, ...]:
        """``besides`` as names and what their value has to match."""
        return tuple(map(test_of, self.besides))

    @cached_property
    def some(self) -> re.Pattern[str] | None:
        """``operand``, compiled."""
        return re.compile(self.operand, re.DOTALL) if self.operand is not None else None

    @cached_property
    def every(self) -> re.Pattern[str] | None:
        """``operands``, compiled."""
        return re.compile(self.operands, re.DOTALL) if self.operands is not None else None

    @cached_property
    def excused(self) -> re.Pattern[str] | None:
        """``unless``, compiled."""
        return re.compile(self.unless, re.DOTALL) if self.unless is not None else None

    @cached_property
    def in_front(self) -> re.Pattern[str] | None:
        """``named``, compiled."""
        return re.compile(self.named, re.DOTALL) if self.named is not None else None

    @cached_property
    def at_first(self) -> re.Pattern[str] | None:
        """``first``, compiled."""
        return re.compile(self.first, re.DOTALL) if self.first is not None else None

    @cached_property
    def at_last(self) -> re.Pattern[str] | None:
        """``last``, compiled."""
        return re.compile(self.last, re.DOTALL) if self.last is not None else None
