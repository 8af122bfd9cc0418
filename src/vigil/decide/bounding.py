"""Make what was found short enough to be read, and say where something was left out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from sys import maxsize

from vigil.domain.shortened import WHOLE, Content, Long, cut, written
from vigil.domain.tokens import TOKEN

MOST_CHARACTERS = 12_000
"""Of one answer: some three thousand tokens."""
MOST_TEXT = 6000
"""Of one sentence or document in it; with many of them less."""
MOST_ITEMS = 40
LEFT_OUT = "left_out"

Redact = Callable[[str], Awaitable[str]]


def bounded(content: Content, most: int = MOST_CHARACTERS) -> tuple[str, bool]:
    """The content as JSON of at most ``most`` characters, and whether anything was left out.

    Lists lose their ends and say how many went; texts are cut between two words, and short ones
    left out whole. Half of a secret is not known for one: see ``without_secrets``.
    """
    text, items = MOST_TEXT, MOST_ITEMS
    whole = written(content)
    while True:
        short = written(_shortened(content, text, items))
        if len(short) <= most or text == 0:
            return short[:most], short != whole
        text, items = text // 2, items // 2


async def fitted(content: Content, redacted: Redact) -> str:
    """The content as JSON, whole but for its long texts: tokens first, then they are cut."""
    return written(await without_secrets(content, redacted, uncut=maxsize, items=maxsize))


async def without_secrets(
    content: Content, redacted: Redact, *, uncut: int = WHOLE, items: int = MOST_ITEMS
) -> Content:
    """The content with tokens in all of its texts that may be cut; no token is cut in two.

    Also in those with something like a token in them, which would be taken for one later. A text
    up to ``uncut`` characters is not cut, and what is behind ``items`` of a list is left out.
    """
    if isinstance(content, Long):
        text, most = content
        return Long(await _tokened(text, redacted, most), most)
    if isinstance(content, str):
        return await _tokened(content, redacted, uncut)
    if isinstance(content, Mapping):
        return {
            await _tokened(key, redacted, maxsize): await without_secrets(
                value, redacted, uncut=uncut, items=items
            )
            for key, value in content.items()
        }
    if isinstance(content, Sequence):
        kept = [
            await without_secrets(each, redacted, uncut=uncut, items=items)
            for each in content[:items]
        ]
        return [*kept, *content[items:]]
    return content


async def _tokened(text: str, redacted: Redact, uncut: int) -> str:
    """One text: it is not looked through where nothing can be cut."""
    return await redacted(text) if len(text) > uncut or TOKEN.search(text) else text


def _shortened(content: Content, text: int, items: int) -> Content:
    if isinstance(content, Long):
        return cut(content.text, min(content.most, text))
    if isinstance(content, str):
        return cut(content, text)
    if isinstance(content, Mapping):
        return {key: _shortened(value, text, items) for key, value in content.items()}
    if isinstance(content, Sequence):
        kept = [_shortened(each, text, items) for each in content[:items]]
        left_out = len(content) - len(kept)
        return [*kept, {LEFT_OUT: left_out}] if left_out else kept
    return content
