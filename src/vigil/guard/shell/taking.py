"""The commands that read text into variables."""

import re
from typing import TYPE_CHECKING

from vigil.guard.program import UNRESOLVED, Source
from vigil.guard.shell.branches import Status
from vigil.guard.shell.call import Call
from vigil.guard.shell.state import Array, Stream
from vigil.guard.shell.whole import whole

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DESCRIPTOR = re.compile(r"(?<!\S)-\w*u ?(\d+)(?!\S)")
_WHOLE = re.compile(r"[rsed]*")
"""Options of read with which it takes a line as it is."""

if TYPE_CHECKING:
    from vigil.guard.shell.simple import Shell


def read(shell: "Shell", call: Call) -> Status:
    call.note()
    raw, names, number = (
        "r" in "".join(t for t in call.texts if t[:1] == "-"),
        call.operands("adinNptu"),
        0,
    )
    if (descriptor := _DESCRIPTOR.search(" ".join(call.texts))) is not None:
        number = whole(descriptor[1])
    plain = all(t[:1] != "-" or t in {"-r", "-s", "-e"} for t in call.texts)
    stream = shell.state.streams.get(number)
    if any(t[:1] == "-" and "u" in t for t in call.texts):
        shell.state.streams = {n: s for n, s in shell.state.streams.items() if n in {0, 1, 2}}
    if names is None:
        shell.state.forget()
        return None
    arrays = [
        b for a, b in zip(call.texts, call.texts[1:], strict=False) if a[:1] == "-" and a[-1] == "a"
    ]
    line = (
        stream.line()
        if plain and isinstance(stream, Stream) and stream.text != UNRESOLVED
        else None
    )
    if not all(_NAME.fullmatch(name) for name in (*names, *arrays)):
        line = None
    if line is None or (not raw and "\\" in line[0]):
        if isinstance(stream, Stream):
            stream.text = UNRESOLVED
        for name in (*names, *arrays, *(() if names else ("REPLY",))):
            shell.set(name, UNRESOLVED)
            if isinstance(stream, Stream):
                alone = len(names) + len(arrays) <= 1 and _WHOLE.fullmatch(_options(call))
                shell.state.taken(name, stream.sources if alone else _parts(stream.sources))
        return None
    _fill(shell, line[0], names)
    return line[1]


def _options(call: Call) -> str:
    return "".join(text[1:] for text in call.texts if text[:1] == "-")


def _parts(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """A part of a name is not the name of a file any more."""
    return tuple(source._replace(files=()) for source in sources)


def _fill(shell: "Shell", line: str, names: tuple[str, ...]) -> None:
    if not names:
        shell.set("REPLY", line)
        return
    separators = shell.state.variables.get("IFS", " \t\n")
    if not isinstance(separators, str) or UNRESOLVED in separators:
        values = [UNRESOLVED] * len(names)
    else:
        values = _split(line, separators, len(names))
    for name, value in zip(names, [*values, *[""] * len(names)], strict=False):
        shell.set(name, value)


def _split(line: str, separators: str, most: int) -> list[str]:
    blanks = "".join(c for c in separators if c in " \t\n")
    rest = line.strip(blanks) if blanks else line
    found: list[str] = []
    while len(found) < most - 1 and rest:
        end = next((i for i, c in enumerate(rest) if c in separators), len(rest))
        found.append(rest[:end])
        rest = rest[end:]
        stripped = rest.lstrip(blanks) if blanks else rest
        if stripped[:1] and stripped[0] in separators and stripped[0] not in blanks:
            stripped = stripped[1:].lstrip(blanks) if blanks else stripped[1:]
        rest = stripped
    return [*found, rest]


def mapfile(shell: "Shell", call: Call) -> Status:
    call.note()
    names = call.operands("dnOsuCc")
    name = names[0] if names else "MAPFILE"
    stream = shell.stdin
    if names is None:
        shell.state.forget()
    elif (
        stream is None
        or UNRESOLVED in stream.text
        or any(t != "-t" for t in call.texts if t[:1] == "-")
    ):
        shell.set(name, UNRESOLVED)
        if stream is not None:
            shell.state.taken(name, stream.sources)
        if any("C" in t for t in call.texts if t[:1] == "-"):
            shell.doubt(call.span.start, call.span.end, "a command that mapfile calls")
    else:
        lines = stream.text.splitlines(keepends="-t" not in call.texts)
        shell.state.assign(name, Array({str(n): line for n, line in enumerate(lines)}))
        stream.text = ""
    return None
