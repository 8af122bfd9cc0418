"""How much a command asks for, by the numbers in its words: ``head -c 100G``, ``seq 1 1e12``."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from vigil.guard.program import Command

MUCH = 100_000_000
"""Bytes, characters or numbers that no remedy prints."""
_AMOUNT = re.compile(r"(\d{1,30}(?:\.\d{1,9})?(?:[eE]\+?\d{1,3})?)([kKMGTPEZY]?)i?[bB]?")
_UNITS = {unit: 1000.0**power for power, unit in enumerate(["", *"KMGTPEZY"])}
_BYTES = re.compile(r"-c|--bytes")
_BYTES_ATTACHED = re.compile(r"(?:-c|--bytes=)(.+)")
_POWER = re.compile(r"\^\s*(?:\d{7,}|\d+\s*\^)|\d \d*\^ *\d*\^")
_WIDTH = re.compile(r"%[-+ #0']*(?:\d{8,}|\d*\.\d{8,})")
_NO_END = re.compile(r"(?i)[-+]?(?:inf(?:inity)?|0x.*)")
"""Numbers without an end for ``seq``, and those in which a size cannot be seen at a glance."""


def amount(text: str) -> float:
    """The number that ``10``, ``1e9`` or ``100G`` says; 0 where it is none."""
    found = _AMOUNT.fullmatch(text)
    return float(found[1]) * _UNITS[found[2].upper()] if found else 0


def prints_much(name: str, command: Command) -> bool:
    """Whether the command of this name prints more than anybody needs."""
    asks = _ASKS.get(name)
    words = [word.text for word in command.words[1:]]
    if name in _COMPUTES and command.stdin is not None:
        words.append(command.stdin.text)
    return asks is not None and asks(words)


def _copies_much(words: Sequence[str]) -> bool:
    behind = [b for a, b in pairwise(words) if _BYTES.fullmatch(a)]
    attached = [found[1] for text in words if (found := _BYTES_ATTACHED.fullmatch(text))]
    return any(amount(text) >= MUCH for text in (*behind, *attached))


def _counts_far(words: Sequence[str]) -> bool:
    if any(_NO_END.fullmatch(text) for text in words):
        return True
    match [_signed(text) for text in words if _AMOUNT.fullmatch(text.lstrip("-"))]:
        case [first, step, *_, last]:
            return abs(last - first) / max(abs(step), 1e-9) >= MUCH
        case [first, last]:
            return abs(last - first) >= MUCH
        case [last]:
            return abs(last - 1) >= MUCH
        case _:
            return False


def _signed(text: str) -> float:
    value = amount(text.lstrip("-"))
    return -value if text[:1] == "-" else value


def _pads_far(words: Sequence[str]) -> bool:
    by_argument = "%*" in "".join(words[:1]) and any(amount(text) >= MUCH for text in words[1:])
    return by_argument or any(_WIDTH.search(text) for text in words)


def _raises_far(words: Sequence[str]) -> bool:
    return any(_POWER.search(text) for text in words)


_COMPUTES = frozenset({"bc", "dc"})
_ASKS: Mapping[str, Callable[[Sequence[str]], bool]] = {
    "bc": _raises_far,
    "dc": _raises_far,
    "ghead": _copies_much,
    "gseq": _counts_far,
    "head": _copies_much,
    "printf": _pads_far,
    "seq": _counts_far,
}
