"""One form of what is looked for, and how many are looked for at once.

A text is first read by one automaton for the hints of all forms, in time linear in its length; only
where a hint is, the form's own pattern is tried. Patterns begin with something definite and repeat
nothing without a bound, so that none is slow on any text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import re2

from vigil.domain.redacted import Found, Kind

_BLOCK = 2048
"""Characters that are read at once; in each block a hint was found in, its form is tried."""
_OVERLAP, _OVERLAP_LINES = 256, 128
"""So much of a block is read again with the next; less of it where it ends with a line."""
_AROUND = 96
"""Characters before and behind a hint within which a match is told that it is a later part of."""
_MEMORY = 1 << 26
"""Bytes for the states of one automaton. Hints that count (``{1,80}``) multiply them, and are asked
for by a word first."""


def _always(_: re.Match[str]) -> bool:
    return True


class Form(NamedTuple):
    """What one kind looks like. Where its pattern has a ``value``, that is what is found."""

    kind: Kind
    hint: str
    """A pattern of RE2 over bytes: where it matches nowhere, nothing of this form is."""
    pattern: re.Pattern[str]
    accepts: Callable[[re.Match[str]], bool] = _always
    words: str = ""
    """Where given: a simpler hint that is looked for first. For hints that count."""
    anchored: bool = False
    """Whether it begins where its hint does."""

    def at(self, text: str, start: int) -> Iterator[Found]:
        """The one that begins here, if one does."""
        match = self.pattern.match(text, start)
        if match and self.accepts(match):
            named = "value" in self.pattern.groupindex
            yield Found(*match.span("value" if named else 0), self.kind)

    def in_window(self, text: str, start: int, end: int) -> Iterator[Found]:
        """Each that can be told in a part of a text; it may end far behind it."""
        for match in self.pattern.finditer(text, start, end):
            yield from self.at(text, match.start())


class _Read(NamedTuple):
    """A block of a text, and where it is."""

    start: int
    end: int
    content: bytes

    def is_plain(self) -> bool:
        """Whether a place in its bytes is one in characters: each of them takes one byte."""
        return len(self.content) == self.end - self.start


class _Group(NamedTuple):
    """Forms that are worth a look where their first hint is."""

    first: str
    numbers: tuple[int, ...]
    second: re2.Set | None
    """Which of them are, where the first hint is only a word."""

    def told(self, read: list[_Read]) -> Iterator[tuple[int, list[_Read]]]:
        """The forms whose own hint is in blocks with the first one, and in which of these."""
        if self.second is None:
            yield from ((number, read) for number in self.numbers)
            return
        for place, some in _by_pattern(self.second, read).items():
            yield self.numbers[place], some


class Forms:
    """Looks for many forms at once."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = tuple(forms)
        self._hints = [re2.compile(form.hint.encode(), _options()) for form in self._forms]
        self._groups = _groups(self._forms)
        self._first = _set_of([group.first for group in self._groups])

    def __call__(self, text: str) -> Iterator[Found]:
        """All of them, in no order; what is found in two ways comes twice.

        Automaton by automaton, each over all blocks that concern it: the states of them all are
        more than a processor keeps at hand, those of one are not.
        """
        for place, read in _by_pattern(self._first, [*_read(text)]).items():
            for number, some in self._groups[place].told(read):
                yield from self._of(number, text, some)

    def _of(self, number: int, text: str, read: Iterable[_Read]) -> Iterator[Found]:
        """Those of one form in blocks that have its hint."""
        form, hints = self._forms[number], self._hints[number]
        windows: list[tuple[int, int]] = []
        covered = 0
        for block in read:
            start, end, content = block
            if not block.is_plain():
                _join(windows, (max(start - _AROUND, 0), end + _AROUND))
                continue
            for hint in hints.finditer(content):
                first, last = start + hint.start(), start + hint.end()
                if first < covered:
                    continue
                here = [*form.at(text, first)]
                yield from here
                begin = first if form.anchored else max(first - _AROUND, 0)
                if here:
                    covered = here[-1].end
                    begin = covered if form.anchored else begin
                # A hint may reach over the beginning of another one.
                if begin < last:
                    _join(windows, (begin, last + _AROUND))
        for begin, end in windows:
            yield from form.in_window(text, begin, end)


def _read(text: str) -> Iterator[_Read]:
    """The blocks of a text, in bytes."""
    whole = text.encode() if text.isascii() else b""
    for start, end in blocks(text):
        content = whole[start:end] if whole else text[start:end].encode(errors="replace")
        yield _Read(start, end, content)


def _by_pattern(patterns: re2.Set, read: Iterable[_Read]) -> dict[int, list[_Read]]:
    """The blocks in which each of these patterns matches somewhere, in order."""
    found: dict[int, list[_Read]] = {}
    for block in read:
        for place in patterns.Match(block.content) or ():
            found.setdefault(place, []).append(block)
    return found


def _groups(forms: Sequence[Form]) -> list[_Group]:
    """Forms with the same word together, and each without one by itself."""
    by_word: dict[str, list[int]] = {}
    for number, form in enumerate(forms):
        if form.words:
            by_word.setdefault(form.words, []).append(number)
    worded = [
        _Group(word, tuple(numbers), _set_of([forms[number].hint for number in numbers]))
        for word, numbers in by_word.items()
    ]
    plain = [
        _Group(form.hint, (number,), None) for number, form in enumerate(forms) if not form.words
    ]
    return [*worded, *plain]


def _set_of(patterns: Sequence[str]) -> re2.Set:
    """An automaton that says which of these match somewhere."""
    hints = re2.Set.SearchSet(_options())
    for pattern in patterns:
        if hints.Add(pattern.encode()) < 0:
            raise ValueError(f"RE2 cannot read the hint {pattern!r}")
    hints.Compile()
    return hints


def _options() -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MEMORY
    return options


def blocks(text: str, size: int = _BLOCK) -> Iterator[tuple[int, int]]:
    """The text in blocks that end with a line where they can, and overlap."""
    at = 0
    while at < len(text):
        most = at + size
        if most >= len(text):
            yield at, len(text)
            return
        line = text.rfind("\n", at + _OVERLAP, most) + 1
        yield at, line or most
        at = line - _OVERLAP_LINES if line else most - _OVERLAP


def _join(windows: list[tuple[int, int]], new: tuple[int, int]) -> None:
    """Add one that begins no earlier than the last; those that overlap become one."""
    if windows and new[0] <= windows[-1][1]:
        windows[-1] = (windows[-1][0], max(windows[-1][1], new[1]))
    else:
        windows.append(new)


def any_of(words: Iterable[str]) -> str:
    """A hint: one of these words, as they are written."""
    return "|".join(re2.escape(word) for word in words)
