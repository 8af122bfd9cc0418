"""Make what was found short enough to be read, and say where something was left out."""

import json

from pydantic import JsonValue

MOST_CHARACTERS = 12_000
"""Of one answer: some three thousand tokens."""
MOST_TEXT = 6000
"""Of one sentence or document in it; with many of them less."""
MOST_ITEMS = 40
CUT = " [cut]"
LEFT_OUT = "left_out"


def bounded(content: JsonValue, most: int = MOST_CHARACTERS) -> tuple[str, bool]:
    """The content as JSON of at most ``most`` characters, and whether anything was left out.

    Lists lose their ends and say how many went; texts are cut between two words, so that half of a
    secret, which would not be known for one, is left out whole.
    """
    text, items = MOST_TEXT, MOST_ITEMS
    whole = _written(content)
    while True:
        written = _written(_shortened(content, text, items))
        if len(written) <= most or text == 0:
            return written[:most], written != whole
        text, items = text // 2, items // 2


def _written(content: JsonValue) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)


def _shortened(content: JsonValue, text: int, items: int) -> JsonValue:
    if isinstance(content, str):
        return _cut(content, text)
    if isinstance(content, list):
        kept = [_shortened(each, text, items) for each in content[:items]]
        left_out = len(content) - len(kept)
        return [*kept, {LEFT_OUT: left_out}] if left_out else kept
    if isinstance(content, dict):
        return {key: _shortened(value, text, items) for key, value in content.items()}
    return content


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    head, blank, _ = text[: most + 1].rpartition(" ")
    return f"{head if blank else ''}{CUT}"
