"""Where something stands in a JSON document: the singular queries of RFC 9535.

``$.items[0].price`` or ``$['next page']``: names and indexes, which lead to one place at most. What
could lead to several (``*``, ``..``, filters, slices) is no path here, as nobody could say what it
would mean to be equal to them.
"""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MOST_PATH = 300
"""Characters of a path."""

_STEP = re.compile(
    r"\.(?P<name>[^\W\d]\w*)"
    r"|\[(?:'(?P<single>[^'\\\x00-\x1f]*)'|\"(?P<double>[^\"\\\x00-\x1f]*)\")\]"
    r"|\[(?P<index>0|-?[1-9][0-9]{0,8})\]"
)


def _checked(path: str) -> str:
    if len(path) > MOST_PATH or re.fullmatch(rf"\$(?:{_STEP.pattern})*", path) is None:
        text = "not a JSON path; write one such as $.items[0].price, without * and .."
        raise PydanticCustomError("json_path", text)
    return path


JsonPath = Annotated[str, AfterValidator(_checked)]


def nodes(document: object, path: str) -> tuple[object, ...]:
    """What stands there: one value, or none when there is no such place."""
    here = document
    for step in _steps(path):
        match step, here:
            case str(), dict() if step in here:
                here = here[step]
            case int(), list() if -len(here) <= step < len(here):
                here = here[step]
            case _:
                return ()
    return (here,)


def _steps(path: str) -> Iterator[str | int]:
    for found in _STEP.finditer(path, 1):
        if found["index"] is not None:
            yield int(found["index"])
        else:
            yield next(n for n in found.group("name", "single", "double") if n is not None)
