"""The texts that a rule file is made of: names, options, verbs, expressions, resources."""

import re
from collections.abc import Mapping
from fnmatch import translate
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

MOST_WORDS = 6
"""Of a verb."""
FEW = 200
"""Items of one list in a rule file; a longer list is a mistake."""

_SPLIT = re.compile(r"\[!?[^\]]+\]|.")
_PIECES = {"*": "[^\n]*", "?": "[^\n]"}
_FIELD = re.compile(r"\{([^{}]*)\}")
_FIELDS = re.compile(
    r"operand[1-9]?|operand:[\w-]+=|operands|last|verb[1-6]?|group|option:-[\w.-]+(?:\|-[\w.-]+)*"
)


def _listed(given: object) -> object:
    return [given] if isinstance(given, str) else given


def _is_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


def _names_its_fields(text: str) -> str:
    for field in _FIELD.findall(text):
        if _FIELDS.fullmatch(field) is None:
            raise ValueError(
                f"{{{field}}} is not known; known are {{operand}} (one finding each), "
                "{operand1} to {operand9}, {operand:of=} (what stands behind of=), {operands}, "
                "{last}, {verb}, {verb1} to {verb6}, {group} (the verb without its last word) and "
                "{option:-n|--namespace}"
            )
    return text


def _has_a_sound_value(text: str) -> str:
    _, _, value = text.partition("=")
    _is_expression(value)
    return text


Verb = tuple[str | re.Pattern[str], ...]
"""Each of its words, as it is or as a pattern."""


def compiled(verbs: tuple[str, ...]) -> tuple[Verb, ...]:
    return tuple(tuple(map(_word, verb.split())) for verb in verbs)


def _word(text: str) -> str | re.Pattern[str]:
    return re.compile(translate(text)) if set(text) & set("*?[") else text


def together(verbs: tuple[str, ...]) -> Mapping[int, re.Pattern[str]]:
    """Verbs by their number of words, most first: one expression over words on lines of their own.

    A tool has hundreds of verbs, and one expression is tried many times faster than as many.
    """
    by_length: dict[int, list[str]] = {}
    for words in map(str.split, verbs):
        by_length.setdefault(len(words), []).append("\n".join(map(_on_one_line, words)))
    return {n: re.compile("|".join(by_length[n])) for n in sorted(by_length, reverse=True)}


def _on_one_line(word: str) -> str:
    """A pattern as of a shell as an expression that no end of a line matches."""
    return "".join(_PIECES.get(piece) or _piece(piece) for piece in _SPLIT.findall(word))


def _piece(text: str) -> str:
    if len(text) == 1:
        return re.escape(text)
    return rf"[^\n{text[2:-1]}]" if text[1] == "!" else text


Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(max_length=FEW)]
"""One or several; a single one may be written without brackets."""
Expression = Annotated[Text, AfterValidator(_is_expression)]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:!\[][\w.+:\[\]-]{0,63}$")]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
OptionName = Annotated[str, StringConstraints(pattern=r"^[-+/][^\s=]{0,63}$")]
OptionNames = Annotated[tuple[OptionName, ...], BeforeValidator(_listed)]
OptionTest = Annotated[
    str,
    StringConstraints(pattern=r"^[-+/][^\s=]{0,63}(=.{1,1000})?$"),
    AfterValidator(_has_a_sound_value),
]
OptionTests = Annotated[tuple[OptionTest, ...], BeforeValidator(_listed), Field(max_length=FEW)]
Test = tuple[str, re.Pattern[str] | None]
"""The name of an option, and what its value has to match."""


def test_of(text: str) -> Test:
    """A written test, compiled."""
    name, equals, value = text.partition("=")
    return name, re.compile(value, re.DOTALL) if equals else None


Resource = Annotated[Text, AfterValidator(_names_its_fields)]
