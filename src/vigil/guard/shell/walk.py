"""Control flow: both sides of it wherever it is not known which one is taken."""

from abc import abstractmethod
from collections.abc import Sequence

from vigil.guard import places
from vigil.guard.program import FILE, UNRESOLVED, Redirection
from vigil.guard.shell.branches import Status
from vigil.guard.shell.expansion.splitting import runs_something
from vigil.guard.shell.grammar.parse import parse
from vigil.guard.shell.grammar.tree import (
    Body,
    Calculation,
    Case,
    Chain,
    Command,
    Compound,
    Control,
    Coprocess,
    Count,
    For,
    Function,
    Group,
    If,
    Parts,
    Pipeline,
    Process,
    Redirect,
    Simple,
    Substitution,
    Test,
    While,
)
from vigil.guard.shell.loops import Loops
from vigil.guard.shell.state import Definition, Sink, Stream

_COMPARISONS = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})


class Walk(Loops):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._descriptors = 63

    @abstractmethod
    def simple(self, command: Simple) -> Status:
        """Go through a simple command."""

    @abstractmethod
    def redirected(
        self, redirects: tuple[Redirect, ...], start: int, end: int
    ) -> tuple[Redirection, ...]:
        """Open the files of a compound command."""

    # Lists and pipes --------------------------------------------------------------------------

    def text(self, text: str, start: int, end: int) -> Status:
        """Go through text that became code: of eval, of a trap, of a file that was written."""
        with self.nested(start):
            self.step(start, 1 + len(text) // 20)
            lines, mistakes = parse(text, (start, end), depth=1)
            for mistake in mistakes:
                self.doubt(start, end, f"text that is run and is not bash: {mistake.reason}")
            return self.body(tuple(chain for line in lines for chain in line))

    def body(self, body: Body) -> Status:
        status: Status = True
        for chain in body:
            status = self._chain(chain)
        return status

    def _chain(self, chain: Chain) -> Status:
        if not chain.background:
            return self._joined(chain)
        before, self.background = self.background, True
        sinks = [s for s in self.state.streams.values() if isinstance(s, Sink)]
        marks = [sink.mark() for sink in sinks]
        with self.subshell():
            self._joined(chain)
        # It prints at any time, so that the order of texts is not known.
        for sink, mark in zip(sinks, marks, strict=True):
            sink.doubt(mark)
        self.background = before
        return True

    def _joined(self, chain: Chain) -> Status:
        status = self._pipeline(chain.first)
        for operator, pipeline in chain.rest:
            wanted = operator == "&&"
            if status is wanted:
                status = self._pipeline(pipeline)
            elif status is None:
                with self.perhaps():
                    self._pipeline(pipeline)
            else:
                with self.aside():
                    self._pipeline(pipeline)
        return status

    def _pipeline(self, pipeline: Pipeline) -> Status:
        if len(pipeline.commands) == 1:
            status = self.command(pipeline.commands[0])
        else:
            status = self._piped(pipeline.commands)
        return status if status is None or not pipeline.negated else not status

    def _piped(self, commands: tuple[Command, ...]) -> Status:
        status: Status = None
        fed = self.state.streams.get(0)
        before = fed.sources if isinstance(fed, Stream) else ()
        for number, command in enumerate(commands):
            mark = self.printed
            sink = Sink()
            is_last = number == len(commands) - 1
            streams = dict(self.state.streams)
            with self.perhaps() if is_last and self.last_stays else self.subshell():
                if fed is not None:
                    self.state.streams[0] = fed
                if not is_last:
                    self.state.streams[1] = sink
                status = self.command(command)
                self.state.streams = streams
            before = tuple(one._replace(last=False) for one in before)
            before = tuple(dict.fromkeys((*before, *self.sources_since(mark, sink))))
            fed = Stream(sink.text, before)
        return status

    def command(self, command: Command) -> Status:
        if isinstance(command, Simple):
            self.step(command.start)
            self._here = (command.start, command.end)
            return self.simple(command)
        with self.nested(command.start):
            self.step(command.start)
            if not command.redirects or isinstance(command.shape, Function):
                return self._shape(command)
            streams = dict(self.state.streams)
            files = self.redirected(command.redirects, command.start, command.end)
            with self.attempted(files):
                status = self._shape(command)
            self.state.streams = streams
            return None if files else status

    def _shape(self, command: Compound) -> Status:
        shape = command.shape
        if isinstance(shape, Function):
            body = _with(shape.body, command.redirects)
            self.state.functions[shape.name] = Definition((body,))
            return True
        if isinstance(shape, Calculation):
            value = self.expander.calculated(shape.text)
            return None if UNRESOLVED in value else value != "0"
        return self._control(shape)

    def _control(self, shape: Control) -> Status:
        match shape:
            case Group():
                return self._group(shape)
            case If():
                return self.branches(shape)
            case Case():
                return self.cases(shape)
            case While() | For() | Count():
                return self.loop(shape)
            case Test():
                return self._test(shape)
            case Coprocess():
                return self._coprocess(shape)

    def _group(self, group: Group) -> Status:
        if not group.subshell:
            return self.body(group.body)
        with self.subshell():
            return self.body(group.body)

    # The rest ---------------------------------------------------------------------------------

    def _test(self, test: Test) -> Status:
        texts = [self.expander.text(word) for word in test.words]
        if "-v" in texts and self.tests_hidden(texts):
            self.hidden("a test")
        for number, text in enumerate(texts[1:-1], 1):
            if text in _COMPARISONS:
                # Both sides are arithmetic.
                self.expander.calculate(texts[number - 1])
                self.expander.calculate(texts[number + 1])
        if "=~" in texts:
            self.state.assign("BASH_REMATCH", UNRESOLVED)
        return None

    def tests_hidden(self, texts: Sequence[str]) -> bool:
        """Whether a name that is tested holds, or may hold, an index with a command in it."""
        read = "-v" in texts and any(
            UNRESOLVED in text and self.expander.may_hold_code(text) for text in texts
        )
        return read or any(runs_something(text) for text in texts)

    def hidden(self, what: str) -> None:
        self.doubt(*self.here, f"{what} that runs what is hidden in a text")

    def swells(self, what: str) -> None:
        self.doubt(*self.here, what, exhausts=True)

    def _coprocess(self, coprocess: Coprocess) -> Status:
        before, self.background = self.background, True
        with self.subshell():
            self.state.streams[0] = Stream(UNRESOLVED)
            self.state.streams[1] = Sink()
            self.command(coprocess.body)
        self.background = before
        self.state.assign(coprocess.name, UNRESOLVED)
        return True

    # What expansion asks for ------------------------------------------------------------------

    def substituted(self, part: Substitution) -> str:
        sink = Sink(kept=True)
        mark = self.printed
        with self.nested(self.here[0]), self.subshell():
            self.state.streams[1] = sink
            self.body(part.body)
            if (file := _only_read(part.body)) is not None:
                self._read_whole(self.expander.text(file), sink)
        self.sources += self.sources_since(mark, sink)
        text = sink.text.replace("\0", "").rstrip("\n")
        if text[-1:] == UNRESOLVED:
            # If nothing is printed there, the newlines before it are the last ones.
            return text.rstrip("\n" + UNRESOLVED) + UNRESOLVED
        return text

    def _read_whole(self, path: str, sink: Sink) -> None:
        """``$(<file)``, which prints a file."""
        text = self.state.file(path)
        sink.write(text)
        if places.endless(path):
            self.doubt(*self.here, "a substitution that never ends", exhausts=True)
        if UNRESOLVED in text:
            self.sources += (FILE,)

    def connected(self, part: Process) -> str:
        sink = Sink()
        mark = self.printed
        with self.nested(self.here[0]), self.subshell():
            self.state.streams[1 if part.feeds else 0] = sink if part.feeds else Stream(UNRESOLVED)
            self.body(part.body)
        path = f"/dev/fd/{self._descriptors}"
        self._descriptors -= 1
        if part.feeds:
            sources = self.sources_since(mark, sink)
            self.sources += sources
            self.state.taken(path, sources)
            self.state.files[path] = sink.text
        return path


def _with(body: Command, redirects: tuple[Redirect, ...]) -> Command:
    """A function's body with the redirections behind it, which apply to each call."""
    if not redirects or isinstance(body, Simple):
        return body
    return body._replace(redirects=(*body.redirects, *redirects))


def _only_read(body: Body) -> Parts | None:
    """The file of ``$(<file)``, which prints it."""
    if len(body) != 1 or body[0].rest or len(body[0].first.commands) != 1:
        return None
    only = body[0].first.commands[0]
    if not isinstance(only, Simple) or only.words or only.assignments or len(only.redirects) != 1:
        return None
    redirect = only.redirects[0]
    return (
        redirect.target if redirect.operator == "<" and isinstance(redirect.target, tuple) else None
    )
