"""What a rule says is touched, filled in with the words of a command."""

import re

from vigil.guard.arguments import Arguments
from vigil.guard.program import UNRESOLVED, Word

MAX_RESOURCE = 200
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
    return without_passwords(f"{kind}:{text or '*'}".replace(UNRESOLVED, "?"))[:MAX_RESOURCE]


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
        given = (option.value for name in names for option in arguments.given(name))
        return next((value.text for value in given if value is not None), "")
    if name.startswith("operand:"):
        prefix = name.removeprefix("operand:")
        fitting = (word.text for word in arguments.rest if word.text.startswith(prefix))
        return next((text.removeprefix(prefix) for text in fitting), "")
    if name == "operand":
        return operand.text
    if name == "group":
        return "/".join(word.text for word in arguments.verb[:-1])
    named = {"operands": arguments.rest, "last": arguments.rest[-1:], "verb": arguments.verb}
    return " ".join(word.text for word in named[name])
