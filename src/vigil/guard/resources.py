"""What a rule says is touched, filled in with the words of a command."""

import re
from collections.abc import Iterable

from vigil.guard.arguments import Arguments
from vigil.guard.findings import named
from vigil.guard.program import UNRESOLVED, Word

_FIELD = re.compile(
    r"\{(operand[1-9]?|operand:[^{}]+|operands|last|verb[1-6]?|group|option:[^{}]+)\}"
)
_USER = re.compile(r"//[^/@\s]*@")
_PLACED = re.compile(r"(operand|verb)([1-9])")


def resource_of(template: str, arguments: Arguments, operand: Word) -> str:
    """A template filled in. Parts that are empty are left out; when all are, it is everything."""
    kind, colon, what = template.partition(":")
    if not colon:
        return template

    def filled(part: str) -> str:
        return _FIELD.sub(lambda field: _field(field[1], arguments, operand), part)

    parts = [(part, filled(part)) for part in what.split("/")]
    text = "/".join(text for part, text in parts if text or part == text)
    return named(without_passwords(f"{kind}:{text or '*'}"))


def without_passwords(address: str) -> str:
    """An address without what stands in front of ``@``: a finding is shown and recorded."""
    return _USER.sub("//", address) if "@" in address else address


def _field(name: str, arguments: Arguments, operand: Word) -> str:
    placed = _PLACED.fullmatch(name)
    if placed is not None:
        words = arguments.rest if placed[1] == "operand" else arguments.verb
        place = int(placed[2])
        return words[place - 1].text if place <= len(words) else ""
    if name.startswith("option:"):
        names = name.removeprefix("option:").split("|")
        each = ([given.value for given in arguments.given(name)] for name in names)
        values = next((found for found in each if any(found)), [])
        return _only(value.text for value in values if value is not None)
    if name.startswith("operand:"):
        prefix = name.removeprefix("operand:")
        fitting = (word.text for word in arguments.rest if word.text.startswith(prefix))
        return _only(text.removeprefix(prefix) for text in fitting)
    if name == "operand":
        return operand.text
    if name == "group":
        return "/".join(word.text for word in arguments.verb[:-1])
    named = {"operands": arguments.rest, "last": arguments.rest[-1:], "verb": arguments.verb}
    return " ".join(word.text for word in named[name])


def _only(texts: Iterable[str]) -> str:
    """What is given; of several that differ, only a run could tell which one counts."""
    found = list(dict.fromkeys(texts))
    return UNRESOLVED if len(found) > 1 else "".join(found)
