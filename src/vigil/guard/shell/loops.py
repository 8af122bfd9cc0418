"""Loops: round by round while it is known how they go on, then any number of rounds at once."""

from abc import ABC
from collections.abc import Callable
from functools import partial

from vigil.guard.program import UNRESOLVED, Source
from vigil.guard.shell.branches import Branches, Status
from vigil.guard.shell.expansion.splitting import Field, names_of_files
from vigil.guard.shell.grammar.tree import Body, Count, For, Literal, Simple, While

MAX_ROUNDS = 64
"""Rounds of a loop that are gone through one by one."""

_TRUE = tuple((Literal(text, quoted=False),) for text in ("true", ":"))


class Loops(Branches, ABC):
    def loop(self, loop: While | For | Count) -> Status:
        match loop:
            case While():
                self._while(loop)
            case For():
                self._for(loop)
            case Count():
                self._count(loop)
        return None

    def _while(self, loop: While) -> None:
        def condition() -> Status:
            status = self.body(loop.condition)
            return status if status is None else status is not loop.until

        self._repeat(condition, lambda: self._round(loop.body), forever=_always(loop.condition))

    def _repeat(
        self, condition: Callable[[], Status], body: Callable[[], None], *, forever: bool
    ) -> None:
        mark, size = self.noted, self.state.text_size
        with self.landing("break") as left:
            same, peak = self._rounds(condition, body)
        if left or not (same or forever):
            return
        if self.only_busy(mark):
            self.doubt(*self.here, "a loop that never ends and never waits", exhausts=True)
        self.repeated(mark)
        if peak > size + MAX_ROUNDS:
            self.doubt(*self.here, "a loop that never ends and keeps more and more", exhausts=True)

    def _rounds(
        self, condition: Callable[[], Status], body: Callable[[], None]
    ) -> tuple[bool, int]:
        """Whether each round is like the one before, and there is always another one; and how
        much text was kept at most.
        """
        peak = 0
        for number in range(MAX_ROUNDS):
            before = self._copied()
            read = self.stdin.text if self.stdin else ""
            going_on = condition()
            if going_on is None:
                break
            if not going_on:
                if not number:
                    with self.aside():
                        body()
                return False, peak
            body()
            peak = max(peak, self.state.text_size)
            same = self.state.same(before) and read == (self.stdin.text if self.stdin else "")
            if same or self.state.dead:
                return same, peak

        def another() -> None:
            body()
            condition()

        self._often(another)
        return False, peak

    def _round(self, body: Body) -> None:
        with self.landing("continue"):
            self.body(body)

    def _often(self, body: Callable[[], None]) -> None:
        """Any number of rounds: again, until nothing more is forgotten by another one."""
        for _ in range(3):
            before = self._copied()
            with self.perhaps():
                body()
            if self.state.same(before):
                return
        self.state.forget()
        with self.perhaps():
            body()

    def _for(self, loop: For) -> None:
        outside = self.take_sources()
        values = self._values(loop)
        if sources := self.take_sources():
            self.state.taken(loop.name, sources)
        self.sources = outside
        with self.landing("break"):
            if values is None or loop.select:
                self._often(lambda: self._one_of(loop, UNRESOLVED))
                return
            for value in values:
                if self.state.dead:
                    break
                if value.pattern:
                    self.state.taken(loop.name, (Source("*", last=True, files=(value.text,)),))
                    self._often(partial(self._one_of, loop, names_of_files(value.text)))
                else:
                    self._one_of(loop, value.text)
            if not values:
                with self.aside():
                    self._one_of(loop, UNRESOLVED)

    def _one_of(self, loop: For, value: str) -> None:
        self.state.assign(loop.name, value)
        self._round(loop.body)

    def _values(self, loop: For) -> list[Field] | None:
        if loop.words is None:
            positional = self.state.positional
            return None if positional is None else [Field(text) for text in positional]
        fields = self.expander.fields(loop.words)
        known = len(fields) <= MAX_ROUNDS and not any(field.loose for field in fields)
        return fields if known else None

    def _count(self, loop: Count) -> None:
        self.expander.calculated(loop.start)

        def condition() -> Status:
            value = self.expander.calculated(loop.condition) if loop.condition else "1"
            return None if UNRESOLVED in value else value != "0"

        def body() -> None:
            self._round(loop.body)
            self.expander.calculated(loop.step)

        self._repeat(condition, body, forever=not loop.condition)


def _always(condition: Body) -> bool:
    """Whether this is ``true`` or ``:``."""
    if len(condition) != 1 or condition[0].rest or len(condition[0].first.commands) != 1:
        return False
    only = condition[0].first.commands[0]
    if not isinstance(only, Simple) or len(only.words) != 1 or condition[0].first.negated:
        return False
    return only.words[0] in _TRUE
