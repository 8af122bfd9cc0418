"""Simple commands: expanded, noted, and followed in what they do to the shell."""

from vigil.guard.program import UNRESOLVED, Command, Redirection, Word
from vigil.guard.shell.branches import Status
from vigil.guard.shell.builtins import BUILTINS
from vigil.guard.shell.call import Call
from vigil.guard.shell.expansion.splitting import Field
from vigil.guard.shell.functions import Functions
from vigil.guard.shell.grammar.parse import parse_document
from vigil.guard.shell.grammar.tree import Assignment, Literal, Redirect, Simple
from vigil.guard.shell.output.printing import printed
from vigil.guard.shell.output.xargs import built
from vigil.guard.shell.redirects import opened
from vigil.guard.shell.state import Sink

_PASSING = frozenset({"builtin", "command"})
_SHELLS = frozenset({"bash", "sh", "dash", "ksh", "zsh", "ash", "rbash"})
_KEEPS_FILES = frozenset(
    {"[", "cat", "chmod", "date", "echo", "grep", "head", "ls", "mkdir", "printf", "sleep", "stat"}
    | {"tail", "test", "true", "wc", "which"}
)
"""Commands after which files are as they were, with what was written into them."""
_READS_NOTHING = frozenset(
    {"[", "cd", "chmod", "chown", "cp", "curl", "date", "echo", "kill", "ls", "mkdir", "mktemp"}
    | {"mv", "printf", "pwd", "rm", "rmdir", "sleep", "stat", "systemctl", "test", "touch", "true"}
)
"""Commands after which what could be read can still be read."""


class Shell(Functions):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.traps: list[tuple[str, int, int]] = []
        self._expanding: set[str] = set()
        self._defaults = False
        self._offered = False

    def finish(self) -> None:
        """Traps, and functions that nobody called and that somebody may have been given."""
        for text, start, end in self.traps:
            with self.aside():
                self.text(text, start, end)
            with self.aside():
                # It may also be run before the script has come this far.
                self.state.forget()
                self.text(text, start, end)
        for name, definition in list(self.state.functions.items()):
            if name not in self.called:
                with self.aside():
                    self.state.positional = None
                    self.bodies(definition, name)

    # Words ------------------------------------------------------------------------------------

    def chosen(self, options: tuple[str, ...]) -> str:
        self._offered = True
        return options[-1] if self._defaults else options[0]

    def prompted(self, text: str) -> str:
        start, end = self.here
        if UNRESOLVED in text:
            self.hidden("a prompt")
            return UNRESOLVED
        with self.nested(start):
            parts = parse_document(text, (start, end))
            if parts is None:
                self.hidden("a prompt")
                return UNRESOLVED
            return self.expander.text(parts) if "\\" not in text else UNRESOLVED

    # Commands ---------------------------------------------------------------------------------

    def simple(self, command: Simple) -> Status:
        if (alias := self._alias(command)) is not None:
            return self._aliased(command, alias)
        return self._chosen(command)

    def _chosen(self, command: Simple) -> Status:
        outside = self._defaults, self._offered
        self._defaults = self._offered = False
        status = self._once(command)
        if self._offered:
            # A name that nobody set may come from the environment, or its default is taken.
            self._defaults = True
            with self.aside():
                self._once(command)
        self._defaults, self._offered = outside
        return status

    def _once(self, command: Simple) -> Status:
        outside = self.take_sources()
        words, declared = self.arguments(command.words)
        fields = self.expander.fields(words)
        streams = dict(self.state.streams)
        redirections = opened(command.redirects, self.state, self.expander)
        if [field.text for field in fields[_passed(fields) :]] == ["exec"]:
            # Without a program it opens files for the shell itself.
            status = self._run(command, fields, declared, redirections)
        elif not redirections:
            status = self._run(command, fields, declared, ())
            self.state.streams = streams
        else:
            with self.attempted(redirections):
                self._run(command, fields, declared, redirections)
            self.state.streams = streams
            status = None
        self.sources = outside
        return status

    def redirected(
        self, redirects: tuple[Redirect, ...], start: int, end: int
    ) -> tuple[Redirection, ...]:
        redirections = opened(redirects, self.state, self.expander)
        if redirections:
            self.note(Command(words=(), span=self.span(start, end), redirections=redirections))
        return redirections

    def _assign_only(self, command: Simple, redirections: tuple[Redirection, ...]) -> Status:
        for assignment in command.assignments:
            self.assign(assignment)
        if redirections:
            span = self.span(command.start, command.end)
            self.note(Command(words=(), span=span, redirections=redirections))
        return None if self.sources else True

    def _run(
        self,
        command: Simple,
        fields: list[Field],
        declared: tuple[Assignment, ...],
        redirections: tuple[Redirection, ...],
    ) -> Status:
        if not fields:
            return self._assign_only(command, redirections)
        before = self.kept([assignment.name for assignment in command.assignments])
        sources = self.sources
        own = [self.assign(assignment).partition("=") for assignment in command.assignments]
        environment = (*self.exported(), *((name, Word(text=value)) for name, _, value in own))
        stream, directory, sink = self.stdin, self.state.directory, self.state.streams.get(1)
        span = self.span(command.start, command.end)

        def note(words: tuple[Field, ...]) -> None:
            self.note(
                Command(
                    words=tuple([word for field in words for word in field.words]),
                    span=span,
                    environment=environment,
                    redirections=redirections,
                    stdin=None if stream is None else Word(text=stream.text),
                    fed_by=stream.sources if stream else (),
                    words_from=tuple(dict.fromkeys(sources)),
                    captured=isinstance(sink, Sink) and sink.kept,
                    background=self.background,
                    directory=None if directory is None else Word(text=directory),
                )
            )

        skipped = _passed(fields)
        call = Call(tuple(fields[skipped:]), tuple(fields[:skipped]), declared, span, note)
        status = self._dispatch(call)
        self.restore(before)
        return status

    def _dispatch(self, call: Call) -> Status:
        if call.known and not call.passed and (found := self.state.functions.get(call.name)):
            return self.call_function(found, call)
        builtin = BUILTINS.get(call.name) if call.known else None
        if builtin is not None:
            return builtin(self, call)
        call.note()
        if call.name in {"[", "test"} and self.tests_hidden(call.texts):
            self.hidden("a test")
        self._inside(call)
        self._print(call)
        if call.name not in _KEEPS_FILES:
            self.state.files.clear()
        if not call.known:
            # It may be anything that a shell has, such as eval.
            self.state.forget()
        return True if call.name == "echo" else None

    def _print(self, call: Call) -> None:
        stream = self.stdin
        text = UNRESOLVED
        # A pattern for the names of files prints these.
        if call.known and not any(word.loose or word.pattern for word in call.words):
            fed = stream.text if stream else UNRESOLVED
            self.step(call.span.start, len(fed) // 100)
            text = printed(call.name, list(call.texts), fed, self.state.file)
        self.write(text)
        if stream is not None and call.name not in _READS_NOTHING:
            stream.text = UNRESOLVED

    def _inside(self, call: Call) -> None:
        """Commands in files that the script wrote before, and those that xargs puts together."""
        if self.state.files:
            self._inside_files((call.name, *call.texts), call)
        if call.name.rpartition("/")[2] == "xargs" and self.stdin is not None:
            for line in built(call.texts, self.stdin.text):
                with self.aside():
                    call.note_other(tuple(Field(word) for word in line))

    def _inside_files(self, words: tuple[str, ...], call: Call) -> None:
        for number, word in enumerate(words):
            behind_shell = number > 0 and words[number - 1].rpartition("/")[2] in _SHELLS
            if behind_shell or (number == 0 and "/" in word):
                text = self.state.file(word)
                if text != UNRESOLVED:
                    with self.aside():
                        self.text(text, call.span.start, call.span.end)

    # Aliases ----------------------------------------------------------------------------------

    def _alias(self, command: Simple) -> str | None:
        if not self.state.aliases or not command.words or command.assignments:
            return None
        first = command.words[0]
        if isinstance(first, Assignment) or len(first) != 1 or not isinstance(first[0], Literal):
            return None
        name, quoted = first[0]
        known = not quoted and name not in self._expanding and command.text.startswith(name)
        return name if known and name in self.state.aliases else None

    def _aliased(self, command: Simple, name: str) -> Status:
        """Read with and without the alias: whether it has a meaning depends on options."""
        code = self.state.aliases[name] + command.text[len(name) :]
        self._expanding.add(name)
        if UNRESOLVED in code:
            self.hidden("an alias")
        with self.perhaps():
            self.text(code, command.start, command.end)
        self._expanding.discard(name)
        with self.perhaps():
            self._chosen(command)
        return None


def _passed(fields: list[Field]) -> int:
    """How many words stand in front of the name: ``command -p``, ``builtin``."""
    skipped = 0
    while skipped < len(fields) - 1 and fields[skipped].text in _PASSING:
        skipped += 1
        while skipped < len(fields) - 1 and fields[skipped].text in {"-p", "--"}:
            skipped += 1
    return skipped
