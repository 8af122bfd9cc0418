"""What is known of Python's libraries, as values: which call does what, and what it gives back.

The file itself is ``guard/languages/python.yaml``. It is not a rule file of a tool, because a call
has named arguments and a result, where a command has options and words; what a call does with
files, processes and machines is written as the command that does the same (``command:``), so that
the rules of the tools judge it and no knowledge stands twice.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from vigil.domain.effects import EffectKind
from vigil.domain.value import Value
from vigil.guard.findings import Mark

_SIGNATURE = re.compile(r"([A-Za-z_][\w.]*(?:\.\*)?)(?:\(([\w*, ]*)\))?")
_FIELD = re.compile(r"\{(\w+)(?:\.\.\.|:o)?\}")

Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Dotted = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]{0,99}$")]
Parameter = Annotated[str, StringConstraints(pattern=r"^\w{1,40}$")]


class Does(Value):
    """What some calls of a library do."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    calls: Annotated[tuple[Text, ...], Field(min_length=1, max_length=500)]
    """``module.function(parameter, *rest)``; the first parameter of a method is its object. A name
    may end in ``.*``; without brackets its arguments do not matter."""
    effect: EffectKind | None = None
    """Left out where a command or code says it."""
    resource: Text = "-"
    """``{parameter}`` stands for an argument."""
    marks: frozenset[Mark] = frozenset()
    reason: Text
    command: tuple[Text, ...] = ()
    """A command that does the same; ``{parameter}`` stands for an argument, ``{parameter...}`` for
    as many words as it holds, ``{parameter:o}`` for a number in octal."""
    words: Parameter | None = None
    """The list of words that it runs as a command."""
    program: Parameter | None = None
    """Stands in place of the first of ``words``."""
    shell: Parameter | None = None
    """When it is true, ``words`` is a script for a shell."""
    environment: Parameter | None = None
    stdin: Parameter | None = None
    code: Parameter | None = None
    """A script that it runs; in which language says ``language``."""
    language: Literal["bash", "sql", "python"] = "bash"
    dialect: Literal["postgres", "mysql", "sqlite"] | None = None
    opens: Parameter | None = None
    """A file that it reads."""
    writes: Parameter | None = None
    """A file that it writes."""
    sends: tuple[Parameter, ...] = ()
    """Arguments that change something on another machine where they are given."""
    calls_back: Parameter | None = None
    """A callable among the arguments that it calls."""
    given: Parameter | None = None
    """With these arguments."""
    gives: Dotted | tuple[Dotted, ...] = "data"
    """The type of the result: ``data``, ``nothing``, ``first`` (its first argument), or a type of
    the library; a list where it gives many."""
    about: Parameter | None = None
    """The argument that says what the result stands for."""
    tells: bool = False
    """Whether the result says something of this machine."""
    below: bool = False
    """Whether the result names what is below ``about``, a folder."""
    allocates: Annotated[int, Field(ge=1, le=64)] | None = None
    """Bytes for each item, the numbers among the arguments being the dimensions."""
    multiplies: bool = False
    """Makes processes or threads: in a loop without end it uses up the machine."""
    yes: tuple[Text, ...] = ()
    """Scripts that reach it."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        unreadable = [call for call in self.calls if _SIGNATURE.fullmatch(call) is None]
        if unreadable:
            raise ValueError(f"not a call: {unreadable[0]}")
        if self.effect is None and not (
            self.command or self.words or self.code or self.opens or self.writes or self.calls_back
        ):
            raise ValueError("say the effect, or the command, words, code or file it stands for")
        named = {field for text in (self.resource, *self.command) for field in _FIELD.findall(text)}
        known = {parameter for call in self.signatures for parameter in call[1]}
        if not named <= known:
            raise ValueError(f"no call has the parameter {', '.join(sorted(named - known))}")
        return self

    @cached_property
    def signatures(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each call as its name and its parameters."""
        return tuple(map(_signature, self.calls))

    @property
    def looks_only(self) -> bool:
        """Whether calling it on whatever it may be called on changes nothing."""
        mild = self.effect in {None, EffectKind.READ}
        return mild and not (
            self.command or self.words or self.code or self.writes or self.calls_back or self.sends
        )

    @property
    def harmless(self) -> bool:
        """Whether there is nothing to say of it, whatever it is called with."""
        return self.looks_only and not self.opens


def _signature(call: str) -> tuple[str, tuple[str, ...]]:
    found = _SIGNATURE.fullmatch(call)
    name, parameters = found.groups() if found else (call, None)
    return name, tuple(p.strip() for p in (parameters or "").split(",") if p.strip())


class Library(Value):
    """Everything that is known of libraries; what is not here is unknown."""

    computes: frozenset[Dotted] = frozenset()
    """Modules that only compute: importing them does nothing, and each call that no rule names
    gives data."""
    known: frozenset[Dotted] = frozenset()
    """Modules that do something only where a rule says what: importing them does nothing."""
    same: Mapping[Dotted, Dotted] = Field(default_factory=dict)
    """Other names for the same thing."""
    rules: Annotated[tuple[Does, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _is_of_a_piece(self) -> Self:
        ids = [rule.id for rule in self.rules]
        names = [name for rule in self.rules for name, _ in rule.signatures]
        for what in (ids, names):
            twice = (
                sorted({x for x in what if what.count(x) > 1}) if len({*what}) < len(what) else []
            )
            if twice:
                raise ValueError(f"given twice: {', '.join(twice)}")
        return self

    @cached_property
    def _calls(self) -> Mapping[str, tuple[Does, tuple[str, ...]]]:
        return {name: (rule, given) for rule in self.rules for name, given in rule.signatures}

    @cached_property
    def _prefixes(self) -> frozenset[str]:
        return frozenset(
            prefix
            for name in (*self._calls, *self.same, *self.computes, *self.known)
            for prefix in _prefixes(name)
        )

    @cached_property
    def _modules(self) -> frozenset[str]:
        return self.computes | self.known

    @cached_property
    def _talking(self) -> frozenset[str]:
        return frozenset(
            name.rpartition(".")[0]
            for rule in self.rules
            if Mark.NETWORK in rule.marks
            for name, _ in rule.signatures
        )

    @cached_property
    def _harmful(self) -> frozenset[str]:
        return frozenset(
            name.rpartition(".")[2]
            for rule in self.rules
            if not rule.looks_only
            for name, _ in rule.signatures
        )

    def extended(self, other: Self) -> Self:
        """With what another one knows besides; what that one says of a call counts."""
        said = {name for rule in other.rules for name, _ in rule.signatures}
        ids = {rule.id for rule in other.rules}
        kept = [r for rule in self.rules if rule.id not in ids for r in _without(rule, said)]
        return type(self)(
            computes=self.computes | other.computes,
            known=self.known | other.known,
            same={**self.same, **other.same},
            rules=(*kept, *other.rules),
        )

    def rule(self, rule_id: str) -> Does | None:
        """The rule of this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    def call(self, name: str) -> tuple[Does, tuple[str, ...]] | None:
        """What a call of this full name does, and its parameters."""
        return self._calls.get(name) or self._calls.get(f"{name.rpartition('.')[0]}.*")

    def has(self, prefix: str) -> bool:
        """Whether something known has this name or begins with it."""
        return prefix in self._prefixes

    def is_module(self, name: str) -> bool:
        """Whether importing it is known to do nothing."""
        return name in self._modules or any(p in self.computes for p in _prefixes(name))

    def talks(self, name: str) -> bool:
        """Whether it belongs to something that talks to other machines."""
        return any(prefix in self._talking for prefix in _prefixes(name))

    def only_computes(self, name: str) -> bool:
        """Whether a call that no rule names belongs to a module that only computes."""
        return "._" not in name and any(prefix in self.computes for prefix in _prefixes(name))

    def harmful(self, attribute: str) -> bool:
        """Whether some method of this name does more than compute or look."""
        return attribute in self._harmful

    def canonical(self, name: str) -> str:
        """The name by which the rules know it: ``posix.system`` and ``glob.os.system`` are
        ``os.system``.
        """
        for _ in range(4):
            shorter = self._hop(name)
            if shorter == name:
                return name
            name = shorter
        return name

    def _hop(self, name: str) -> str:
        if name in self._calls:
            return name
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            head = ".".join(parts[:end])
            if head in self.same:
                return ".".join((self.same[head], *parts[end:]))
        # A module of another module is that module, wherever one gets hold of it.
        for place in range(len(parts) - 1, 0, -1):
            inner = parts[place].lstrip("_")
            if inner == parts[0] or ".".join(parts[: place + 1]) in self._prefixes:
                continue
            if inner in self._modules:
                return ".".join((inner, *parts[place + 1 :]))
        return name


def _without(rule: Does, names: set[str]) -> Iterator[Does]:
    calls = tuple(
        call
        for call, (name, _) in zip(rule.calls, rule.signatures, strict=True)
        if name not in names
    )
    if len(calls) == len(rule.calls):
        yield rule
    elif calls:
        yield Does.model_validate(rule.model_dump() | {"calls": calls})


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))
