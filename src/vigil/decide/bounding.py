"""Make what was found short enough to be read, and say where something was left out."""

import json
from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from vigil.domain.tokens import TOKEN

MOST_CHARACTERS = 12_000
"""Of one answer: some three thousand tokens."""
MOST_TEXT = 6000
"""Of one sentence or document in it; with many of them less."""
MOST_ITEMS = 40
WHOLE = 200
"""Characters of a text that is given whole or not at all."""
CUT = " [cut]"
LEFT_OUT = "left_out"


def bounded(content: JsonValue, most: int = MOST_CHARACTERS) -> tuple[str, bool]:
    """The content as JSON of at most ``most`` characters, and whether anything was left out.

    Lists lose their ends and say how many went; texts are cut between two words, and short ones
    left out whole. Half of a secret is not known for one: see ``without_secrets``.
    """
    text, items = MOST_TEXT, MOST_ITEMS
    whole = _written(content)
    while True:
        written = _written(_shortened(content, text, items))
        if len(written) <= most or text == 0:
            return written[:most], written != whole
        text, items = text // 2, items // 2


async def without_secrets(
    content: JsonValue, redacted: Callable[[str], Awaitable[str]]
) -> JsonValue:
    """The content with tokens in all of its texts that may be cut; no token is cut in two.

    Also in those with something like a token in them, which would be taken for one later.
    """
    if isinstance(content, str):
        risky = len(content) > WHOLE or TOKEN.search(content)
        return await redacted(content) if risky else content
    if isinstance(content, list):
        kept = [await without_secrets(each, redacted) for each in content[:MOST_ITEMS]]
        return [*kept, *content[MOST_ITEMS:]]
    if isinstance(content, dict):
        return {
            await redacted(key) if TOKEN.search(key) else key: await without_secrets(
                value, redacted
            )
            for key, value in content.items()
        }
    return content


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
    if len(text) <= WHOLE:
        return CUT.strip()
    head, blank, _ = text[: most + 1].rpartition(" ")
    return f"{head if blank else ''}{CUT}"
