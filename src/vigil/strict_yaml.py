"""YAML files of a user: read strictly, and every mistake reported at once with file and line."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vigil.domain.errors import SettingsError

BYTES = 1_000_000
"""A longer file is not a configuration somebody wrote."""

T = TypeVar("T", bound=BaseModel)
Place = tuple[str | int, ...]
Mistake = tuple[Place, str]
CrossCheck = Callable[[Any], Iterable[Mistake]]


def load(path: Path, kind: type[T], cross_check: CrossCheck = lambda _: ()) -> T:
    """A file as a value, or ``SettingsError`` with every mistake.

    ``cross_check`` looks at the raw document, so that a reference to nowhere is reported even when
    something else is wrong as well; it has to bear any shape.
    """
    root = _compose(path)
    document = yaml.safe_load(_text(path))
    mistakes: list[Mistake] = [*_repeated_keys(root, ()), *cross_check(document)]
    try:
        value = kind.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        # What a validator of ours says, the cross-check has said with a better place already.
        mistakes += [_mistake(d) for d in details if d["type"] != "value_error" or not mistakes]
    else:
        if not mistakes:
            return value
    raise SettingsError([f"{path}:{_line(root, place)}: {text}" for place, text in mistakes])


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES + 1)
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}; give the path of a file"]) from error
    if len(raw) > BYTES:
        raise SettingsError([f"{path}: longer than {BYTES} bytes; split it"])
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise SettingsError(
            [f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8"]
        ) from error


def _compose(path: Path) -> yaml.Node:
    try:
        root = yaml.compose(_text(path), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(
            [f"{path}:{line}: not YAML: {error.problem}; correct the indentation or quoting"]
        ) from error
    except yaml.YAMLError as error:
        raise SettingsError([f"{path}:1: not YAML: {error}"]) from error
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError([f"{path}:1: has to be a mapping of names to values"])
    return root


def _repeated_keys(node: yaml.Node, place: Place) -> list[Mistake]:
    """YAML silently keeps the last of two equal keys; a user would look at the first."""
    found: list[Mistake] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append(((*place, key.value), f"'{key.value}' is given twice; keep one"))
            seen.add(key.value)
            found += _repeated_keys(value, (*place, key.value))
    if isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            found += _repeated_keys(value, (*place, number))
    return found


def _mistake(detail: ErrorDetails) -> Mistake:
    place = detail["loc"]
    name = ".".join(str(part) for part in place) or "the file"
    remedies = {
        "missing": f"'{name}' is missing; add it",
        "extra_forbidden": f"'{name}' is not known here; remove it or correct its spelling",
    }
    return place, remedies.get(detail["type"], f"'{name}': {detail['msg']}; correct it")


def _line(root: yaml.Node, place: Sequence[str | int]) -> int:
    """The line of the deepest part of a place that is in the file.

    Parts that are not (the tag of a union, a missing key) are stepped over.
    """
    node, line = root, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    node, line = value, key.start_mark.line + 1
                    break
        elif _has(node, part):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line


def _has(node: yaml.Node, part: str | int) -> bool:
    is_list = isinstance(node, yaml.SequenceNode) and isinstance(part, int)
    return is_list and int(part) < len(node.value)
