"""What commands surely print, given their words and what they read."""

import re
from collections.abc import Callable

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell.grammar.quotes import echoed, formatted
from vigil.guard.shell.output.filters import FILTERS
from vigil.guard.shell.whole import whole

_DIRECTIVE = re.compile(r"%(?:%|([-0 +#]*)(\d*)(?:\.(\d*))?([sdiuoxXcbq]))")
_MAX_WIDTH = 1000
_MAX_SEQUENCE = 200


def printed(name: str, arguments: list[str], stdin: str, files: Callable[[str], str]) -> str:
    """What a command prints; unresolved where that is not known."""
    if (printer := _PRINTERS.get(name)) is not None:
        return printer(arguments)
    if name.rpartition("/")[2] in FILTERS and not any(UNRESOLVED in one for one in arguments):
        found = FILTERS[name.rpartition("/")[2]](arguments, stdin, files)
        return UNRESOLVED if found is None else found
    return UNRESOLVED


def formatted_text(words: list[str], *, loose: bool) -> str:
    """What ``printf`` makes of its format and its arguments."""
    if not words or loose:
        return UNRESOLVED
    template, values = words[0], words[1:]
    text: list[str] = []
    while True:
        count = len(values)
        one = _filled(template, values)
        text.append(UNRESOLVED if one is None else one)
        if not values or len(values) == count or one is None:
            return "".join(text)


def _filled(template: str, values: list[str]) -> str | None:
    """The format filled once, the values that it used being taken away."""
    found: list[str] = []
    at = 0
    for directive in _DIRECTIVE.finditer(template):
        plain = template[at : directive.start()]
        at = directive.end()
        if "%" in plain:
            return None
        found.append(formatted(plain))
        if directive.group() == "%%":
            found.append("%")
            continue
        one = _directive(directive, values.pop(0) if values else "")
        if one is None:
            return None
        found.append(one)
    rest = template[at:]
    return None if "%" in rest else "".join(found) + formatted(rest)


def _directive(directive: re.Match[str], value: str) -> str | None:
    flags, width, precision, letter = directive.groups()
    if UNRESOLVED in value:
        return None if width or precision or letter not in "sbdiu" else UNRESOLVED
    if whole(width or "0") > _MAX_WIDTH or letter == "q":
        return None
    text = (
        _string(letter, value, precision) if letter in "sbc" else _number(letter, value, directive)
    )
    if text is None:
        return None
    if "-" in flags:
        return text.ljust(whole(width or "0"))
    padded = "0" in flags and letter not in "sbc"
    return text.zfill(whole(width or "0")) if padded else text.rjust(whole(width or "0"))


def _string(letter: str, value: str, precision: str | None) -> str:
    if letter == "c":
        return value[:1]
    text = echoed(value) if letter == "b" else value
    return text if precision is None else text[: whole(precision or "0")]


def _number(letter: str, value: str, directive: re.Match[str]) -> str | None:
    number = _parsed(value.strip())
    if number is None or set(directive.group(1)) & {*"+# "} or directive.group(3) is not None:
        return None
    if number < 0 and letter not in "di":
        return None
    return format(number, {"i": "d", "u": "d"}.get(letter, letter))


def _parsed(text: str) -> int | None:
    if text[:1] in {"'", '"'}:
        return ord(text[1]) if len(text) > 1 else None
    try:
        return int(text, 8) if re.fullmatch(r"0[0-7]+", text) else int(text or "0", 0)
    except ValueError:
        return None


def _echo(arguments: list[str]) -> str:
    newline = "\n"
    escapes: bool | None = None
    while arguments and re.fullmatch(r"-[neE]+", arguments[0]):
        for letter in arguments[0][1:]:
            newline = "" if letter == "n" else newline
            escapes = escapes if letter == "n" else letter == "e"
        arguments = arguments[1:]
    text = " ".join(arguments)
    if escapes is None and re.search(r"\\[abcefnrtvx0\\]", text):
        # Shells differ in whether these are taken for escapes.
        return UNRESOLVED
    if not escapes:
        return text + newline
    return echoed(text) + ("" if "\\c" in text else newline)


def _seq(arguments: list[str]) -> str:
    found = re.fullmatch(r"(?:(-?\d{1,9}) )??(?:(-?\d{1,9}) )?(-?\d{1,9})", " ".join(arguments))
    if found is None:
        return UNRESOLVED
    # Of two numbers the first is where it begins.
    begin, step, last = found.groups()
    begin, step = (begin, step) if begin is not None else (step, None)
    by = whole(step or "1")
    values = range(whole(begin or "1"), whole(last) + (1 if by > 0 else -1), by) if by else ()
    if not by or len(values) > _MAX_SEQUENCE:
        return UNRESOLVED
    return "".join(f"{value}\n" for value in values)


def _nothing(_: list[str]) -> str:
    return ""


def _base(arguments: list[str]) -> str:
    if len(arguments) != 1 or UNRESOLVED in arguments[0] or arguments[0][:1] == "-":
        return UNRESOLVED
    return arguments[0].rstrip("/").rpartition("/")[2] + "\n"


def _which(arguments: list[str]) -> str:
    """Where a program is; that it is there at all is what a script assumes."""
    names = [a for a in arguments if a[:1] != "-"]
    if len(names) != 1 or UNRESOLVED in names[0] or not names[0]:
        return UNRESOLVED
    return names[0] + "\n" if "/" in names[0] else f"/usr/bin/{names[0]}\n"


_SILENT = (
    *("true", "false", ":", "cd", "mkdir", "sleep", "test", "[", "wait", "umask", "touch", "chmod"),
    *("export", "set", "unset", "shift", "local", "declare", "readonly", "shopt", "read", "exit"),
)
_PRINTERS: dict[str, Callable[[list[str]], str]] = {
    **dict.fromkeys(_SILENT, _nothing),
    "basename": _base,
    "echo": _echo,
    "printf": lambda arguments: formatted_text(arguments, loose=False),
    "seq": _seq,
    "which": _which,
    # command -v, whose name has been taken off.
    "-v": lambda arguments: arguments[0] + "\n" if len(arguments) == 1 else UNRESOLVED,
}
