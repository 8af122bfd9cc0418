"""The commands that ``xargs`` puts together of what it reads, where that is known."""

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell.whole import whole

_FLAGS = frozenset({"-r", "-t", "-0", "--no-run-if-empty", "--null"})
_MAX_COMMANDS = 50


def built(arguments: tuple[str, ...], text: str) -> list[tuple[str, ...]]:
    """None of them where xargs is used in a way that is not followed."""
    words = list(arguments)
    replaced, each, by_lines = "", 0, False
    while words and words[0].startswith("-"):
        option = words.pop(0)
        letter, value = option[:2], option[2:]
        if option in _FLAGS:
            continue
        if letter not in {"-n", "-I", "-i", "-P", "-L"} or option.startswith("--"):
            return []
        if not value and letter != "-i" and words:
            value = words.pop(0)
        if letter in {"-I", "-i"}:
            replaced = value or "{}"
        elif letter in {"-n", "-L"}:
            each = whole(value) if value.isdecimal() else 0
            by_lines = letter == "-L"
    if UNRESOLVED in text or not words or any(c in text for c in "'\"\\\0"):
        return []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    read = lines if by_lines and not replaced else text.split()
    if replaced:
        commands = [tuple(w.replace(replaced, line) for w in words) for line in lines]
    else:
        groups = [read[at : at + each] for at in range(0, len(read), each)] if each else [read]
        commands = [(*words, *" ".join(group).split()) for group in groups]
    return commands if len(commands) <= _MAX_COMMANDS else []
