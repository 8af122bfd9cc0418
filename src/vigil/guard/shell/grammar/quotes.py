"""What stands behind a backslash in ``$'...'``, ``echo -e`` and ``printf``."""

import re

_NAMED = dict(zip("abeEfnrtv\\'\"?", "\a\b\x1b\x1b\f\n\r\t\v\\'\"?", strict=True))
_ANSI = re.compile(
    r"\\(?:x\{(?P<long>[0-9a-fA-F]*)\}?|x(?P<hex>[0-9a-fA-F]{1,2})|(?P<oct>[0-7]{1,3})"
    r"|u(?P<u>[0-9a-fA-F]{1,4})|U(?P<U>[0-9a-fA-F]{1,8})|c(?P<control>.)|(?P<one>.))",
    re.DOTALL,
)
_ECHO = re.compile(
    r"\\(?:x(?P<hex>[0-9a-fA-F]{1,2})|0(?P<oct>[0-7]{0,3})"
    r"|u(?P<u>[0-9a-fA-F]{1,4})|U(?P<U>[0-9a-fA-F]{1,8})|(?P<end>c)|(?P<one>.))",
    re.DOTALL,
)
_MAX_BYTE = 0x80
_ENDS = re.compile(r"(?:[^'\\]|\\.)*'", re.DOTALL)


def ansi_c(text: str, start: int) -> tuple[str, int]:
    """The text of ``$'...'`` from behind its first quote, and where it ends; -1 if it does not."""
    found = _ENDS.match(text, start)
    if found is None:
        return "", -1
    return _decoded(_ANSI, text[start : found.end() - 1], keep="").split("\0")[0], found.end()


def echoed(text: str) -> str:
    """Text as ``echo -e`` and ``printf %b`` print it."""
    return _decoded(_ECHO, text.split("\\c", 1)[0], keep="\"'?")


def formatted(text: str) -> str:
    """The format of ``printf`` without its directives."""
    return _decoded(_ANSI, text, keep="'")


def _decoded(escapes: re.Pattern[str], text: str, keep: str) -> str:
    if "\\" not in text:
        return text
    # Bytes above 127 are parts of characters and make sense only together.
    return _characters(escapes.sub(lambda found: _one(found, keep), text))


def _one(found: re.Match[str], keep: str) -> str:
    groups = {name: value for name, value in found.groupdict().items() if value is not None}
    if (one := groups.get("one")) is not None:
        return found.group() if one in keep else _NAMED.get(one, found.group())
    if (control := groups.get("control")) is not None:
        return chr(ord(control) & 0x1F)
    for name, base in (("long", 16), ("hex", 16), ("oct", 8)):
        if name in groups:
            value = int(groups[name] or "0", base) & 0xFF
            return chr(value) if value < _MAX_BYTE else chr(0xDC00 + value)
    return _character(int(groups.get("u") or groups.get("U") or "0", 16))


def _character(number: int) -> str:
    is_one = number < 0xD800 or 0xDFFF < number < 0x110000  # noqa: PLR2004 - as Unicode has it
    return chr(number) if is_one else "\ufffd"


def _characters(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
