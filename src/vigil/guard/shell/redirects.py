"""Redirections: which files a command opens, and what then can be read there."""

from vigil.guard import places
from vigil.guard.program import FILE, UNRESOLVED, Redirection, Source
from vigil.guard.shell.expansion.expand import Expander
from vigil.guard.shell.expansion.splitting import Field
from vigil.guard.shell.grammar.tree import Document, Parts, Redirect
from vigil.guard.shell.state import Sink, State, Stream
from vigil.guard.shell.whole import whole

_SAME = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_SAME |= {f"{folder}/{n}": n for folder in ("/dev/fd", "/proc/self/fd") for n in range(10)}
_FIRST_NAMED = 10


def opened(
    redirects: tuple[Redirect, ...], state: State, expander: Expander
) -> tuple[Redirection, ...]:
    """Open the files in the state's streams; those that have a name are told."""
    found: list[Redirection] = []
    for redirect in redirects:
        if isinstance(redirect.target, Document):
            _feed(redirect, redirect.target.text, "", state, expander)
        elif redirect.operator == "<<<":
            _feed(redirect, redirect.target, "\n", state, expander)
        else:
            fields = expander.fields([redirect.target])
            field = fields[0] if len(fields) == 1 else Field(UNRESOLVED, loose=True)
            found += _file(redirect, field, state)
    return tuple(found)


def _feed(redirect: Redirect, word: Parts, end: str, state: State, expander: Expander) -> None:
    text, sources = expander.told(word)
    state.streams[_number(redirect, 0, state)] = Stream(text + end, sources)


def _number(redirect: Redirect, usual: int, state: State) -> int:
    if redirect.descriptor.startswith("{"):
        number = max([_FIRST_NAMED - 1, *state.streams]) + 1
        state.assign(redirect.descriptor[1:-1], str(number))
        return number
    return whole(redirect.descriptor or str(usual))


def _file(redirect: Redirect, field: Field, state: State) -> list[Redirection]:
    operator = redirect.operator
    reads = operator[0] == "<"
    number = _number(redirect, 0 if reads else 1, state)
    if operator in {"<&", ">&"} and (field.text.rstrip("-").isdecimal() or field.text == "-"):
        _duplicate(number, field.text, state)
        return []
    if operator == "<&" or (operator == ">&" and redirect.descriptor):
        state.streams[number] = Stream(UNRESOLVED) if reads else Sink()
        return [Redirection(target=field.word, writes=not reads)]
    if field.text in _SAME and _SAME[field.text] in state.streams:
        state.streams[number] = state.streams[_SAME[field.text]]
        return []
    if operator == "<":
        text = state.file(field.text)
        sources = _wrote(field.text, state) if UNRESOLVED in text else ()
        state.streams[number] = Stream(text, sources)
        return [Redirection(target=field.word, writes=False)]
    appends = operator in {">>", "&>>", "<>"}
    if operator == "<>":
        state.streams[number] = Stream(UNRESOLVED)
    else:
        sink = Sink(UNRESOLVED if field.loose else field.text)
        if not appends:
            state.write_file(sink.path or "", "", appends=False)
        state.streams[number] = sink
        if operator in {"&>", "&>>"} or (operator == ">&" and not redirect.descriptor):
            state.streams[2] = sink
    return [Redirection(target=field.word, writes=True, appends=appends)]


def _wrote(path: str, state: State) -> tuple[Source, ...]:
    """Whose text stands in a file."""
    return state.origins.get(path) or (FILE._replace(endless=places.endless(path)),)


def _duplicate(number: int, target: str, state: State) -> None:
    if target == "-":
        state.streams.pop(number, None)
        return
    source = state.streams.get(whole(target.rstrip("-")))
    if source is not None:
        both_ways = number == 0 and isinstance(source, Sink)
        state.streams[number] = Stream(UNRESOLVED) if both_ways else source
    elif isinstance(sink := state.streams.get(number), Sink):
        # To where the shell's own errors go; any other number may lead to where this one led.
        if target != "2":
            sink.write(UNRESOLVED)
        state.streams[number] = Sink()
