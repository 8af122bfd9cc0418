"""Programs that turn text into text: what they surely print for what they surely read.

Only the forms that scripts use to hide text, and to take it apart, are known; for any other, and
for any option that is not named here, the answer is that nobody knows.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell.grammar.quotes import formatted
from vigil.guard.shell.whole import whole

Files = Callable[[str], str]
Filter = Callable[[list[str], str, Files], str | None]

_MAX_TEXT = 100_000
_SETS = {
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "digit": "0123456789",
    "space": " \t\n\v\f\r",
    "blank": " \t",
    "punct": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
_SETS["alpha"] = _SETS["upper"] + _SETS["lower"]
_SETS["alnum"] = _SETS["digit"] + _SETS["alpha"]


def _input(names: Iterable[str], stdin: str, files: Files) -> str | None:
    """What is read: the files, or what is fed where none is named."""
    texts = [stdin if name == "-" else files(name) for name in names] or [stdin]
    text = "".join(texts)
    return None if len(text) > _MAX_TEXT else text


def _known(names: Iterable[str], stdin: str, files: Files) -> str | None:
    text = _input(names, stdin, files)
    return None if text is None or UNRESOLVED in text else text


def _plain(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _cat(arguments: list[str], stdin: str, files: Files) -> str | None:
    if any(a[:1] == "-" and a != "-" for a in arguments):
        return None
    return _input(arguments, stdin, files)


def _tee(_: list[str], stdin: str, __: Files) -> str | None:
    return stdin


def _split(arguments: list[str], flags: Iterable[str]) -> list[str] | None:
    """The operands, if all options are among these flags."""
    options = [a for a in arguments if a[:1] == "-" and a != "-"]
    return [a for a in arguments if a not in options] if set(options) <= set(flags) else None


def _base64(arguments: list[str], stdin: str, files: Files) -> str | None:
    flags = {"-d", "-D", "--decode", "-di", "-id", "-i", "--ignore-garbage", "-w0", "--wrap=0"}
    arguments = ["-w0" if a == "-w" else a for a in arguments if a != "0"]
    names = _split(arguments, flags)
    text = None if names is None else _known(names, stdin, files)
    if text is None:
        return None
    if not set(arguments) & {"-d", "-D", "--decode", "-di", "-id"}:
        coded = base64.b64encode(text.encode("utf-8", "replace")).decode()
        return coded if {"-w0", "--wrap=0"} & set(arguments) else _wrapped(coded)
    return _decoded(base64.b64decode, re.sub(r"[^A-Za-z0-9+/]", "", text), 4)


def _wrapped(text: str) -> str:
    return "".join(f"{text[at : at + 76]}\n" for at in range(0, len(text), 76))


def _base32(arguments: list[str], stdin: str, files: Files) -> str | None:
    names = _split(arguments, {"-d", "--decode"})
    text = _known(names, stdin, files) if names is not None and arguments else None
    return None if text is None else _decoded(base64.b32decode, re.sub(r"[^A-Z2-7]", "", text), 8)


def _decoded(decode: Callable[[str], bytes], text: str, group: int) -> str | None:
    try:
        return _plain(decode(text + "=" * (-len(text) % group)))
    except (binascii.Error, ValueError):
        return None


def _xxd(arguments: list[str], stdin: str, files: Files) -> str | None:
    flags = {"-r", "-p", "-ps", "-rp", "-pr", "-plain"}
    names = _split(arguments, flags)
    joined = "".join(a[1:] for a in arguments if a in flags)
    text = None if names is None else _known(names, stdin, files)
    if text is None or "r" not in joined or "p" not in joined:
        return None
    digits = re.sub(r"[^0-9a-fA-F]", "", text)
    return _plain(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _rev(arguments: list[str], stdin: str, files: Files) -> str | None:
    text = _known(arguments, stdin, files)
    if text is None:
        return None
    return "".join(
        line[:-1][::-1] + "\n" if line[-1] == "\n" else line[::-1] for line in _lines(text)
    )


def _tac(arguments: list[str], stdin: str, files: Files) -> str | None:
    names = _split(arguments, ())
    text = None if names is None else _known(names, stdin, files)
    return None if text is None else "".join(reversed(_lines(text)))


def _lines(text: str) -> list[str]:
    return (
        text.splitlines(keepends=True) if "\r" not in text else re.findall(r"[^\n]*\n|[^\n]+", text)
    )


def _sort(arguments: list[str], stdin: str, files: Files) -> str | None:
    names = _split(arguments, ("-u", "-r"))
    text = None if names is None else _known(names, stdin, files)
    # How letters are ordered depends on the language; of one line there is only one order.
    return text if text is not None and text.count("\n") <= 1 else None


def _head(arguments: list[str], stdin: str, files: Files) -> str | None:
    return _part(arguments, stdin, files, last=False)


def _tail(arguments: list[str], stdin: str, files: Files) -> str | None:
    return _part(arguments, stdin, files, last=True)


def _part(arguments: list[str], stdin: str, files: Files, *, last: bool) -> str | None:
    found = re.match(r"(?:-(n|c) ?([+]?\d{1,6})|-(\d{1,6}))(?: |$)", " ".join(arguments))
    kind, count = (
        ((found.group(1) or "n"), found.group(2) or found.group(3)) if found else ("n", "10")
    )
    used = len(found.group().split()) if found else 0
    names = _split(arguments[used:], ())
    text = None if names is None or len(names) > 1 else _known(names, stdin, files)
    if text is None or (count[0] == "+" and not last):
        return None
    units: list[str] = _lines(text) if kind == "n" else [*text]
    if count[0] == "+":
        return "".join(units[max(whole(count) - 1, 0) :])
    if not last:
        return "".join(units[: whole(count)])
    return "".join(units[len(units) - whole(count) :] if whole(count) < len(units) else units)


def _set(text: str) -> str | None:
    """The characters of a set of ``tr``."""
    text = re.sub(r"\[:(\w+):\]", lambda found: _SETS.get(found.group(1), UNRESOLVED), text)
    if re.search(r"\[=|\[.\*", text):
        return None
    text = formatted(text)
    text = re.sub(r"(.)-(.)", lambda f: _range(f.group(1), f.group(2)), text, flags=re.DOTALL)
    return None if UNRESOLVED in text else text


def _range(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1))) if first <= last else UNRESOLVED


def _tr(arguments: list[str], stdin: str, files: Files) -> str | None:
    options = "".join(a[1:] for a in arguments if re.fullmatch(r"-[dsc]+", a))
    sets = [_set(a) for a in arguments if not re.fullmatch(r"-[dsc]+", a)]
    text = _known((), stdin, files)
    if text is None or not sets or None in sets or any(a[:2] == "--" for a in arguments):
        return None
    first, *others = [one or "" for one in sets]
    if options == "d" and not others:
        return "".join(c for c in text if c not in first)
    if options in {"dc", "cd"} and not others:
        return "".join(c for c in text if c in first)
    if options == "s" and not others:
        return re.sub(f"([{re.escape(first)}])\\1+", r"\1", text) if first else text
    if options or len(others) != 1 or not others[0]:
        return None
    other = others[0] + others[0][-1] * max(len(first) - len(others[0]), 0)
    # Where a character stands twice, the last one counts.
    return text.translate({ord(a): b for a, b in zip(first, other, strict=False)})


def _cut(arguments: list[str], stdin: str, files: Files) -> str | None:
    text = " ".join(arguments)
    names = re.fullmatch(
        r"-([cbf]) ?(\d+)(-?)(\d*)", re.sub(r"(^| )-d(\s?)(\S| $| (?= ))", "", text).strip()
    )
    known = _known((), stdin, files)
    if names is None or known is None:
        return None
    kind, first, dash, last = names.groups()
    delimiter = re.search(r"(?:^| )-d ?(\S| )", text)
    start, end = whole(first) - 1, whole(last) if last else None if dash else whole(first)
    if start < 0:
        return None
    lines = [line.rstrip("\n") for line in _lines(known)]
    if kind in "cb":
        return "".join(f"{line[start:end]}\n" for line in lines)
    mark = delimiter.group(1) if delimiter else "\t"
    return "".join(
        f"{mark.join(line.split(mark)[start:end]) if mark in line else line}\n" for line in lines
    )


_SUBSTITUTION = re.compile(
    r"s(?P<mark>[^\w\s\\])(?P<old>(?:(?!(?P=mark))[^\\\n])*)(?P=mark)(?P<new>(?:(?!(?P=mark))[^\\&\n])*)(?P=mark)(?P<flags>g?)"
)


def _sed(arguments: list[str], stdin: str, files: Files) -> str | None:
    if arguments[:1] == ["-e"]:
        arguments = arguments[1:]
    found = _SUBSTITUTION.fullmatch(arguments[0]) if len(arguments) == 1 else None
    text = _known((), stdin, files)
    if found is None or text is None or re.search(r"[.*\[\]^$]", found.group("old")):
        return None
    old, new = found.group("old"), found.group("new")
    if not old:
        return None
    count = -1 if found.group("flags") else 1
    return "".join(line.replace(old, new, count) for line in _lines(text))


def _openssl(arguments: list[str], stdin: str, files: Files) -> str | None:
    decoding = [a for a in arguments if a not in {"-a", "-A", "-base64"}]
    if decoding in (["base64", "-d"], ["enc", "-d"]) and (
        arguments[0] == "base64" or decoding != arguments
    ):
        return _base64(["-d"], stdin, files)
    return None


FILTERS: dict[str, Filter] = {
    "base32": _base32,
    "base64": _base64,
    "cat": _cat,
    "cut": _cut,
    "head": _head,
    "openssl": _openssl,
    "rev": _rev,
    "sed": _sed,
    "sort": _sort,
    "tac": _tac,
    "tail": _tail,
    "tee": _tee,
    "tr": _tr,
    "xxd": _xxd,
}
