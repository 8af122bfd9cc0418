"""What a shell that runs nothing keeps while it goes through a script, and what it notes."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Literal

from vigil.guard.program import (
    UNRESOLVED,
    Command,
    Program,
    Redirection,
    Source,
    Span,
    Unresolved,
)
from vigil.guard.shell.state import Sink, State, Stream
from vigil.guard.sources import source_of

MAX_STEPS = 10_000
"""Commands that are gone through, those in loops and functions each time they are."""
MAX_COMMANDS = 2_000
"""Commands that a program has; a script of more is refused from there on."""
MAX_WORDS = 50_000
"""Words of all of them."""
MAX_NESTING = 30
"""Control flow, functions, eval and substitutions inside one another, as they are gone through."""

_TAKE_NO_TIME = frozenset(
    {
        ":",
        "[",
        "declare",
        "echo",
        "export",
        "false",
        "let",
        "local",
        "printf",
        "set",
        "test",
        "true",
    }
    | {"unset"}
)

Kind = Literal["return", "break", "continue", "line"]


class Exhausted(Exception):
    """A bound was reached; the rest of the script is not looked at."""


class _Gone:
    """A command that was gone through, and where it printed to."""

    def __init__(self, command: Command, to: Sink | Stream | None) -> None:
        self._command = command
        self.to = to

    @cached_property
    def source(self) -> Source:
        """Looked at only where somebody takes what was printed, as few commands are."""
        return source_of(self._command)


class Core:
    """One place for the state and for the notes."""

    def __init__(self, text: str) -> None:
        self.state = State()
        self.called: set[str] = set()
        self.background = False
        self.last_stays = False
        """Whether the last command of a pipe may be run by the shell itself."""
        self.sources: tuple[Source, ...] = ()
        """Those whose output was taken since they were last asked for."""
        self._newlines = [newline.start() for newline in re.finditer("\n", text)]
        self._commands: dict[tuple[object, ...], Command] = {}
        self._unresolved: dict[tuple[int, str], Unresolved] = {}
        self._steps = 0
        self._nesting = 0
        self._words = 0
        self._printed: list[_Gone] = []
        self._here = (0, 0)
        self._jumps: list[tuple[Kind, list[State]]] = []

    @property
    def program(self) -> Program:
        return Program(
            commands=tuple(self._commands.values()), unresolved=tuple(self._unresolved.values())
        )

    # Notes ------------------------------------------------------------------------------------

    def span(self, start: int, end: int) -> Span:
        line = bisect_left(self._newlines, start) + 1
        return Span(line=line, start=start, end=end)

    def note(self, command: Command) -> None:
        """A command that the script may run; the same one is noted once, however often it runs."""
        key = (
            command.span.start,
            *[word.unsplit or word.text for word in command.words],
            command.fed_by,
            command.words_from,
            command.background,
            command.stdin and command.stdin.text,
            command.directory and command.directory.text,
            *[r.target.text for r in command.redirections],
            *[f"{name}={word.text}" for name, word in command.environment],
        )
        if command.words:
            self._printed.append(_Gone(command, self.state.streams.get(1)))
        if key not in self._commands:
            self._words += len(command.words)
            if len(self._commands) >= MAX_COMMANDS or self._words > MAX_WORDS:
                reason = f"more than {MAX_COMMANDS} commands or {MAX_WORDS} words"
                self.give_up(command.span.start, reason)
            self._commands[key] = command

    def doubt(self, start: int, end: int, reason: str, *, exhausts: bool = False) -> None:
        """A part that is not followed."""
        part = Unresolved(span=self.span(start, end), reason=reason, exhausts=exhausts)
        self._unresolved.setdefault((start, reason), part)

    def repeated(self, mark: int) -> None:
        """What was noted since then is run again and again, without an end."""
        for key in list(self._commands)[mark:]:
            self._commands[key] = self._commands[key]._replace(endless=True)

    def only_busy(self, mark: int) -> bool:
        """Whether nothing that was noted since then takes time."""
        since = list(self._commands.values())[mark:]
        return all(c.words and c.words[0].text in _TAKE_NO_TIME for c in since)

    def give_up(self, start: int, reason: str) -> None:
        self.doubt(start, start, f"{reason}; split the script")
        raise Exhausted

    def step(self, start: int, cost: int = 1) -> None:
        self._steps += cost
        if self._steps > MAX_STEPS:
            self.give_up(start, f"more than {MAX_STEPS} steps to go through it")

    @contextmanager
    def nested(self, start: int) -> Iterator[None]:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            self.give_up(start, f"more than {MAX_NESTING} constructs inside one another")
        yield
        self._nesting -= 1

    @property
    def noted(self) -> int:
        return len(self._commands)

    @property
    def here(self) -> tuple[int, int]:
        """The command that is gone through."""
        return self._here

    @property
    def printed(self) -> int:
        return len(self._printed)

    def sources_since(self, mark: int, sink: Sink) -> tuple[Source, ...]:
        """The commands that were gone through since then; the last ones printed to the sink."""
        since = self._printed[mark:]
        return tuple(dict.fromkeys(one.source._replace(last=one.to is sink) for one in since))

    def take_sources(self) -> tuple[Source, ...]:
        found, self.sources = self.sources, ()
        return found

    # Branches ---------------------------------------------------------------------------------

    def _copied(self) -> State:
        self.step(0, 1 + self.state.size // 50)
        return self.state.copy()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What surely has no effect on the rest: a branch that is not taken."""
        before = self.state
        self.state = self._copied()
        self.state.streams = {
            number: Sink(kept=one.kept) if isinstance(one, Sink) else Stream(one.text, one.sources)
            for number, one in before.streams.items()
        }
        jumps, self._jumps = self._jumps, [(kind, []) for kind, _ in self._jumps]
        yield
        self.state, self._jumps = before, jumps

    @contextmanager
    def subshell(self) -> Iterator[None]:
        """What is assigned stays inside; what is read and written does not."""
        before = self.state
        self.state = self._copied()
        jumps, self._jumps = self._jumps, [(kind, []) for kind, _ in self._jumps]
        yield
        files = self.state.files
        self.state, self._jumps = before, jumps
        self.state.files = files

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """What may be run or not."""
        ends: list[State] = []
        with self.branch(ends):
            yield
        self.state = ends[0].merged(self.state)

    @contextmanager
    def attempted(self, files: tuple[Redirection, ...]) -> Iterator[None]:
        """What is not run if one of its files cannot be opened."""
        if all(one.target.text.startswith(("/dev/null", "/dev/fd/")) for one in files):
            yield
            return
        with self.perhaps():
            yield
            written = self.state.files
        self.state.files = written

    @contextmanager
    def branch(self, ends: list[State]) -> Iterator[None]:
        """One of several ways; how it ends is appended, and the others begin where it began."""
        before = self._copied()
        sinks = [(one, one.mark()) for one in before.streams.values() if isinstance(one, Sink)]
        texts = [(one, one.text) for one in before.streams.values() if isinstance(one, Stream)]
        yield
        for sink, mark in sinks:
            sink.doubt(mark)
        for stream, text in texts:
            if stream.text != text:
                stream.text = UNRESOLVED
        ends.append(self.state)
        self.state = before

    def jump(self, kind: Kind, levels: int = 1) -> None:
        """Leaves the function or so many loops from here."""
        landings = [states for found, states in self._jumps if found == kind]
        for states in landings[-levels:][:1]:
            states.append(self._copied())
        self.state.dead = True

    def falter(self) -> None:
        """Here bash may give up the rest of the line, which other lines then follow."""
        for kind, states in self._jumps[:1]:
            if kind == "line":
                states.append(self.outermost())

    def outermost(self) -> State:
        """The state as it is when all functions are left."""
        return self._copied()

    @contextmanager
    def landing(self, kind: Kind) -> Iterator[list[State]]:
        """Where a jump of this kind lands: at its end. Those that jumped are in the list."""
        states: list[State] = []
        self._jumps.append((kind, states))
        yield states
        self._jumps.pop()
        for state in states:
            self.state = self.state.merged(state)

    # Streams ----------------------------------------------------------------------------------

    def write(self, text: str, number: int = 1) -> None:
        sink = self.state.streams.get(number)
        if isinstance(sink, Sink) and not self.state.dead:
            sink.write(text)
            if sink.path is not None:
                self.state.write_file(sink.path, text, appends=True)

    @property
    def stdin(self) -> Stream | None:
        found = self.state.streams.get(0)
        return found if isinstance(found, Stream) else None
