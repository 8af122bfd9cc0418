"""Brace expansion: ``{a,b}`` and ``{1..9}``."""

import re
from itertools import pairwise
from math import prod

from vigil.guard.shell.grammar.tree import Literal, Parameter, Part, Parts
from vigil.guard.shell.whole import whole

MAX_ALTERNATIVES = 256
"""Words that one word may become; where it is more, what it becomes is not known."""

_RANGE = re.compile(r"(-?\d{1,18}|[A-Za-z])\.\.(-?\d{1,18}|[A-Za-z])(?:\.\.(-?\d{1,18}))?")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_INNERMOST = re.compile(r"\{([^{}]*)\}")
_LETTERS = 26
_MARKS = re.compile(r"([{},])")
_MAX_DEPTH = 20
_MAX_PIECES = 1000


class _TooMany(Exception):
    pass


def alternatives(word: Parts) -> list[Parts] | None:
    """The words that one becomes, in order; None where they are too many."""
    if not any(isinstance(part, Literal) and not part.quoted and "{" in part.text for part in word):
        return [word]
    try:
        return [tuple(_joined(parts)) for parts in _expanded(_pieces(word), 0)]
    except _TooMany:
        return None


def about_how_many(word: Parts) -> int:
    """How many words one that is too many becomes, about: those of braces side by side."""
    plain = (part.text for part in word if isinstance(part, Literal) and not part.quoted)
    text = "".join(plain)
    return prod(map(_how_many, _INNERMOST.findall(text)))


def _how_many(inside: str) -> int:
    found = _RANGE.fullmatch(inside)
    if found is None:
        return inside.count(",") + 1
    first, last, step = found.groups()
    if not (first.lstrip("-").isdigit() and last.lstrip("-").isdigit()):
        return _LETTERS
    return abs(whole(last) - whole(first)) // (abs(whole(step or "1")) or 1) + 1


def _joined(parts: list[Part]) -> list[Part]:
    """Braces come first, and what they leave is read anew: ``$a{b,c}`` is ``$ab $ac``."""
    found: list[Part] = []
    for part in parts:
        before = found[-1] if found else None
        if isinstance(part, Literal) and not part.quoted:
            if "$" in part.text:
                raise _TooMany
            grown = _NAME.match(part.text)
            if (
                grown
                and isinstance(before, Parameter)
                and before.bare
                and not before.name[0].isdigit()
                and _NAME.match(before.name)
            ):
                found[-1] = before._replace(name=before.name + grown.group())
                part = Literal(part.text[grown.end() :], quoted=False)  # noqa: PLW2901 - the rest
        found.append(part)
    return found


def _pieces(word: Parts) -> list[Part]:
    """The parts, each brace and comma that has a meaning being one of its own."""
    pieces: list[Part] = []
    for part in word:
        if isinstance(part, Literal) and not part.quoted:
            texts = (text for text in _MARKS.split(part.text) if text)
            pieces += [Literal(text, quoted=False) for text in texts]
        else:
            pieces.append(part)
    if len(pieces) > _MAX_PIECES:
        raise _TooMany
    return pieces


def _expanded(pieces: list[Part], depth: int) -> list[list[Part]]:
    if depth > _MAX_DEPTH:
        raise _TooMany
    for start, piece in enumerate(pieces):
        if not _is(piece, "{"):
            continue
        end, commas = _matching(pieces, start)
        if end < 0:
            continue
        inside = _choices(pieces, start, end, commas, depth)
        if inside is None:
            continue
        behind = _expanded(pieces[end + 1 :], depth + 1)
        if len(inside) * len(behind) > MAX_ALTERNATIVES:
            raise _TooMany
        return [[*pieces[:start], *middle, *rest] for middle in inside for rest in behind]
    return [pieces]


def _choices(
    pieces: list[Part], start: int, end: int, commas: list[int], depth: int
) -> list[list[Part]] | None:
    if not commas:
        return _range(pieces[start + 1 : end])
    bounds = [start, *commas, end]
    found: list[list[Part]] = []
    for first, last in pairwise(bounds):
        found += _expanded(pieces[first + 1 : last], depth + 1)
        if len(found) > MAX_ALTERNATIVES:
            raise _TooMany
    return found


def _is(piece: Part, mark: str) -> bool:
    return isinstance(piece, Literal) and not piece.quoted and piece.text == mark


def _matching(pieces: list[Part], start: int) -> tuple[int, list[int]]:
    """Where a brace is closed, -1 if nowhere, and the commas between that are its own."""
    depth = 0
    commas: list[int] = []
    for at in range(start + 1, len(pieces)):
        if _is(pieces[at], "{"):
            depth += 1
        elif _is(pieces[at], "}"):
            if depth == 0:
                return at, commas
            depth -= 1
        elif depth == 0 and _is(pieces[at], ","):
            commas.append(at)
    return -1, []


def _range(inside: list[Part]) -> list[list[Part]] | None:
    text = "".join(p.text if isinstance(p, Literal) and not p.quoted else "\0" for p in inside)
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    first, last, step = found.groups()
    numbers = first.lstrip("-").isdigit() and last.lstrip("-").isdigit()
    if not numbers and (first.lstrip("-").isdigit() or last.lstrip("-").isdigit()):
        return None
    low, high = (whole(first), whole(last)) if numbers else (ord(first), ord(last))
    by = abs(whole(step or "1")) or 1
    if abs(high - low) // by >= MAX_ALTERNATIVES:
        raise _TooMany
    values = range(low, high + 1, by) if low <= high else range(low, high - 1, -by)
    padded = max((len(t) for t in (first, last) if re.match(r"-?0\d", t)), default=0)
    texts = [str(v).zfill(padded) if numbers else chr(v) for v in values]
    return [[Literal(text, quoted=not text.lstrip("-").isalnum())] for text in texts]
