"""What a page or an answer consists of, whatever its contents are."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import islice
from typing import Any

from vigil.domain.inventory import MOST_MARKS

MOST_MARK = 80
"""Characters of one mark."""
DEPTH = 4
"""Levels of a JSON document whose keys are marks: below are its contents."""
_HEADINGS = frozenset({"title", "h1"})
_NAMED = {"form": "action", "a": "href", "input": "name", "button": "name"}
"""Elements that a user acts through, by what tells them apart."""


def marks(content_type: str, text: str) -> frozenset[str]:
    """Of HTML: title and headings, ids, forms, links, fields. Of JSON: where its keys are.

    Anything else has its kind of content as its only mark.
    """
    kind = _kind(content_type)
    found: Iterator[str] = iter((f"type {kind}",))
    if is_page(content_type):
        found = iter(_of_html(text))
    elif kind.endswith("json"):
        found = _of_json(text)
    return frozenset(mark[:MOST_MARK] for mark in islice(found, MOST_MARKS))


def is_page(content_type: str) -> bool:
    """HTML, for people to read."""
    return _kind(content_type).endswith("html")


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, None] = {}
        self._heading: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._heading = tag if tag in _HEADINGS else None
        for name, value in attrs:
            if value and (name == "id" or name == _NAMED.get(tag)):
                self.found[f"{tag} {name} {value.partition('?')[0]}"] = None

    def handle_data(self, data: str) -> None:
        if self._heading and data.strip():
            self.found[f"{self._heading} {' '.join(data.split())}"] = None
            self._heading = None


def _of_html(text: str) -> list[str]:
    page = _Page()
    page.feed(text)
    return list(page.found) or ["type html"]


def _of_json(text: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        yield "type broken json"
        return
    yield from dict.fromkeys(_keys(document, "", DEPTH))


def _keys(value: Any, place: str, depth: int) -> Iterator[str]:  # noqa: ANN401 - any JSON
    yield f"{place or '/'} {type(value).__name__}"
    if depth and isinstance(value, dict):
        for key, inner in value.items():
            yield from _keys(inner, f"{place}/{key}", depth - 1)
    elif depth and isinstance(value, list) and value:
        yield from _keys(value[0], f"{place}/0", depth - 1)
