"""What is told outside is shortened in one way only, so that nothing private is cut in two.

Half of a secret is not known for one. So a text that may be cut is marked ``Long``, what is private
in it gets its tokens, and only then is it cut: between two words, which is never inside of a token.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

WHOLE = 200
"""Characters of a text that is given whole or not at all."""
CUT = " [cut]"


class Long(NamedTuple):
    """A text of which at most so many characters are told."""

    text: str
    most: int


Content: TypeAlias = "str | float | Long | Sequence[Content] | Mapping[str, Content] | None"
"""JSON, with texts in it that may be cut."""


def cut(text: str, most: int) -> str:
    """The text, or its beginning up to a blank and a mark."""
    if len(text) <= most:
        return text
    if len(text) <= WHOLE:
        return CUT.strip()
    head, blank, _ = text[: most + 1].rpartition(" ")
    return f"{head if blank else ''}{CUT}"


def written(content: Content) -> str:
    """The content as JSON, its long texts cut; see ``decide.bounding`` for what has to be first."""
    return json.dumps(_plain(content), ensure_ascii=False, indent=1)


def _plain(content: Content) -> object:
    if isinstance(content, Long):
        return cut(*content)
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, Sequence):
        return [_plain(each) for each in content]
    return content
