"""Texts of which a part is known: ``"rm -rf " + where`` begins with ``rm -rf``."""

import re
from collections.abc import Iterable
from itertools import product
from math import prod

from vigil.guard.program import UNRESOLVED
from vigil.guard.python.values import (
    DATA,
    FEW,
    LONGEST,
    Box,
    Constant,
    Data,
    Values,
    constant,
    joined,
    one,
    taints_of,
    texts_of,
)

_GAPS = re.compile(f"{UNRESOLVED}+")
_SIMPLE_FORMAT = re.compile(r"(?:[^{}]|\{\d?\})*")
_SIMPLE_PERCENT = re.compile(r"(?:[^%]|%[sd%])*")


def concatenated(parts: Iterable[Values]) -> Values:
    """Texts one after the other, what is not known left open."""
    parts = tuple(parts)
    return _texts(("".join(chosen) for chosen in _ways(parts)), parts)


def method(receiver: Constant | Box, name: str, arguments: tuple[Values, ...]) -> Values | None:
    """``separator.join(...)`` and ``template.format(...)`` with gaps; None for anything else."""
    if not isinstance(receiver, Constant) or not isinstance(receiver.value, str):
        return None
    if name == "join" and len(arguments) == len(arguments[0]) == 1:
        (box,) = arguments[0]
        known = isinstance(box, Box) and not box.open and box.kind != "dict"
        return _separated(receiver.value, box.items) if known and isinstance(box, Box) else None
    if name == "format" and _SIMPLE_FORMAT.fullmatch(receiver.value):
        template = receiver.value
        try:
            return _texts([template.format(*chosen) for chosen in _ways(arguments)], arguments)
        except (ValueError, LookupError):
            return None
    return None


def formatted(template: Values, values: Values) -> Values:
    """``template % values``."""
    (atom,) = template if len(template) == 1 else (None,)
    text = atom.value if isinstance(atom, Constant) else None
    if not isinstance(text, str) or not _SIMPLE_PERCENT.fullmatch(text):
        return one(Data(taints=taints_of(values)))
    tuples = [a for a in values if isinstance(a, Box) and a.kind == "tuple" and not a.open]
    items = tuple(tuples[0].items) if len(tuples) == 1 == len(values) else (values,)
    template_of_texts = text.replace("%d", "%s")
    try:
        return _texts([template_of_texts % chosen for chosen in _ways(items)], items)
    except (ValueError, TypeError):
        return DATA


def _separated(separator: str, items: list[Values]) -> Values:
    parts: list[Values] = []
    for item in items:
        parts += [constant(separator), item]
    return concatenated(parts[1:]) if parts else constant("")


def _ways(parts: tuple[Values, ...]) -> Iterable[tuple[str, ...]]:
    """Every text for every part; where that is too much to follow, none that is not sure."""
    choices = tuple(texts_of(part) for part in parts)
    if prod(map(len, choices)) > FEW:
        choices = tuple(c if len(c) == 1 else (UNRESOLVED,) for c in choices)
    return product(*choices)


def _texts(texts: Iterable[str], parts: tuple[Values, ...]) -> Values:
    taints = frozenset(taint for part in parts for taint in taints_of(part))
    found: list[Values] = []
    for text in texts:
        short = _GAPS.sub(UNRESOLVED, text) if len(text) <= LONGEST else UNRESOLVED
        exact = UNRESOLVED not in short and not taints
        found.append(constant(short) if exact else one(Data(short, taints)))
    return joined(found)
