"""Text as it would read without its disguise: escapes undone, the invisible gone, letters in Latin.

Each part of a text that has a disguise is read once more without it, layer by layer, and what is
found there is said of the place in the original.
"""

import html
import re
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import re2

from vigil.domain.redacted import Found
from vigil.integrations.redaction.finding.lexicon import as_it_is

_AROUND = 512
"""Characters before and behind a disguise that are read with it."""
_MOST_LAYERS = 4
"""JSON in JSON in an address is three."""

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_DIGITS = (
    "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in as_it_is("letters", "zeros"))
    # Beyond the first plane whole blocks: Python looks at each of their ranges for each character.
    + "\U000104a0-\U00011da9\U00016a60-\U00016b59\U0001e140-\U0001e959\U0001fbf0-\U0001fbf9"
)
_ACCENTED = (
    "\u01cd-\u01dc\u01de-\u01e3\u01e6-\u01f0\u01f4\u01f5\u01f8-\u0217\u021e\u021f\u0226-\u0233"
    "\u1e00-\u1e9b\u1ea0-\u1ef9"
)
"""Letters of Latin with an accent, but for those of which most texts of Europe are full."""
_COMMON, _RARE = as_it_is("letters", "dressed"), as_it_is("letters", "rarely_dressed")
_PLAIN = as_it_is("letters", "plain") + as_it_is("letters", "rarely_plain")
_LOOKS_LIKE = dict(zip(_COMMON + _RARE, _PLAIN, strict=True))
"""What people are fooled by, of the letters and signs that Unicode calls confusable."""
_DRESSED = re.compile(
    rf"[{_INVISIBLE}{re.escape(_COMMON)}\u0300-\u036f"
    r"\uff01-\uff5e\u2460-\u24ff\u2070-\u209f\u00b2\u00b3\u00b9"
    r"\u2100-\u214f\U0001d400-\U0001d7ff\u3002\u00a0\u2000-\u200a\u202f\u205f]"
)
_FOREIGN = re.compile(
    rf"[{re.escape(_RARE)}{_DIGITS}{_ACCENTED}\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a]"
)
"""A layer of its own: what is found once the commoner disguise is off stays found."""
_ESCAPED = re.compile(
    # What each of them begins with, asked for once: five times as fast as to try one by one.
    r"(?=[%\\&\x1b\x00\x08\x7f=\"'\[(]|[ ][\[(])(?:"
    r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*"
    r"|\\(?:\\*(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}"
    r"|[0-3][0-7]{2}|[nrt](?![a-z])|\r?\n|[\"'/])|\\+)"
    r"|&(?:#\d{1,6}|#x[0-9A-Fa-f]{1,5}|quot|amp|lt|gt|apos|commat|colon|equals|period|lowbar);"
    r"|\x1b(?:\[[0-9;?]{0,20}[@-~])?|[\x00\x08\x7f]"
    r"|(?<=[\w+/.-]{16})=\r?\n(?=\w)|(?P<mark>[\"'])[ ]?\+\s{0,20}(?P=mark)"
    r"|[ ]?(?:\[(?:[.@]|dot|at|DOT|AT)\]|\((?:dot|at|DOT|AT)\))[ ]?)"
)
_MARKS = "%\\&"
"""What most of them begin with."""
_OTHERS = (
    r"""[\x00\x08\x1b\x7f]|[\w+/.-]{16}=\r?\n\w|"[ ]?\+\s*"|'[ ]?\+\s*'"""
    r"|[\[(](?:[.@]|dot|at|DOT|AT)[\])]"
)
"""The beginnings of the others, which few texts have."""
_OTHER = re.compile(_OTHERS)
_SELDOM = re2.compile(_OTHERS.encode())
_SIGNS = {"n": "\n", "r": "\n", "t": "\t"}
_SPELLED = {".": ".", "@": "@", "dot": ".", "at": "@"}


class Layer(NamedTuple):
    """A text without one layer of its disguise, and where its pieces were."""

    text: str
    here: list[int]
    """Where in this text each piece begins, in order."""
    there: list[int]
    """Where it began in the text that was undone."""

    def back(self, found: Found) -> Found:
        """By its place in the text that was undone."""
        return Found(self._place(found.start, 0), self._place(found.end, 1), found.kind)

    def _place(self, at: int, end: int) -> int:
        # An end belongs to the piece that its last character is in; a piece that was made of more
        # characters than it has now counts whole.
        number = bisect_right(self.here, at - end) - 1
        inside = at - self.here[number]
        if number % 2:
            return self.there[number + end]
        return self.there[number] + inside


def undone(pattern: re.Pattern[str], plain: Callable[[str], str], text: str) -> Layer:
    """Every match replaced; pieces at even places are as they were, those at odd ones are new."""
    pieces: list[str] = []
    here, there, length, at = [0], [0], 0, 0
    for match in pattern.finditer(text):
        new = plain(match[0])
        pieces += (text[at : match.start()], new)
        length += match.start() - at
        here += (length, length + len(new))
        length += len(new)
        there += (match.start(), match.end())
        at = match.end()
    pieces.append(text[at:])
    return Layer("".join(pieces), here, there)


def _letters(dressed: str) -> str:
    as_seen = _LOOKS_LIKE.get(dressed)
    if as_seen is not None:
        return as_seen
    if unicodedata.category(dressed) in {"Cf", "Mn", "Cn", "Lo"}:
        return ""
    # Compatibility leaves both as they are: digits of other scripts, and accents.
    digit = unicodedata.decimal(dressed, None)
    if digit is not None:
        return str(digit)
    bare = unicodedata.normalize("NFD", dressed)[0]
    if bare.isascii():
        return bare
    return unicodedata.normalize("NFKC", dressed).replace("\u3002", ".")


def _signs(escaped: str) -> str:
    if escaped[0] == "%":
        return bytes.fromhex(escaped.replace("%", "")).decode(errors="replace")
    if escaped[0] == "&":
        return html.unescape(escaped)
    if escaped[0] != "\\":
        return _SPELLED.get(escaped.strip(" ()[]").lower(), "")
    bare = escaped.lstrip("\\")
    if bare[:1] in {"u", "U", "x"} and len(bare) > 1:
        return _character(int(bare[1:].strip("{}"), 16))
    if bare[:1].isdecimal():
        return chr(int(bare, 8))
    return _SIGNS.get(bare, bare.strip("\r\n"))


def _character(number: int) -> str:
    return chr(number) if number <= sys.maxunicode else ""


_LAYERS = ((_ESCAPED, _signs), (_DRESSED, _letters), (_FOREIGN, _letters))


def beneath(text: str, find: Callable[[str], Iterator[Found]]) -> Iterator[Found]:
    """What is found in the parts of a text that have a disguise, once it is off."""
    for start, end in _disguised(text):
        for one in _deeper(text[start:end], find, _MOST_LAYERS):
            yield Found(start + one.start, start + one.end, one.kind)


def _deeper(text: str, find: Callable[[str], Iterator[Found]], layers: int) -> Iterator[Found]:
    for pattern, plain in _LAYERS:
        if not pattern.search(text):
            continue
        layer = undone(pattern, plain, text)
        yield from map(layer.back, find(layer.text))
        if layers > 1 and layer.text != text:
            yield from map(layer.back, _deeper(layer.text, find, layers - 1))


def _disguised(text: str) -> Iterator[tuple[int, int]]:
    """The parts with a disguise, and what is around them."""
    yield from _around(_escapes(text), len(text))
    if not text.isascii():
        for pattern in (_DRESSED, _FOREIGN):
            yield from _around((match.span() for match in pattern.finditer(text)), len(text))


def _escapes(text: str) -> list[tuple[int, int]]:
    # Most texts have few of these marks, or none: to look for them is ten times as fast as to look
    # for the pattern.
    found: list[tuple[int, int]] = []
    for mark in _MARKS:
        at = text.find(mark)
        while at >= 0:
            match = _ESCAPED.match(text, at)
            if match:
                found.append(match.span())
            at = text.find(mark, match.end() if match else at + 1)
    if _SELDOM.search(text.encode(errors="replace")):
        found += (match.span() for match in _OTHER.finditer(text))
    return sorted(found)


def _around(places: Iterable[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """With what is beside them; those that are near each other together."""
    begin = end = -1
    for first, last in places:
        if begin < 0 or first - _AROUND > end:
            if begin >= 0:
                yield begin, end
            begin = max(first - _AROUND, 0)
        end = min(last + _AROUND, length)
    if begin >= 0:
        yield begin, end
