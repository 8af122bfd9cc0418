"""The forms in which tools print a credential, so that each can be looked for."""

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from pydantic import JsonValue

LEAST_CHARS = 8
"""What is shorter stands in every second line of an output, and could not be kept out of it."""
MOST_WORDS = 128
"""Of one credential: each is looked for in each line that a script prints."""
_BETWEEN = re.compile(r"""[:\s"'=,;@]+""")
"""What stands between the fields of password files, variables and addresses."""
_FRAME = "-----"
"""Around a key, and around everybody else's."""
_WRAPPED = 76
"""How long lines of base64 are, as the tool of that name writes them."""
_PERCENT = re.compile("%[0-9A-F]{2}")
_URL_SAFE = str.maketrans("+/", "-_")


def words_of(content: bytes, least: int = LEAST_CHARS) -> frozenset[str]:
    """What is secret by itself: each line, each field of it, and each value where it is JSON."""
    text = _text(content)
    found = set(text.split("\n"))
    for value in _values(text):
        found.update(value.split("\n"), _BETWEEN.split(value))
    long = (word.strip() for word in found if len(word.strip()) >= least)
    return frozenset(word for word in long if not word.startswith(_FRAME))


def forms_of(content: bytes, least: int = LEAST_CHARS) -> frozenset[str]:
    """Its words and its whole, as they are, in JSON and in URLs; the whole encoded."""
    spelt = (form for word in {*words_of(content, least), _text(content)} for form in _spelt(word))
    found = (form.strip() for form in (*spelt, *_encoded(content)))
    return frozenset(form for form in found if len(form) >= least)


def _text(content: bytes) -> str:
    return content.strip().decode(errors="replace")


def _values(text: str) -> Iterator[str]:
    """Names in JSON are no secret, and without them less of an output has to be hidden."""
    try:
        read: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        read = text
    left = [read]
    while left:
        match left.pop():
            case dict() as names:
                left += names.values()
            case list() as items:
                left += items
            case value:
                yield str(value)


def _spelt(word: str) -> Iterator[str]:
    yield word
    for ascii_only in (True, False):
        yield json.dumps(word, ensure_ascii=ascii_only)[1:-1]
    for in_url in (quote(word, safe=""), quote_plus(word)):
        yield in_url
        yield _PERCENT.sub(lambda found: found[0].lower(), in_url)


def _encoded(content: bytes) -> Iterator[str]:
    """In hexadecimal; in base64, wherever in a longer text it begins; in the lines of a tool."""
    whole = content.strip()
    yield whole.hex()
    yield whole.hex().upper()
    for skipped in range(3):
        encoded = base64.b64encode(bytes(skipped) + whole).decode().rstrip("=")
        # The first and the last character may hold bits of what stands beside it.
        own = encoded[(0, 2, 3)[skipped] : -1]
        yield own
        yield own.translate(_URL_SAFE)
    wrapped = base64.b64encode(content).decode()
    for at in range(0, len(wrapped), _WRAPPED):
        yield wrapped[at : at + _WRAPPED]
