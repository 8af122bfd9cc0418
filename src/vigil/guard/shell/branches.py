"""Branches: each is gone through, and afterwards only what all of them leave is known."""

from abc import ABC, abstractmethod
from typing import TypeAlias

from vigil.guard.shell.core import Core
from vigil.guard.shell.expansion.expand import Expander
from vigil.guard.shell.grammar.tree import Body, Case, If, Process, Substitution
from vigil.guard.shell.state import State

Status: TypeAlias = bool | None
"""Whether something ends well; None where that is not known."""


class Branches(Core, ABC):
    @property
    def expander(self) -> Expander:
        """Made when it is asked for: one that was kept would know who keeps it, and so all that is
        known of a script would stay in memory until the garbage collector comes by.
        """
        return Expander(self)

    @abstractmethod
    def substituted(self, part: Substitution) -> str:
        """As expansion asks for it, like the next five."""

    @abstractmethod
    def connected(self, part: Process) -> str: ...

    @abstractmethod
    def chosen(self, options: tuple[str, ...]) -> str: ...

    @abstractmethod
    def prompted(self, text: str) -> str: ...

    @abstractmethod
    def hidden(self, what: str) -> None: ...

    @abstractmethod
    def swells(self, what: str) -> None: ...

    @abstractmethod
    def body(self, body: Body) -> Status:
        """Go through commands one after the other."""

    def branches(self, command: If) -> Status:
        ends: list[State] = []
        for number, (condition, body) in enumerate(command.branches):
            chosen = self.body(condition)
            if chosen:
                with self.aside():
                    for _, other in command.branches[number + 1 :]:
                        self.body(other)
                    self.body(command.otherwise)
                return self._last(body, ends)
            with self.aside() if chosen is False else self.branch(ends):
                self.body(body)
        return self._last(command.otherwise, ends)

    def _last(self, body: Body, ends: list[State]) -> Status:
        """The way that is taken where none before it was."""
        if not ends:
            return self.body(body)
        with self.branch(ends):
            self.body(body)
        self._merge(ends)
        return None

    def _merge(self, ends: list[State]) -> None:
        self.state = ends[0]
        for end in ends[1:]:
            self.state = self.state.merged(end)

    def cases(self, command: Case) -> Status:
        self.expander.text(command.subject)
        ends: list[State] = []
        for arm in command.arms:
            for pattern in arm.patterns:
                self.expander.pattern(pattern)
            with self.perhaps() if arm.falls else self.branch(ends):
                self.body(arm.body)
        ends.append(self.state)
        self._merge(ends)
        return None
